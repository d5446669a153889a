"""The covisits file, the bytes of one item in the store, and what they say of the hits of a window."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionrank.covisits import CovisitsFile, covisited, item_hash
from sessionrank.errors import ConfigurationError, DataError

#: Two ids of one CRC-32.
TWINS = ("plumless", "buckeroo")


def made(**changes: Any) -> CovisitsFile:
    """a → b .5, c .25; b → a 1; c → nothing."""
    parts: dict[str, Any] = {
        "ids": ["a", "b", "c"],
        "support": [7, 3, 1],
        "reliability": [0.75, 0.5, 0.0],
        "offsets": [0, 2, 3, 3],
        "neighbours": [2, 1, 0],
        "weights": [0.25, 0.5, 1.0],
        "meta": {"algorithm": "covisit"},
    }
    return CovisitsFile.build(**(parts | changes))


def blob(*neighbours: tuple[str, float], reliability: float = 0.5) -> bytes:
    """The bytes of an item as the format says, by another way than the code's."""
    head = struct.pack("<f", reliability)
    return head + b"".join(struct.pack("<Ie", item_hash(item), share) for item, share in neighbours)


def shares(blobs: list[bytes | None], weights: list[float], hits: list[str]) -> list[float]:
    return covisited(blobs, np.array(weights), hits).shares.tolist()


def test_a_file_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "covisit.npz"
    made().save(path)
    read = CovisitsFile.load(path)
    assert read.ids.tolist() == ["a", "b", "c"]
    assert read.support.tolist() == [7, 3, 1]
    assert read.reliability.tolist() == [0.75, 0.5, 0]
    assert read.offsets.tolist() == [0, 2, 3, 3]
    assert read.neighbours.tolist() == [2, 1, 0]
    assert read.weights.tolist() == [0.25, 0.5, 1]
    assert read.meta == {"algorithm": "covisit", "format_version": 2}
    assert [one.name for one in path.parent.iterdir()] == ["covisit.npz"]


def test_a_file_without_a_single_neighbour_is_one(tmp_path: Path) -> None:
    made(offsets=[0, 0, 0, 0], neighbours=[], weights=[]).save(tmp_path / "c.npz")
    read = CovisitsFile.load(tmp_path / "c.npz")
    assert read.packed(0, read.hashes()) == blob(reliability=0.75)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"ids": []}, "at least one text"),
    ({"ids": ["a", "a", "c"]}, "an id stands twice"),
    ({"support": [1, 2]}, "3 ids, but support of shape"),
    ({"support": [1, 2, -3]}, "negative"),
    ({"reliability": [1.0]}, "3 ids, but reliability of shape"),
    ({"reliability": [1.0, np.nan, 0.0]}, "a reliability is not from 0 to 1"),
    ({"reliability": [1.0, 1.5, 0.0]}, "a reliability is not from 0 to 1"),
    ({"reliability": [1.0, -0.5, 0.0]}, "a reliability is not from 0 to 1"),
    ({"offsets": [0, 2, 3]}, "offsets of shape"),
    ({"offsets": [1, 2, 3, 3]}, "its offsets do not fit its 3 neighbours"),
    ({"offsets": [0, 2, 3, 4]}, "its offsets do not fit"),
    ({"offsets": [0, 3, 2, 3]}, "its offsets do not fit"),
    ({"neighbours": [2, 1, 3]}, "a neighbour is none of its 3 items"),
    ({"neighbours": [2, 1, -1]}, "a neighbour is none of its 3 items"),
    ({"neighbours": [2, 1]}, "neighbours of shape"),
    ({"weights": [0.25, np.nan, 1.0]}, "not finite"),
    ({"weights": [0.25, -0.5, 1.0]}, "negative"),
    ({"weights": [0.25, 0.5, 1.5]}, "above 1"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        made(**changes)


#: What one part of a file is damaged to: numbers of other kinds and sizes, and what no program of ours writes.
DAMAGED: list[tuple[str, Any]] = [
    ("offsets", np.array([0, 3, 2, 3], dtype=np.uint64)),
    ("offsets", np.array([0, 2**63 + 5, 2**63, 3], dtype=np.uint64)),
    ("offsets", np.array([0.0, 2.0, 3.0, 3.0])),
    ("neighbours", np.array([2, 1, 2**32], dtype=np.int64)),
    ("neighbours", np.array(["a", "b", "c"])),
    ("weights", np.array([0.25, 1e300, 1.0])),
    ("weights", np.array([1, 1, 1])),
    ("support", np.array([[7, 3, 1]])),
    ("support", np.array([7.5, 3.0, 1.0])),
    ("support", np.array([7, 3, 2**64 - 1], dtype=np.uint64)),
    ("reliability", np.array(["8", "4", "0"])),
    ("ids", np.array([b"a", b"b", b"c"])),
    ("ids", np.array([{}, {}, {}], dtype=object)),
    ("meta", np.array("no json")),
    ("meta", np.array("[]")),
    ("meta", np.array('{"format_version": 1}')),
    ("weights", None),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("part", "damage"), DAMAGED)
def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, part: str, damage: Any) -> None:
    path = tmp_path / "covisit.npz"
    made().save(path)
    with np.load(path) as file:
        arrays = {**file, part: damage}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(DataError) as caught:
        CovisitsFile.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_what_is_no_covisits_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("nothing of the kind")
    np.savez(tmp_path / "other.npz", ids=np.array(["a"]), vectors=np.ones((1, 2)))
    otherwise = "not a covisits file"
    for name, told in (("missing.npz", "model train covisit"), ("text.npz", otherwise), ("other.npz", otherwise)):
        with pytest.raises(DataError, match=told):
            CovisitsFile.load(tmp_path / name)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        made().save(tmp_path / "file" / "covisit.npz")
    (tmp_path / "covisit.npz").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        made().save(tmp_path / "covisit.npz")
    assert {one.name for one in tmp_path.iterdir()} == {"file", "covisit.npz"}


