"""Which reader a file is for, where that can be told from its name or its first line."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from sessionrank.textfile import suffix_of

from .blocks import SUFFIXES
from .online_retail import COLUMNS

__all__ = ["guess_reader"]

#: Bytes of the file that are looked at.
_HEAD = 4096


def guess_reader(path: Path | str) -> str:
    """The name of the reader that ``path`` looks made for; ``sessions-txt`` where nothing tells."""
    suffix = suffix_of(path)
    if suffix == ".npz":
        return "prepared"
    first_line = _head(Path(path)).split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    if set(COLUMNS) <= {name.strip().strip('"') for name in first_line.split(",")}:
        return "online-retail"
    return "events" if suffix in SUFFIXES else "sessions-txt"


def _head(path: Path) -> bytes:
    """The start of a file, unpacked; nothing where it cannot be read, for the reader will say why."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
