"""Standard output that tells what hinders it, whoever writes to it: a full disk ends a command in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from sessionrank.errors import ConfigurationError

__all__ = ["output_told"]


class _Lost(ConfigurationError):
    """What was to be shown could not be."""


class _Told:
    """A stream whose failures are told in one line; a reader that went away is none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _told():
            return self._stream.write(text)

    def flush(self) -> None:
        with _told():
            self._stream.flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # `| head` has seen enough: the command line ends quietly then.
        raise
    except OSError as error:
        raise _Lost(f"standard output cannot be written: {error.strerror or error}") from error


@contextmanager
def output_told() -> Iterator[None]:
    """Standard output inside the block fails with :class:`ConfigurationError`."""
    stream: TextIO | None = sys.stdout
    if stream is None:
        # It was closed before we began: nobody wants to see anything.
        yield
        return
    told = sys.stdout = cast(TextIO, _Told(stream))
    try:
        yield
    except _Lost:
        _let_go(stream)
        raise
    finally:
        # Whoever put something else in its place meanwhile wants that to stay.
        if sys.stdout is told:
            sys.stdout = stream


def _let_go(stream: TextIO) -> None:
    """What is still held back would be written, and fail, once more when the process ends."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), stream.fileno())
