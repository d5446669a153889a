"""Chosen columns of a file of rows, block by block: CSV, TSV and JSON lines, plain or gzipped, and Parquet."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import suffix_of

from .base import text_lines
from .column import Column, no_column
from .ids import UNUSABLE, Ids
from .parquet import parquet_blocks
from .times import seconds_of_values

__all__ = ["SUFFIXES", "blocks"]

SUFFIXES = (".csv", ".jsonl", ".parquet", ".tsv")
#: Rows of text in a block: few, because a row may be long and all of a block is in memory.
_ROWS = 512


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
    path: Path | str, columns: Sequence[str], *, encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Column, ...]]:
    """The ``columns`` of the rows of a file, whose format its suffix tells; rows of another shape are counted.

    Raises:
        ConfigurationError: two columns have one name, or Parquet cannot be read because its library is missing.
        DataError: the file cannot be read, is of another format or lacks a column.
    """
    if len(set(columns)) < len(columns):
        raise ConfigurationError(f"one column cannot be two things: {', '.join(columns)}")
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return parquet_blocks(path, columns)
    if suffix not in SUFFIXES:
        raise DataError(f"{path}: what format is this? The name must end in {', '.join(SUFFIXES)} (text also in .gz)")
    read = _json_blocks if suffix == ".jsonl" else _csv_blocks
    return read(path, columns, encoding, dropped)


def _csv_blocks(
    path: Path | str, columns: Sequence[str], encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Column, ...]]:
    rows = csv.reader(text_lines(path, encoding=encoding), delimiter="\t" if suffix_of(path) == ".tsv" else ",")
    try:
        header = [name.strip() for name in next(rows, [])]
        if missing := [name for name in columns if name not in header]:
            raise no_column(path, missing, header)
        places = [header.index(name) for name in columns]
        while block := list(islice(rows, _ROWS)):
            whole = [row for row in block if len(row) == len(header)]
            if uneven := sum(bool(row) for row in block) - len(whole):
                dropped["rows with more or fewer fields than the header"] += uneven
            yield tuple(_Values([row[place] for row in whole]) for place in places)
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error


def _json_blocks(
    path: Path | str, columns: Sequence[str], encoding: str, dropped: Counter[str]
) -> Iterator[tuple[Column, ...]]:
    lines = text_lines(path, encoding=encoding)
    seen: dict[str, None] = {}
    while block := list(islice(lines, _ROWS)):
        objects = [row for row in map(_json_object, block) if row is not None]
        if others := sum(not line.isspace() for line in block) - len(objects):
            dropped["lines that are no JSON object"] += others
        for row in objects:
            seen.update(dict.fromkeys(row))
        yield tuple(_Values([row.get(name) for row in objects]) for name in columns)
    # Only now: a line may lack what others have.
    if seen and (missing := [name for name in columns if name not in seen]):
        raise no_column(path, missing, list(seen))


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
