"""Measuring a release before it is published: `sessionrank search tune` as a child process, against its new index.

The programs do not import each other. The child finds engine and store by the same environment, asks through the
proxy's own pipeline, and writes the ranking into the store. What it is given is a log of searches; of sessions that
training left out `sessionrank search log` makes one first.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sessionrank.console import err, printable
from sessionrank.errors import DataError
from sessionrank.left_out import left_out_beside, left_out_of
from sessionrank.npz import opened
from sessionrank.searchlog import read_log

__all__ = ["CASES", "MIN_NAMES", "TIMEOUT_S", "Measuring", "left_out"]

#: Searches that are made of sessions, and how many names a search word must stand in: small shops have no common ones.
CASES = 6000
MIN_NAMES = 10
#: A measurement that takes longer is given up; the release is published all the same.
TIMEOUT_S = 15 * 60.0
#: How often the caller hears that it still runs.
_ALIVE_S = 2.0
#: What a child gets to end by itself before it is killed.
_ENDING_S = 5.0
#: Of what the child said on standard error, bytes that are looked at and characters that are shown.
_LAST_BYTES = 4096
_LONGEST_REASON = 200


def left_out(models: Sequence[Path]) -> tuple[Path | None, str]:
    """The sessions that none of these vectors and covisits have learned from, or why there are none.

    Raises:
        DataError: a file of them cannot be read.
    """
    found = set()
    for model in models:
        sha256, why = left_out_of(model)
        if why:
            return None, why
        found.add(sha256)
    if len(found) > 1:
        return None, f"{' and '.join(map(str, models))} left other sessions out: train both with the same options"
    return left_out_beside(models[0]), ""


@dataclass(frozen=True)
class Measuring:
    """Measures a release on a log of searches, or on sessions and the names of their products."""

    #: A log (JSONL), or a file of sessions (``.npz``).
    source: Path
    #: Where the names are.
    catalogue: Path
    encoding: str = "utf-8-sig"
    timeout_s: float = TIMEOUT_S

    @property
    def is_sessions(self) -> bool:
        """Whether searches have to be made of it first."""
        return self.source.suffix.lower() == ".npz"

    def check(self) -> None:
        """Raises :class:`DataError` where nothing can be measured on the source."""
        if not self.is_sessions:
            read_log(self.source)
            return
        with opened(self.source, missing="no such file", otherwise="not a file of sessions") as parts:
            if missing := {"items", "codes", "lengths"} - set(parts):
                raise DataError(f"{self.source}: not a file of sessions: it has no {' and no '.join(sorted(missing))}")

    def __call__(self, index: str, alive: Callable[[], None]) -> str | None:
        """Measure ``index``; gives why that failed, in one line, or None when it went well.

        Whatever ends this, an exception that ``alive`` or a signal raises too, ends the child as well.
        """
        deadline = time.monotonic() + self.timeout_s
        with tempfile.TemporaryDirectory(prefix="sessionrank-") as folder:
            log = self.source
            if self.is_sessions:
                log = Path(folder) / "left-out.jsonl"
                if (failed := self._run(self._making(log), alive, deadline)) is not None:
                    return failed
            # Sessions of the past do not tell how much the engine's order is worth today.
            keep = ["--keep-rank"] if self.is_sessions else []
            return self._run(["search", "tune", "--index", index, *keep, "--json", "--", str(log)], alive, deadline)

    def _making(self, log: Path) -> list[str]:
        names = ["--catalog", str(self.catalogue), "--catalogue-encoding", self.encoding, "--reader", "prepared"]
        cases = ["--cases", str(CASES), "--or-fewer", "--min-names", str(MIN_NAMES)]
        return ["search", "log", *names, *cases, "--out", str(log), "--json", "--", str(self.source)]

    def _run(self, words: list[str], alive: Callable[[], None], deadline: float) -> str | None:
        command = [sys.executable, "-m", "sessionrank", *words]
        with tempfile.TemporaryFile() as said:
            # On a terminal the child's bar is shown, and what it says last is seen there.
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None if err.is_terminal else said
            )
            try:
                code = _wait(child, alive, deadline)
            finally:
                _end(child)
            if code is None:
                return f"it took longer than {self.timeout_s / 60:.0f} minutes"
            return None if code == 0 else _last_line(said) or _ending(code)


def _wait(child: subprocess.Popen[bytes], alive: Callable[[], None], deadline: float) -> int | None:
    """The exit code of the child, or None when it did not end in time."""
    while (left := deadline - time.monotonic()) > 0:
        try:
            return child.wait(timeout=min(_ALIVE_S, left))
        except subprocess.TimeoutExpired:
            alive()
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(timeout=_ENDING_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _last_line(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, 2) - _LAST_BYTES))
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return printable(last.removeprefix("Error: "))[:_LONGEST_REASON]


def _ending(code: int) -> str:
    return f"signal {-code} ended it" if code < 0 else f"it ended with exit code {code}"
