"""The session file: everything comes back, and nothing is believed that does not fit together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.prepared import load_sessions, save_sessions
from models.protocols.holdout import Holdout
from models.sessions import Sessions, encoded
from sessionrank.errors import DataError

WHOLE = Sessions(
    items=("é", "b\x7f", "a" * 300),
    codes=np.array([0, 1, 2, 2, 0], dtype=np.int32),
    offsets=np.array([0, 2, 5]),
    times=np.array([5, 6, 7, 8, -9]),
    visits=np.array([1, 1, 2, 2, 3], dtype=np.int32),
    returned=np.array([0, 0, 1, 0, 1], dtype=bool),
    names=("ä", "second"),
)


def test_all_parts_come_back_as_they_were(tmp_path: Path) -> None:
    save_sessions(tmp_path / "s.npz", WHOLE, {"data": {"name": "x"}})
    read, meta = load_sessions(tmp_path / "s.npz", names=True)
    assert tuple(read) == tuple(WHOLE)
    assert (read.items, read.names) == (WHOLE.items, WHOLE.names)
    for part in ("codes", "offsets", "times", "visits", "returned"):
        saved, loaded = getattr(WHOLE, part), getattr(read, part)
        assert loaded.dtype == saved.dtype
        assert np.array_equal(loaded, saved)
    assert meta == {"session_file_version": 1, "sessions": 2, "items": 3, "events": 5, "data": {"name": "x"}}
    assert load_sessions(tmp_path / "s.npz")[0].names is None


def test_saving_leaves_no_other_file_behind(tmp_path: Path) -> None:
    for _ in range(2):
        save_sessions(tmp_path / "s.npz", WHOLE, {})
    assert [path.name for path in tmp_path.iterdir()] == ["s.npz"]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("codes", np.array([0, 1, 2, 2, 3], dtype=np.int32)),
        ("codes", np.array([0, 1, 2, 2, -1], dtype=np.int32)),
        ("codes", np.array([0.0, 1, 2, 2, 0])),
        ("codes", np.array([[0, 1, 2, 2, 0]])),
        ("lengths", np.array([2, 2], dtype=np.int32)),
        ("lengths", np.array([6, -1], dtype=np.int32)),
        ("item_lengths", np.array([2, 2, 2], dtype=np.int32)),
        ("item_lengths", np.array([1, 3, 300], dtype=np.int32)),
        ("items", np.zeros(304, dtype=np.int64)),
        ("times", np.array([1, 2])),
        ("visits", np.array([1, 2], dtype=np.int32)),
        ("name_lengths", np.array([8], dtype=np.int32)),
        ("meta", np.array("{not JSON")),
        ("meta", np.array("[]")),
        ("meta", np.array(json.dumps({"format_version": 1}))),
        ("meta", np.array([{"session_file_version": 1}], dtype=object)),
        ("codes", None),
        ("meta", None),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(tmp_path: Path, part: str, value: Any) -> None:
    path = tmp_path / "s.npz"
    save_sessions(path, WHOLE, {})
    with np.load(path) as parts:
        arrays = {**parts}
    arrays[part] = value
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(DataError, match="not a session file") as raised:
        load_sessions(path, names=True)
    assert "\n" not in str(raised.value)


def test_the_same_item_twice_is_refused(tmp_path: Path) -> None:
    save_sessions(tmp_path / "s.npz", Sessions(("a", "a"), np.array([0, 1], dtype=np.int32), np.array([0, 2])), {})
    with pytest.raises(DataError, match="an item stands twice"):
        load_sessions(tmp_path / "s.npz")


def test_another_version_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", meta=np.array(json.dumps({"session_file_version": 7})))
    with pytest.raises(DataError, match=r"version 7, not 1; make it again with `sessionrank model prepare`"):
        load_sessions(tmp_path / "s.npz")


def test_a_single_array_is_no_session_file(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.arange(3))
    with pytest.raises(DataError, match="not a session file"):
        load_sessions(tmp_path / "s.npy")


def test_the_protocol_that_needs_names_says_how_a_prepared_file_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    save_sessions(path, encoded([["a", "b"], ["b", "c"]]), {})
    sessions, _ = load_sessions(path, names=True)
    with pytest.raises(DataError, match="model prepare` with --names"):
        Holdout(held_back=sessions).cases(sessions)
