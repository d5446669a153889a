"""Reading session files: a session a line, its id first, then its items, parted by any white space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

from .counts import Purchase

__all__ = ["views"]


def views(path: Path, *, encoding: str = "utf-8-sig") -> Iterator[Purchase]:
    """Each item of each session as one piece.

    Raises:
        DataError: the file is missing or holds no item.
    """
    seen = False
    with open_text(path, encoding=encoding, option="--orders-encoding") as text:
        for line in text:
            for item in line.split()[1:]:
                seen = True
                yield Purchase(item)
    if not seen:
        raise DataError(f"{path}: no session with an item; a line is an id and items, parted by white space")
