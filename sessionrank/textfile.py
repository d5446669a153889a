"""Text files, plain or gzipped, opened with errors that say what to do."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sessionrank.errors import ConfigurationError, DataError

__all__ = ["bounded_lines", "check_encoding", "open_text", "sha256_of", "suffix_of"]


def suffix_of(path: Path | str) -> str:
    """The suffix that tells a file's format, in lower case, without a trailing ``.gz``."""
    name = Path(path).name.lower().removesuffix(".gz")
    return Path(name).suffix


def sha256_of(path: Path | str) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal; raises :class:`DataError` where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


@contextmanager
def open_text(path: Path | str, *, encoding: str = "utf-8-sig", option: str = "--encoding") -> Iterator[TextIO]:
    """Open a text file for reading line by line, unpacking it when its name ends in ``.gz``.

    ``newline=""`` as the csv module wants it. Errors of reading inside the ``with`` block are turned as well.

    Args:
        option: what a user tells the encoding with; empty where the file can have no other.

    Raises:
        DataError: the file is missing, cannot be read, is not gzip, or is not text in ``encoding``.
        ConfigurationError: there is no such encoding.
    """
    path = Path(path)
    check_encoding(encoding)
    try:
        with path.open("rb") as raw:
            packed = path.name.lower().endswith(".gz")
            binary = gzip.GzipFile(fileobj=raw) if packed else raw
            with io.TextIOWrapper(binary, encoding=encoding, newline="") as text:
                yield text
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        known = encoding.removesuffix("-sig")
        hint = f"give its encoding with {option}, such as {option} iso-8859-1" if option else f"write it in {known}"
        raise DataError(f"{path}: not {known} text (byte {error.start}); {hint}") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: a broken gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def bounded_lines(path: Path | str, text: TextIO, *, limit: int, expected: str) -> Iterator[str]:
    """The lines of an open text with their line ends, so that no file can make one line fill the memory.

    Raises:
        DataError: a line has more than ``limit`` characters; the message asks whether this is ``expected``.
    """
    number = 0
    while line := text.readline(limit + 1):
        number += 1
        if len(line) > limit:
            raise DataError(f"{path}: line {number} is longer than {limit:,} characters; is this {expected}?")
        yield line


def check_encoding(encoding: str) -> None:
    """Raises :class:`ConfigurationError` when text cannot be read in ``encoding``."""
    try:
        "".encode(encoding)
    except (LookupError, ValueError) as error:  # ValueError: a codec that takes no text at all, or a NUL in the name
        raise ConfigurationError(f"unknown encoding {encoding!r}; try utf-8 or iso-8859-1") from error
