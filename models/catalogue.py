"""What a catalogue says of products, to be shown beside their ids: names, images, any column."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sessionrank.errors import DataError
from sessionrank.textfile import bounded_lines, open_text, suffix_of

__all__ = ["Catalogue", "catalogue_rows", "check_columns", "read_catalogue"]

#: Characters in one line; beyond it the file is something else.
_LONGEST_LINE = 16 * 1024 * 1024
#: Columns that an error message names.
_NAMED = 20


@dataclass(frozen=True)
class Catalogue:
    """Texts by product and column; empty where the catalogue says nothing."""

    #: In the order of the file, the column ``sku`` left out.
    columns: tuple[str, ...] = ()
    #: By sku, then by column.
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def text(self, sku: str, column: str) -> str:
        """What stands in ``column`` for ``sku``, or the empty text."""
        return self.rows.get(sku, {}).get(column, "")


def read_catalogue(path: Path | str, *, skus: Container[str], needs: Sequence[str] = ("name",)) -> Catalogue:
    """The rows of ``skus`` in a CSV, TSV or JSONL file, plain or gzipped; the first row of a sku counts.

    Raises:
        DataError: the file cannot be read, or lacks ``sku`` or one of the columns that it ``needs``.
    """
    columns: dict[str, None] = {}
    rows: dict[str, dict[str, str]] = {}
    for row in catalogue_rows(path):
        columns.update(dict.fromkeys(row))
        sku = row.pop("sku", "")
        if sku and sku in skus:
            rows.setdefault(sku, row)
    check_columns(path, columns, {"sku", *needs})
    return Catalogue(tuple(name for name in columns if name != "sku"), rows)


def catalogue_rows(path: Path | str, *, encoding: str = "utf-8-sig", option: str = "") -> Iterator[dict[str, str]]:
    """The rows of a CSV, TSV or JSONL file, plain or gzipped, by column; of CSV and TSV a row of empty texts first.

    Args:
        option: what a user tells the encoding with, if anything.

    Raises:
        DataError: the file cannot be read as what its name says.
    """
    with open_text(path, encoding=encoding, option=option) as text:
        read = _jsonl_rows if suffix_of(path) == ".jsonl" else _csv_rows
        yield from read(path, text)


def check_columns(path: Path | str, there: Collection[str], needs: Collection[str]) -> None:
    """Raise :class:`DataError` when a column that is needed is not there."""
    if missing := set(needs) - set(there):
        named = ", ".join(list(there)[:_NAMED]) or "none"
        raise DataError(f"{path}: no column {' and '.join(sorted(missing))}; there are: {named[:400]}")


def _csv_rows(path: Path | str, text: TextIO) -> Iterator[dict[str, str]]:
    lines = bounded_lines(path, text, limit=_LONGEST_LINE, expected="a catalogue")
    rows = csv.reader(lines, delimiter="\t" if suffix_of(path) == ".tsv" else ",")
    try:
        header = [name.strip() for name in next(rows, [])]
        # The header alone, so that its columns are known even when no row follows.
        yield dict.fromkeys(header, "")
        for row in rows:
            yield {name: value.strip() for name, value in zip(header, row, strict=False)}
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error


def _jsonl_rows(path: Path | str, text: TextIO) -> Iterator[dict[str, str]]:
    for number, line in enumerate(bounded_lines(path, text, limit=_LONGEST_LINE, expected="a catalogue"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: line {number} is not JSON") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number} is not a JSON object")
        yield {name.strip(): _plain(value) for name, value in row.items()}


def _plain(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
