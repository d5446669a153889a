"""Measuring a release before it is published: `sessionrank search tune` as a child process, against its new index.

The programs do not import each other. The child finds engine and store by the same environment, asks through the
proxy's own pipeline, and writes the ranking into the store.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sessionrank.console import err, printable

__all__ = ["TIMEOUT_S", "measure"]

#: A measurement that takes longer is given up; the release is published all the same.
TIMEOUT_S = 15 * 60.0
#: How often the caller hears that it still runs.
_ALIVE_S = 2.0
#: What a child gets to end by itself before it is killed.
_ENDING_S = 5.0
#: Of what the child said on standard error, bytes that are looked at and characters that are shown.
_LAST_BYTES = 4096
_LONGEST_REASON = 200


def measure(log: Path, index: str, alive: Callable[[], None], *, timeout_s: float = TIMEOUT_S) -> str | None:
    """Measure ``index`` on a log of searches; gives why that failed, in one line, or None when it went well.

    Whatever ends this function, an exception that ``alive`` or a signal raises too, ends the child as well.
    """
    command = [sys.executable, "-m", "sessionrank", "search", "tune", "--index", index, "--json", "--", str(log)]
    with tempfile.TemporaryFile() as said:
        # On a terminal the child's bar is shown, and what it says last is seen there.
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None if err.is_terminal else said
        )
        try:
            code = _wait(child, alive, timeout_s)
        finally:
            _end(child)
        if code is None:
            return f"it took longer than {timeout_s / 60:.0f} minutes"
        return None if code == 0 else _last_line(said) or _ending(code)


def _wait(child: subprocess.Popen[bytes], alive: Callable[[], None], timeout_s: float) -> int | None:
    """The exit code of the child, or None when it did not end in time."""
    deadline = time.monotonic() + timeout_s
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
