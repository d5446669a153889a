"""Which rows of trained files are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.signal_files import Rows, SignalFiles, read_signals
from sessionrank.errors import DataError
from tests.support.signal_files import ring_of_covisits, some_vectors


def read(
    folder: Path, support: list[int], *, min_support: int = 5, covisits: bool = False
) -> tuple[SignalFiles, list[str]]:
    some_vectors([f"p{n}" for n in range(len(support))], support).save(folder / "v.npz")
    if covisits:
        ring_of_covisits(["p0", "p1", "p2"]).save(folder / "c.npz")
    notes: list[str] = []
    path = folder / "c.npz" if covisits else None
    return read_signals(folder / "v.npz", path, min_support=min_support, note=notes.append), notes


def test_vectors_learned_from_little_are_left_out_and_those_made_from_texts_stay(tmp_path: Path) -> None:
    whole = some_vectors(["p0", "p1", "p2", "p3", "p4"])
    files, notes = read(tmp_path, [5, 4, 0, 1, 100])
    assert files.vectors is not None
    assert files.vectors.ids.tolist() == ["p0", "p2", "p4"]
    assert files.vectors.support.tolist() == [5, 0, 100]
    assert files.vectors.vectors.tolist() == whole.vectors[[0, 2, 4]].tolist()
    assert files.vectors.lengths.tolist() == whole.lengths[[0, 2, 4]].tolist()
    assert (files.left_out, files.items, files.dimensions, notes) == (2, 3, 4, [])


def test_with_no_least_support_all_are_published(tmp_path: Path) -> None:
    files, notes = read(tmp_path, [1, 4, 0], min_support=0)
    assert (files.items, files.left_out, notes) == (3, 0, [])


def test_that_most_vectors_are_left_out_is_noted(tmp_path: Path) -> None:
    assert read(tmp_path, [9, 9, 1, 1])[1] == []
    files, notes = read(tmp_path, [9, 1, 1])
    assert files.left_out == 2
    (note,) = notes
    assert "2 of 3 items were seen fewer than 5 times" in note
    assert "--min-support" in note


def test_vectors_none_of_which_can_be_published_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"v\.npz: all of 2 items were seen fewer than 5 times.*--min-support 0"
    ) as caught:
        read(tmp_path, [1, 4])
    assert "\n" not in str(caught.value)


def test_covisits_are_published_though_no_vector_can_be(tmp_path: Path) -> None:
    files, (note,) = read(tmp_path, [1, 4], covisits=True)
    assert (files.vectors, files.left_out, files.items, files.dimensions) == (None, 2, 3, None)
    assert "no vectors are published" in note


def test_no_file_at_all_is_no_signal(tmp_path: Path) -> None:
    assert not read_signals(None, None, note=lambda _text: None)
    ring_of_covisits(["a", "b"]).save(tmp_path / "c.npz")
    assert read_signals(None, tmp_path / "c.npz", note=lambda _text: None)


def test_rows_are_wanted_by_their_item_in_the_order_of_the_file() -> None:
    rows = Rows(["a", "b", "c"])
    assert [rows.want(item) for item in ("c", "x", "a", "a")] == [True, False, True, True]
    assert rows.chosen.tolist() == [0, 2]
