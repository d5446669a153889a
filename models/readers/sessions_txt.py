"""Sessions as text: one a line, an id first, then its items, oldest first, with any white space between them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sessionrank.textfile import open_text

from ..sessions import Session
from .base import Reader, SessionData, bounded_lines

__all__ = ["SessionsTxt"]


@dataclass(frozen=True)
class SessionsTxt(Reader):
    """``<session id> <item> <item> …``; tabs and spaces may be mixed, blank lines mean nothing."""

    def read(self, path: Path | str) -> SessionData:
        return self.select(path, _sessions(path, self.encoding), Counter())


def _sessions(path: Path | str, encoding: str) -> Iterator[Session]:
    with open_text(path, encoding=encoding) as text:
        for line in bounded_lines(path, text):
            if words := line.split():
                # Interned: an item that stands in a million sessions is kept in memory once.
                yield tuple(sys.intern(word) for word in words[1:])
