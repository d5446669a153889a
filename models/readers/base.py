"""The contract of session readers: a file becomes sessions of item ids, and what was left out is counted.

A reader is a frozen dataclass whose fields are its options, each with a default, and a method ``read(path)``. To add a
format, write one file with one such class and name it in ``registry.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sessionrank.errors import ConfigurationError, DataError

from ..sessions import Session, Sessions, encoded

__all__ = ["MAX_LINE", "Reader", "SessionData", "bounded_lines"]

#: Longest line that a reader takes, in characters: beyond it the file is something else, and memory stays bounded.
MAX_LINE = 1 << 20


@dataclass(frozen=True)
class SessionData:
    """What a reader found in one file."""

    sessions: Sessions
    #: What was left out: reason, in words for the user → how many.
    dropped: dict[str, int]

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
    encoding: str = "utf-8-sig"

    def __post_init__(self) -> None:
        if self.min_length < 1:
            raise ConfigurationError(f"the shortest session must have at least 1 item, not {self.min_length}")
        if self.max_length and self.max_length < self.min_length:
            raise ConfigurationError(
                f"the longest session ({self.max_length} items) is shorter than the shortest ({self.min_length})"
            )
        try:
            "".encode(self.encoding)
        except LookupError as error:
            raise ConfigurationError(f"unknown encoding {self.encoding!r}; try utf-8 or iso-8859-1") from error

    @abstractmethod
    def read(self, path: Path | str) -> SessionData:
        """Read all sessions of a file.

        Raises:
            DataError: the file is missing, is not what the format says, or leaves no session.
        """

    def select(self, path: Path | str, sessions: Iterable[Session], dropped: Counter[str]) -> SessionData:
        """Keep the sessions within the length limits, count the others, and refuse to go on with none."""
        kept = []
        too_short = f"sessions of fewer than {self.min_length} items"
        too_long = f"sessions of more than {self.max_length} items"
        for session in sessions:
            if len(session) < self.min_length:
                dropped[too_short] += 1
            elif self.max_length and len(session) > self.max_length:
                dropped[too_long] += 1
            else:
                kept.append(session)
        if not kept:
            why = "; ".join(f"{count} {reason}" for reason, count in dropped.items()) or "the file is empty"
            raise DataError(f"{path}: no session is left to learn from ({why})")
        return SessionData(encoded(kept), dict(dropped))


def bounded_lines(path: Path | str, text: TextIO) -> Iterator[str]:
    """The lines of an open file; raises :class:`DataError` at one that is longer than :data:`MAX_LINE`."""
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise DataError(f"{path}: line {number} is longer than {MAX_LINE} characters; is this a file of sessions?")
        yield line
