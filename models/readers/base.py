"""The contract of session readers: a file becomes sessions of item ids, and what was left out is counted.

A reader is a frozen dataclass whose fields are its options, each with a default, and a method ``read``. To add a
format, write one file with one such class and name it in ``registry.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.errors import DataError
from sessionrank.textfile import bounded_lines, check_encoding, open_text

from ..portion import Portion
from ..prepare import Limits, within
from ..sessions import Sessions, encoded

__all__ = ["MAX_LINE", "Reader", "SessionData", "TextReader", "text_lines"]

#: Longest line that a reader takes, in characters: beyond it the file is something else, and memory stays bounded.
MAX_LINE = 1 << 20
#: First bytes of files that are no text, and what to do about them.
_NOT_TEXT = {
    b"PAR1": "a Parquet file; its name must end in .parquet",
    b"PK\x03\x04": "a zip or .npz file; a file of `sessionrank model prepare` must be called .npz",
    b"\x1f\x8b": "a gzip file; its name must end in .gz",
}


@dataclass(frozen=True)
class SessionData:
    """What a reader found in one file."""

    sessions: Sessions
    #: What was left out: reason, in words for the user → how many.
    dropped: dict[str, int]
    #: Where the file says that it comes from itself, for files that say so.
    source: dict[str, Any] | None = None

    @property
    def items(self) -> int:
        """How many different items the sessions hold."""
        return int((self.sessions.support > 0).sum())


@dataclass(frozen=True)
class Reader(ABC):
    """A way to read sessions from a file."""

    #: Sessions with fewer items are left out.
    min_length: int = 3
    #: Sessions with more items are left out; 0 stands for no limit.
    max_length: int = 199
    #: Sessions above this percentile of all lengths are left out; 100 stands for no limit.
    max_length_percentile: float = 100
    #: Items seen less often are taken out of all sessions.
    min_count: int = 1
    #: Events before this ISO date or time (UTC where it names no zone) are left out, before all limits are looked at.
    after: str = ""
    #: Events at this ISO date or time, or later, are left out likewise.
    until: str = ""
    #: The share of the file's sessions that is left out, for data without times; 0 stands for none.
    leave_out_share: float = 0
    #: Draws that share, with nothing but the place of a session in the file.
    share_seed: int = 1
    #: Take just those sessions that ``leave_out_share`` leaves out.
    only_left_out: bool = False

    def __post_init__(self) -> None:
        _ = self.limits, self.portion

    @property
    def portion(self) -> Portion:
        """Which part of the data is taken."""
        return Portion(self.after, self.until, self.leave_out_share, self.share_seed, self.only_left_out)

    @property
    def limits(self) -> Limits:
        """Which of the sessions are kept."""
        return Limits(self.min_length, self.max_length, self.max_length_percentile, self.min_count)

    @abstractmethod
    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        """Read all sessions of a file.

        Args:
            names: keep the sessions' own ids as well, where the file has any; they cost memory.

        Raises:
            DataError: the file is missing, is not what the format says, or leaves no session.
        """

    def select(self, path: Path | str, sessions: Iterable[Sequence[str]], dropped: Counter[str]) -> SessionData:
        """Keep the wanted part and of it the sessions within the limits, count the rest, refuse to go on with none."""
        try:
            part, outside = self.portion.of(encoded(sessions))
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        kept, left_out = within(part, self.limits)
        why = {**dropped, **outside, **left_out}
        if not len(kept):
            reasons = "; ".join(f"{count} {reason}" for reason, count in why.items()) or "the file is empty"
            raise DataError(f"{path}: no session is left to learn from ({reasons})")
        return SessionData(kept, why)


@dataclass(frozen=True)
class TextReader(Reader):
    """A reader of text, plain or gzipped."""

    encoding: str = "utf-8-sig"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_encoding(self.encoding)


def text_lines(path: Path | str, *, encoding: str) -> Iterator[str]:
    """The lines of a text file, plain or gzipped (by its name), with their line ends.

    Raises:
        DataError: the file cannot be read, is no text in ``encoding``, or has a line longer than :data:`MAX_LINE`.
    """
    _refuse_other_formats(Path(path))
    with open_text(path, encoding=encoding) as text:
        lines = bounded_lines(path, text, limit=MAX_LINE, expected="a file of sessions")
        for number, line in enumerate(lines, start=1):
            if "\0" in line:
                raise DataError(f"{path}: line {number} holds a NUL byte; is this text, and in the right --encoding?")
            yield line


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return  # opening it again tells why
    packed = path.name.lower().endswith(".gz")
    for magic, what in _NOT_TEXT.items():
        if head.startswith(magic) and not (packed and magic == b"\x1f\x8b"):
            raise DataError(f"{path}: this is {what}")
