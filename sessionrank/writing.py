"""Files that are written: replaced in one step, and what hinders it told in one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sessionrank.errors import ConfigurationError

__all__ = ["replacing", "told_in_one_line"]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give the path of a file to write; ``target`` becomes it when the block ends well, and stays as it was if not.

    Raises:
        ConfigurationError: the file cannot be written (a full disk, for example).
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with told_in_one_line(str(target)):
            yield partial
            partial.replace(target)
    finally:
        with suppress(OSError):
            partial.unlink()


@contextmanager
def told_in_one_line(what: str) -> Iterator[None]:
    """Turn what the system says of a file into :class:`ConfigurationError`; ``what`` names the file."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{what}: cannot be written: {error.strerror or error}") from error
