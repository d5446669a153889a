"""Nearest items, exactly and through the index, against brute force."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.nearest import NearestItems
from sessionrank.vectors import unit
from tests.benchmarks.ann import clustered

SIZE = 20_000


def ids_of(count: int) -> list[str]:
    """Ids whose order as texts is not that of the rows."""
    return [f"sku-{i}" for i in np.random.default_rng(5).permutation(count)]


def unit_rows(rows: list[list[float]]) -> NDArray[np.float32]:
    return unit(np.array(rows))


def brute(ids: Sequence[str], vectors: NDArray[np.float32], aim: NDArray[np.float64], without: set[str]) -> list[str]:
    """All ids, by a sort of all cosines; equal ones by id."""
    cosines = [float(sum(row.astype(np.float64) * aim)) for row in vectors]
    return [sku for _, sku in sorted((-c, sku) for c, sku in zip(cosines, ids, strict=True) if sku not in without)]


@pytest.fixture(scope="module")
def large() -> tuple[list[str], NDArray[np.float32]]:
    """20,000 items; thirty of them share the vector of the first."""
    vectors = clustered(SIZE, 32)
    vectors[100:3100:100] = vectors[0]
    return ids_of(SIZE), vectors


@pytest.fixture(scope="module")
def indexed(large: tuple[list[str], NDArray[np.float32]]) -> NearestItems:
    items = NearestItems(*large, exact_to=1000)
    assert items.wants_index()
    items.build_index()
    assert not items.is_exact
    assert not items.wants_index()
    return items


@pytest.mark.parametrize("seed", range(5))
def test_exact_search_is_brute_force_with_equal_ones_by_id(seed: int) -> None:
    random = np.random.default_rng(seed)
    distinct = unit(random.standard_normal((40, 6)))
    vectors, ids = distinct[random.integers(0, 40, 203)], ids_of(203)
    items = NearestItems(ids, vectors)
    for own in range(0, 203, 7):
        found = items.nearest(ids[own], 25)
        expected = brute(ids, vectors, vectors[own].astype(np.float64), {ids[own]})[:25]
        assert [near.sku for near in found or ()] == expected


def test_the_index_finds_95_in_100_of_the_ten_nearest_and_knows_their_cosines(
    large: tuple[list[str], NDArray[np.float32]], indexed: NearestItems
) -> None:
    ids, vectors = large
    exact = NearestItems(ids, vectors)
    right = 0
    for own in range(1, SIZE, 67):
        found = {near.sku: near.cosine for near in indexed.nearest(ids[own], 10) or ()}
        true = {near.sku: near.cosine for near in exact.nearest(ids[own], 10) or ()}
        assert len(found) == 10
        assert ids[own] not in found
        assert all(true.get(sku, cosine) == cosine for sku, cosine in found.items())
        right += len(found.keys() & true.keys())
    assert right / (10 * len(range(1, SIZE, 67))) >= 0.95


def test_the_index_gives_equal_ones_by_id(large: tuple[list[str], NDArray[np.float32]], indexed: NearestItems) -> None:
    ids, _ = large
    equal = sorted(ids[i] for i in range(100, 3100, 100))
    found = indexed.nearest(ids[0], 30) or []
    assert [near.sku for near in found] == equal
    assert len({near.cosine for near in found}) == 1
    assert found[0].cosine == pytest.approx(1.0, abs=1e-6)


def test_an_index_built_again_gives_the_same_answers(
    large: tuple[list[str], NDArray[np.float32]], indexed: NearestItems
) -> None:
    again = NearestItems(*large, exact_to=1000)
    again.build_index()
    asked = large[0][:SIZE:500]
    assert [again.nearest(sku, 10) for sku in asked] == [indexed.nearest(sku, 10) for sku in asked]


def test_when_the_index_finds_too_few_all_items_are_looked_at(
    large: tuple[list[str], NDArray[np.float32]], indexed: NearestItems
) -> None:
    found = indexed.nearest(large[0][7], SIZE + 5) or []
    assert len(found) == len({near.sku for near in found} - {large[0][7]}) == SIZE - 1


def test_a_build_that_is_told_to_stop_leaves_no_index(large: tuple[list[str], NDArray[np.float32]]) -> None:
    items = NearestItems(*large, exact_to=1000)
    asked: list[None] = []
    items.build_index(lambda: asked.append(None) or False)  # type: ignore[func-returns-value]
    assert items.is_exact
    assert len(asked) == 1
    assert len(items.nearest(large[0][3], 10) or ()) == 10


def test_without_the_library_or_with_few_items_there_is_no_wish_for_an_index(
    large: tuple[list[str], NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not NearestItems(*large, exact_to=SIZE).wants_index()
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert not NearestItems(*large, exact_to=1000).wants_index()


@pytest.mark.parametrize("n", [-1, 0])
def test_none_asked_for_none_given(n: int) -> None:
    assert NearestItems(["a", "b"], unit_rows([[1, 0], [0, 1]])).nearest("a", n) == []


def test_more_than_there_are_gives_all_but_the_item_itself() -> None:
    items = NearestItems(["b", "a", "c"], unit_rows([[1, 0], [1, 1], [0, 1]]))
    assert [near.sku for near in items.nearest("b", 100) or ()] == ["a", "c"]
    assert [near.cosine for near in items.nearest("b", 100) or ()] == [pytest.approx(0.5**0.5), 0.0]


def test_an_unknown_item_has_no_neighbours() -> None:
    items = NearestItems(["a"], unit_rows([[1, 0]]))
    assert items.nearest("b", 1) is None
    with pytest.raises(KeyError, match="b"):
        items.nearest_to(["a", "b"], [], 1)
    assert "a" in items
    assert "b" not in items


def test_rows_that_are_not_finite_are_left_out() -> None:
    vectors = unit_rows([[1, 0], [1, 1], [0, 1], [0, 1]])
    vectors[1, 0], vectors[3, 1] = np.nan, np.inf
    items = NearestItems(["a", "nan", "b", "inf"], vectors)
    assert len(items) == 2
    assert items.nearest("nan", 1) is None
    assert [near.sku for near in items.nearest("a", 5) or ()] == ["b"]


def test_zeros_are_as_far_from_everything() -> None:
    items = NearestItems(["z", "b", "a"], unit_rows([[0, 0], [1, 0], [0, 1]]))
    assert [(near.sku, near.cosine) for near in items.nearest("z", 2) or ()] == [("a", 0.0), ("b", 0.0)]
    assert [near.sku for near in items.nearest_to(["a"], ["a"], 5)] == ["b", "z"]


def test_a_sum_is_completed_by_what_is_nearest_to_it_and_not_in_it() -> None:
    random = np.random.default_rng(3)
    vectors, ids = unit(random.standard_normal((300, 8))), ids_of(300)
    items = NearestItems(ids, vectors)
    for a, b, c in random.integers(0, 300, (20, 3)).tolist():
        aim = vectors[b].astype(np.float64) + vectors[c] - vectors[a]
        found = items.nearest_to([ids[b], ids[c]], [ids[a]], 7)
        assert [near.sku for near in found] == brute(ids, vectors, aim, {ids[a], ids[b], ids[c]})[:7]
        assert all(-1 <= near.cosine <= 1 for near in found)
        assert found[0].cosine == pytest.approx(vectors[ids.index(found[0].sku)] @ aim / np.linalg.norm(aim), abs=1e-5)


@pytest.mark.parametrize(
    ("ids", "vectors", "told"),
    [
        (["a"], [[1, 0], [0, 1]], "1 ids, but vectors of shape"),
        (["a", "b"], [1, 0], "2 ids, but vectors of shape"),
        (["a", "a"], [[1, 0], [0, 1]], "stands twice"),
    ],
)
def test_what_does_not_fit_together_is_refused(ids: list[str], vectors: list[list[float]], told: str) -> None:
    with pytest.raises(DataError, match=told):
        NearestItems(ids, np.array(vectors, dtype=np.float32))


def test_no_items_at_all_are_asked_in_vain() -> None:
    assert NearestItems([], np.empty((0, 4), dtype=np.float32)).nearest("a", 3) is None
