"""Comma-separated values with a header line (RFC 4180)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

from .base import Catalogue, Row, lines

__all__ = ["CsvCatalogue"]


class CsvCatalogue(Catalogue):
    """Values are texts; an empty one counts as absent."""

    delimiter: ClassVar[str] = ","
    dialect_name: ClassVar[str] = "comma"

    def rows(self) -> Iterator[Row]:
        with open_text(self.path, encoding=self.encoding) as text:
            reader = csv.reader(lines(self.path, text), delimiter=self.delimiter)
            header = self.columns = self._header(reader)
            number = 0
            while True:
                first_line = reader.line_num + 1
                try:
                    values = next(reader, None)
                except csv.Error as error:
                    number += 1
                    yield Row(number, {}, f"lines {first_line} to {reader.line_num} cannot be read: {error}")
                    continue
                if values is None:
                    break
                if not values:
                    continue
                number += 1
                yield _row(number, header, values)
            if number == 0:
                raise DataError(f"{self.path}: the catalogue is empty: a header, but no rows")

    def _header(self, reader: Any) -> list[str]:
        try:
            header = [name.strip() for name in next(reader, [])]
        except csv.Error as error:
            raise DataError(f"{self.path}: the header cannot be read: {error}") from error
        if not header:
            raise DataError(f"{self.path}: the catalogue is empty; a header line with sku and name is needed")
        if "sku" not in header:
            found = ", ".join(repr(name) for name in header[:10])
            raise DataError(
                f"{self.path}: no column sku in the header ({self.dialect_name}-separated; found {found[:200]})"
            )
        if "" in header:
            raise DataError(f"{self.path}: column {header.index('') + 1} of the header has no name")
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise DataError(f"{self.path}: column {twice[0]!r} stands twice in the header")
        return header


def _row(number: int, header: list[str], values: list[str]) -> Row:
    cells = {name: value for name, value in zip(header, values, strict=False) if value != ""}
    if len(values) != len(header):
        return Row(number, cells, f"{len(values)} columns where the header has {len(header)}")
    return Row(number, cells)
