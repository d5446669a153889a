"""The contract of catalogue formats: a file becomes a stream of numbered rows.

A format reads; it does not judge. A row that cannot be read at all carries its problem, so that it ends in the rejects
file like a row that the schema refuses. What makes the whole file useless (missing, wrong encoding, no ``sku``
column, no row at all) raises ``DataError``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sessionrank.errors import DataError

__all__ = ["LINE_LIMIT", "Catalogue", "Row", "lines"]

#: Characters that one line of a text catalogue may have; a longer one means that the file is something else.
LINE_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a catalogue."""

    #: 1 for the first product; a header does not count.
    number: int
    values: dict[str, Any]
    #: Why the row could not be read, or None.
    problem: str | None = None


class Catalogue(ABC):
    """One catalogue file in one format."""

    def __init__(self, path: Path, *, encoding: str = "utf-8-sig") -> None:
        self.path = path
        self.encoding = encoding

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Read the file once from its beginning, row by row, in flat memory.

        Raises:
            DataError: the file is missing, is not in this format or encoding, has no ``sku`` column, or has no rows.
        """


def lines(path: Path, text: TextIO) -> Iterator[str]:
    """The lines of an open text with their line ends, none longer than :data:`LINE_LIMIT`."""
    number = 0
    while line := text.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise DataError(f"{path}: line {number} is longer than {LINE_LIMIT:,} characters; is this a catalogue?")
        yield line
