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

__all__ = ["LINE_LIMIT", "Catalogue", "Row", "lines", "with_column"]

#: Characters that one line of a text catalogue may have; a longer one means that the file is something else.
LINE_LIMIT = 16 * 1024 * 1024
#: Names of columns that an error message tells.
_SHOWN = 10


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
        #: The header's names once the first row was read; None where the format has no header.
        self.columns: list[str] | None = None

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Read the file once from its beginning, row by row, in flat memory.

        Raises:
            DataError: the file is missing, is not in this format or encoding, has no ``sku`` column, or has no rows.
        """


def with_column(catalogue: Catalogue, rows: Iterator[Row], column: str) -> Iterator[Row]:
    """``rows``, whose first comes only when the header has ``column``; without a header, one row of all must have it.

    Raises:
        DataError: nothing has the column; without a header this is known when all rows have gone by.
    """
    names: dict[str, None] = {}
    seen = False
    for row in rows:
        if catalogue.columns is not None and column not in catalogue.columns:
            raise _no_column(catalogue.path, column, catalogue.columns)
        seen = seen or column in row.values
        if not seen and row.problem is None and len(names) < _SHOWN:
            names.update(dict.fromkeys(row.values))
        yield row
    if catalogue.columns is None and not seen:
        raise _no_column(catalogue.path, column, list(names))


def _no_column(path: Path, column: str, names: list[str]) -> DataError:
    found = ", ".join(repr(name) for name in names[:_SHOWN])
    return DataError(f"{path}: no column {column!r} (found: {found[:200] or 'nothing'})")


def lines(path: Path, text: TextIO) -> Iterator[str]:
    """The lines of an open text with their line ends, none longer than :data:`LINE_LIMIT`."""
    number = 0
    while line := text.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise DataError(f"{path}: line {number} is longer than {LINE_LIMIT:,} characters; is this a catalogue?")
        yield line