def test_an_item_is_packed_with_its_strongest_neighbour_first() -> None:
    file = made()
    hashes = file.hashes()
    assert file.packed(0, hashes) == blob(("b", 0.5), ("c", 0.25), reliability=0.75)
    assert file.packed(1, hashes) == blob(("a", 1.0), reliability=0.5)
    assert file.packed(2, hashes) == blob(reliability=0)
    assert len(file.packed(0, hashes)) == 4 + 2 * 6


def test_the_format_is_little_endian_with_a_crc_for_an_id() -> None:
    assert item_hash("123456789") == 0xCBF43926, "the check value of CRC-32"
    packed = made(ids=["x", "123456789", "y"], weights=[0.25, 0.5, 1.0]).packed(
        0, made(ids=["x", "123456789", "y"]).hashes()
    )
    assert packed.hex() == "0000403f2639f4cb0038" + struct.pack("<I", item_hash("y")).hex() + "0034"


def test_ids_of_any_text_have_a_hash() -> None:
    assert len({item_hash(item) for item in ("", "ü", "商品", "\x00", "\ud800")}) == 5


def test_a_hit_gets_the_weighted_sum_of_its_shares() -> None:
    blobs = [blob(("x", 0.5), ("y", 0.25)), None, blob(("y", 0.5), ("z", 1.0))]
    assert shares(blobs, [1.0, 9.0, 0.5], ["z", "none", "y", "x"]) == [0.5, 0, 0.25 + 0.25, 0.5]


def test_the_reliability_stands_by_item_whatever_its_neighbours() -> None:
    blobs = [blob(("x", 0.5), reliability=0.75), None, blob(("y", 0.5), reliability=0.25), CovisitsFile.head(1.0)]
    assert covisited(blobs, np.ones(4), ["y"]).reliability.tolist() == [0.75, 0, 0.25, 1]


