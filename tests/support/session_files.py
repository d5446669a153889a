"""The same sessions written in every format that a reader takes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from models.prepared import save_sessions
from models.readers.online_retail import COLUMNS
from models.sessions import encoded

__all__ = ["FORMATS", "SESSIONS", "TEXTS", "write_sessions"]

#: Three sessions by their ids; one is short, one holds an item twice, one item is not ASCII.
SESSIONS = {"7": ["a", "b", "c"], "8": ["b", "b", "é", "a"], "9": ["c", "a"]}


def _sessions_txt(path: Path, sessions: dict[str, list[str]], encoding: str) -> None:
    path.write_text("".join(f"{name} {' '.join(items)}\n" for name, items in sessions.items()), encoding)


def _online_retail(path: Path, sessions: dict[str, list[str]], encoding: str) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for name, items in sessions.items():
            rows.writerows([name, item, "x", 1, "12/1/2010 8:26", 1, name, "UK"] for item in items)


def _prepared(path: Path, sessions: dict[str, list[str]], encoding: str) -> None:
    save_sessions(path, encoded(sessions.values()), {})


def _events(sessions: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Rows with times that go up by a second."""
    for name, items in sessions.items():
        for place, item in enumerate(items):
            yield {"session_id": name, "product_id": item, "event_time_stamp": 1_700_000_000 + place}


def _pairs(sessions: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    for row in _events(sessions):
        yield {"user_id": row["session_id"], "product_id": row["product_id"]}


def _rows(path: Path, rows: list[dict[str, Any]], encoding: str) -> None:
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding)
    else:
        with path.open("w", newline="", encoding=encoding) as file:
            writer = csv.DictWriter(file, rows[0], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)


_WRITERS: dict[str, Callable[[Path, dict[str, list[str]], str], None]] = {
    "events": lambda path, sessions, encoding: _rows(path, list(_events(sessions)), encoding),
    "online-retail": _online_retail,
    "pairs": lambda path, sessions, encoding: _rows(path, list(_pairs(sessions)), encoding),
    "prepared": _prepared,
    "sessions-txt": _sessions_txt,
}
#: (reader, suffix of the file's name), for every format of every reader.
FORMATS = [
    ("events", ".csv"),
    ("events", ".jsonl"),
    ("events", ".parquet"),
    ("events", ".tsv"),
    ("online-retail", ".csv"),
    ("pairs", ".csv"),
    ("pairs", ".jsonl"),
    ("pairs", ".parquet"),
    ("pairs", ".tsv"),
    ("prepared", ".npz"),
    ("sessions-txt", ".txt"),
]
#: Those that are text: they may be gzipped and have an encoding.
TEXTS = [one for one in FORMATS if one[1] not in (".parquet", ".npz")]


def write_sessions(
    reader: str, path: Path, sessions: dict[str, list[str]] = SESSIONS, *, encoding: str = "utf-8"
) -> Path:
    """Write ``sessions`` to ``path`` as ``reader`` reads them."""
    _WRITERS[reader](path, sessions, encoding)
    return path
