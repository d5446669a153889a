"""Chosen columns of a file of rows, block by block: CSV, TSV and JSON lines, plain or gzipped, and Parquet."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import suffix_of

from .base import text_lines
from .column import Column, check_columns, no_column
from .ids import UNUSABLE, Ids
from .parquet import parquet_blocks
from .times import seconds_of_values

__all__ = ["SUFFIXES", "blocks"]

SUFFIXES = (".csv", ".jsonl", ".parquet", ".tsv")
#: Rows of text in a block: few, because a row may be long and all of a block is in memory.
_ROWS = 256
#: Columns of JSON that are remembered for an error message.
_COLUMNS = 100


class _Values:
    """A column of Python values."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def codes(self, ids: Ids) -> NDArray[np.int32]:
        try:
            return np.fromiter(map(ids.__getitem__, self._values), np.int32, len(self._values))
        except TypeError:  # a list or an object, which only JSON can hold
            plain = (list, dict)
            return np.array([UNUSABLE if isinstance(v, plain) else ids[v] for v in self._values], dtype=np.int32)

    def seconds(self) -> NDArray[np.float64]:
        return seconds_of_values(self._values)


def blocks(
    path: Path | str, columns: Mapping[str, str], *, encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Column, ...]]:
    """The ``columns`` of the rows of a file, whose format its suffix tells; rows of another shape are counted.

    Args:
        columns: the option that names it → the name, of each.

    Raises:
        ConfigurationError: two columns have one name, or Parquet cannot be read because its library is missing.
        DataError: the file cannot be read, is of another format or lacks a column.
    """
    if len(set(columns.values())) < len(columns):
        raise ConfigurationError(f"one column cannot be two things: {', '.join(columns.values())}")
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return parquet_blocks(path, columns)
    if suffix not in SUFFIXES:
        raise DataError(f"{path}: what format is this? The name must end in {', '.join(SUFFIXES)} (text also in .gz)")
    read = _json_rows if suffix == ".jsonl" else _csv_rows
    return _in_blocks(read(path, columns, encoding, dropped))


def _in_blocks(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Column, ...]]:
    while block := list(islice(rows, _ROWS)):
        yield tuple(map(_Values, zip(*block, strict=True)))


def _csv_rows(
    path: Path | str, columns: Mapping[str, str], encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Any, ...]]:
    rows = csv.reader(text_lines(path, encoding=encoding), delimiter="\t" if suffix_of(path) == ".tsv" else ",")
    try:
        header = [name.strip() for name in next(rows, [])]
        check_columns(path, columns, header)
        pick, width = itemgetter(*(header.index(name) for name in columns.values())), len(header)
        for row in rows:
            if len(row) == width:
                yield pick(row)
            elif row:
                dropped["rows with more or fewer fields than the header"] += 1
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error


def _json_rows(
    path: Path | str, columns: Mapping[str, str], encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Any, ...]]:
    names = list(columns.values())
    unseen = set(names)
    seen: dict[str, None] = {}
    for line in text_lines(path, encoding=encoding):
        row = _json_object(line)
        if row is not None:
            if unseen:
                unseen -= row.keys()
                seen.update(dict.fromkeys(islice(row, _COLUMNS if len(seen) < _COLUMNS else 0)))
            yield tuple(map(row.get, names))
        elif not line.isspace():
            dropped["lines that are no JSON object"] += 1
    # Only now, because a line may lack what others have.
    if seen and unseen:
        raise no_column(path, {option: name for option, name in columns.items() if name in unseen}, list(seen))


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