def test_nothing_known_and_nothing_asked_give_nothing() -> None:
    for blobs, hits in (([], ["x"]), ([None], ["x"]), ([blob(("x", 1.0))], []), ([blob()], ["x"])):
        found = covisited(blobs, np.ones(len(blobs)), hits)
        assert found.shares.tolist() == [0.0] * len(hits)
        assert len(found.reliability) == len(blobs)
    assert found.reliability.tolist() == [0.5]


def test_a_product_of_two_indices_gets_its_score_in_both_places() -> None:
    assert shares([blob(("x", 0.5), ("y", 1.0))], [1.0], ["y", "x", "y", "q"]) == [1, 0.5, 1, 0]


def test_two_ids_of_one_hash_share_a_score() -> None:
    assert item_hash(TWINS[0]) == item_hash(TWINS[1])
    assert shares([blob((TWINS[0], 0.5))], [1.0], ["other", *TWINS]) == [0, 0.5, 0.5]


@pytest.mark.parametrize("bit", range(32))
def test_a_hash_that_differs_in_a_single_bit_is_another_item(bit: int) -> None:
    for hit in ("x", "P1", "P2"):
        near = struct.pack("<f", 1.0) + struct.pack("<Ie", item_hash(hit) ^ (1 << bit), 0.5)
        found = covisited([near, blob((hit, 0.25))], np.ones(2), [hit])
        assert found.shares.tolist() == [0.25]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("share", [float("nan"), float("inf"), -0.5, 2.0])
def test_a_number_that_is_no_share_counts_for_nothing(share: float) -> None:
    found = covisited([blob(("x", share), ("y", 0.5))], np.ones(1), ["x", "y"])
    assert found.shares.tolist() == [0, 0.5]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reliability", [float("nan"), float("inf"), -3.0, 1.5])
def test_a_number_that_is_no_reliability_is_none(reliability: float) -> None:
    found = covisited([blob(("x", 0.5), reliability=reliability)], np.ones(1), ["x"])
    assert (found.shares.tolist(), found.reliability.tolist()) == ([0.5], [0])


@pytest.mark.parametrize("damaged", [b"", b"12", b"12345678", blob(("x", 1.0))[:-1], blob(("x", 1.0)) + b"\x00"])
def test_damaged_bytes_count_as_none(damaged: bytes) -> None:
    found = covisited([damaged, blob(("x", 0.25), reliability=0.75)], np.ones(2), ["x"])
    assert found.shares.tolist() == [0.25]
    assert found.reliability.tolist() == [0, 0.75]


@pytest.mark.filterwarnings("error")
@given(
    blobs=st.lists(st.none() | st.binary(max_size=60), max_size=5),
    hits=st.lists(st.text(max_size=3), max_size=6),
    weight=st.floats(0, 1),
)
def test_no_bytes_whatever_give_a_number_that_cannot_be_ranked_by(
    blobs: list[bytes | None], hits: list[str], weight: float
) -> None:
    found = covisited(blobs, np.full(len(blobs), weight), hits)
    assert found.shares.shape == (len(hits),)
    assert np.isfinite(found.shares).all()
    assert (found.shares >= 0).all()
    assert ((found.reliability >= 0) & (found.reliability <= 1)).all()


items = st.sampled_from([f"P{n}" for n in range(12)])
rows = st.lists(st.dictionaries(items, st.floats(0, 1, width=16), max_size=6), min_size=1, max_size=5)


@given(rows=rows, hits=st.lists(items, max_size=10), weight=st.floats(0, 1))
def test_the_scores_are_those_of_a_loop_over_all_pairs(
    rows: list[dict[str, float]], hits: list[str], weight: float
) -> None:
    weights = [weight**place for place in range(len(rows))]
    expected = [sum(w * row.get(hit, 0) for w, row in zip(weights, rows, strict=True)) for hit in hits]
    found = shares([blob(*row.items()) for row in rows], weights, hits)
    assert found == pytest.approx(expected)


def test_a_hit_whose_id_is_no_unicode_leaves_the_others_as_they_are() -> None:
    assert shares([blob(("b", 0.5), ("\ud800", 0.25))], [1.0], ["\ud800", "b", "c"]) == [0.25, 0.5, 0.0]
