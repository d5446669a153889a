"""The file in which a running stack tells its addresses, as shells and docker read them: ``NAME=value`` lines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sessionrank.errors import ConfigurationError

__all__ = ["env_file", "prepare_env_file"]


def prepare_env_file(path: Path, names: tuple[str, ...]) -> None:
    """Remove what an earlier run left there, so that it does not pass for this one's.

    Raises:
        ConfigurationError: the file holds anything but settings called ``names``, or its folder cannot be written.
    """
    try:
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            if any(line.strip() and line.partition("=")[0] not in names for line in lines):
                raise ConfigurationError(f"{path}: holds more than a stack's addresses: give another --env-file")
            path.unlink()
        elif not os.access(path.parent, os.W_OK | os.X_OK):
            raise ConfigurationError(f"{path}: cannot be written: no such folder, or no permission")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be replaced: {error.strerror or error}") from error


@contextmanager
def env_file(path: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Hold ``values`` in the file for the length of the ``with`` block; readers see it whole or not at all.

    Raises:
        ConfigurationError: it cannot be written.
    """
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        _remove(path, text)


def _remove(path: Path, text: str) -> None:
    """Remove the file if it still is ours: another stack may have taken it over."""
    try:
        if path.read_text(encoding="utf-8", errors="replace") == text:
            path.unlink()
    except OSError:
        pass  # it is gone already
