"""Events and pairs: order of time, column types of Parquet, and rows that cannot be used."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from models.readers.events import Events
from models.readers.pairs import Pairs
from sessionrank.errors import ConfigurationError, DataError

HEADER = "session_id,product_id,event_time_stamp\n"
ALL = Events(min_length=1, max_length_percentile=100)


def _csv(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def _parquet(tmp_path: Path, **columns: Any) -> Path:
    path = tmp_path / "events.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def test_events_are_sorted_by_time_and_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    path = _csv(tmp_path, "s,c,30", "t,x,5", "s,a,10", "s,b2,20", "s,b1,20", "t,y,4.5", "s,b3,20.000")
    read = ALL.read(path, names=True).sessions
    assert tuple(read) == (("a", "b2", "b1", "b3", "c"), ("y", "x"))
    assert read.names == ("s", "t")
    assert read.times is not None
    assert read.times.tolist() == [10, 20, 20, 20, 30, 4, 5]
    assert read.times.dtype == np.int64


def test_without_a_time_column_the_order_of_the_file_counts(tmp_path: Path) -> None:
    path = _csv(tmp_path, "s,c,30", "t,x,", "s,a,10")
    read = Events(min_length=1, max_length_percentile=100, time_column="").read(path)
    assert tuple(read.sessions) == (("c", "a"), ("x",))
    assert read.sessions.times is None


def test_by_default_lonely_items_and_the_longest_sessions_are_left_out(tmp_path: Path) -> None:
    lengths = [1, 2, *[3] * 28, 40]
    path = _csv(tmp_path, *(f"{s},{i},{i}" for s, length in enumerate(lengths) for i in range(length)))
    read = Events().read(path)
    assert read.sessions.lengths.tolist() == [2, *[3] * 28]
    assert read.dropped == {
        "sessions of fewer than 2 items": 1,
        "sessions of more than 3 items (percentile 95 of length)": 1,
    }


def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    unusable = "x" * 600
    rows = ["s,a,1", ",b,2", "s, ,3", "s,c,noon", "s,d,", "s,e", "s,f,1,2", "", f"s,{unusable},4", " s ,z,5"]
    path = _csv(tmp_path, *rows)
    read = ALL.read(path)
    assert tuple(read.sessions) == (("a", "z"),)
    assert read.dropped == {
        "rows with an empty session id": 1,
        "rows with an empty item id": 1,
        "rows with an unusable item id": 1,
        "rows with an unreadable time": 2,
        "rows with more or fewer fields than the header": 2,
    }


def test_lines_of_json_may_hold_anything(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"session_id": 7, "product_id": "a", "event_time_stamp": 2},
        {"session_id": "7", "product_id": 12, "event_time_stamp": "1970-01-01T00:00:01Z", "more": {"x": []}},
        {"session_id": 7.0, "product_id": "12", "event_time_stamp": 3.5},
        {"product_id": "b", "event_time_stamp": 3},
        {"session_id": ["7"], "product_id": "b", "event_time_stamp": 3},
        {"session_id": 7, "product_id": {"sku": "b"}, "event_time_stamp": 3},
        {"session_id": 7, "product_id": True, "event_time_stamp": 3},
        {"session_id": 7, "product_id": "\ud800", "event_time_stamp": 3},
        {"session_id": 7, "product_id": "b\0", "event_time_stamp": 3},
        {"session_id": 7, "product_id": "b", "event_time_stamp": [3]},
        ["7", "a", 2],
        "text",
    ]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{not JSON\n\n" + "[" * 100_000 + "\n")
    read = ALL.read(path)
    assert tuple(read.sessions) == (("12", "a", "12"),)
    assert read.dropped == {
        "rows with an empty session id": 1,
        "rows with an unusable session id": 1,
        "rows with an unusable item id": 4,
        "rows with an unreadable time": 1,
        "lines that are no JSON object": 4,
    }


def test_a_column_that_no_line_of_json_has_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"session_id": 1, "sku": 2}\n{"session_id": 1, "event_time_stamp": 2}\n')
    with pytest.raises(DataError, match="no column product_id; there are: session_id, sku, event_time_stamp"):
        ALL.read(path)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([30, 10, 20], pa.int64()),
        pa.array([1_700_000_030_000, 1_700_000_010_000, 1_700_000_020_000]),
        pa.array([30.0, 10.0, 20.0]),
        pa.array(["30", "10", "20"]),
        pa.array(["1970-01-01T00:00:30Z", "1970-01-01T00:00:10Z", "1970-01-01T00:00:20Z"]),
        pa.array([30, 10, 20], pa.timestamp("s")),
        pa.array([30_000, 10_000, 20_000], pa.timestamp("ms", tz="Europe/Berlin")),
        pa.array([30 * 10**9, 10 * 10**9, 20 * 10**9], pa.timestamp("ns")),
        pa.array([datetime(1970, 1, 31), datetime(1970, 1, 11), datetime(1970, 1, 21)]).cast(pa.date32()),
        pa.array(["30", "10", "20"]).dictionary_encode(),
    ],
    ids=lambda times: str(times.type),
)
def test_parquet_times_of_every_type_order_the_events(tmp_path: Path, times: Any) -> None:
    path = _parquet(tmp_path, session_id=["s"] * 3, product_id=["c", "a", "b"], event_time_stamp=times)
    read = ALL.read(path).sessions
    assert tuple(read) == (("a", "b", "c"),)
    assert read.times is not None
    step = 10 * 86_400 if pa.types.is_date(times.type) else 10
    assert np.diff(read.times).tolist() == [step, step]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([b"5", b"6", None, b"\xff"]),
        pa.array(["5", "6", None, "6" * 600]),
        pa.array([5.0, 6.0, float("nan"), 0.5]),
        pa.array(["5", "6", "", "a\0"]).dictionary_encode(),
    ],
    ids=lambda ids: str(ids.type),
)
def test_parquet_ids_of_every_type_become_text(tmp_path: Path, ids: Any) -> None:
    path = _parquet(tmp_path, session_id=[1] * 4, product_id=ids, event_time_stamp=[1, 2, 3, 4])
    read = ALL.read(path)
    assert tuple(read.sessions) == (("5", "6"),)
    assert read.dropped == {"rows with an empty item id": 1, "rows with an unusable item id": 1}


def test_pairs_with_bytes_as_users_keep_their_names_for_a_join(tmp_path: Path) -> None:
    path = tmp_path / "views.parquet"
    users = [b"anna", b"bob", b"anna"]
    parquet.write_table(pa.table({"who": users, "what": pa.array([3, 1, 2], pa.int32())}), path)
    read = Pairs(user_column="who", item_column="what").read(path, names=True).sessions
    assert (tuple(read), read.names) == ((("3", "2"), ("1",)), ("anna", "bob"))
    assert read.times is None


def test_nested_columns_and_missing_ones_are_refused(tmp_path: Path) -> None:
    path = _parquet(tmp_path, session_id=["s"], product_id=[["a", "b"]], event_time_stamp=[1])
    with pytest.raises(DataError, match="column product_id holds list<"):
        ALL.read(path)
    with pytest.raises(DataError, match="no column sku; there are: session_id, product_id, event_time_stamp"):
        Events(item_column="sku").read(path)


def test_a_column_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    names = ["session_id", "product_id", "event_time_stamp", "product_id"]
    parquet.write_table(pa.table([["s"], ["a"], [1], ["b"]], names=names), tmp_path / "events.parquet")
    (tmp_path / "events.csv").write_text(",".join(names) + "\ns,a,1,b\n")
    for name in ("events.parquet", "events.csv"):
        with pytest.raises(DataError, match="column product_id stands there twice"):
            ALL.read(tmp_path / name)


def test_a_damaged_page_of_parquet_is_one_clear_line(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    items = chance.integers(0, 10**9, 10_000).astype(str)
    path = _parquet(tmp_path, session_id=["s"] * 10_000, product_id=items, event_time_stamp=range(10_000))
    content = bytearray(path.read_bytes())
    content[200:20_000] = bytes(chance.integers(0, 256, 19_800, dtype=np.uint8))
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged one") as raised:
        ALL.read(path)
    assert "\n" not in str(raised.value)


def test_when_no_time_can_be_read_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no time in the column event_time_stamp.*--time-column ''"):
        ALL.read(_csv(tmp_path, "s,a,noon", "s,b,night"))


def test_without_the_library_of_parquet_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _parquet(tmp_path, session_id=["s"], product_id=["a"], event_time_stamp=[1])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"needs pyarrow, which is missing.*sessionrank\[models\]"):
        ALL.read(path)


def test_a_field_without_end_is_not_csv(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not CSV"):
        ALL.read(_csv(tmp_path, 's,"' + "x\n" * 100_000))


def test_utc_is_meant_by_a_time_without_offset(tmp_path: Path) -> None:
    read = ALL.read(_csv(tmp_path, "s,a,2020-02-29 12:00")).sessions
    assert read.times is not None
    assert read.times[0] == datetime(2020, 2, 29, 12, tzinfo=timezone.utc).timestamp()
