"""t-SNE: near vectors come to stand near one another, the same ones at the same places, whatever they are like."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.maps.tsne import STEPS, bounded_perplexity, tsne
from sessionrank.errors import DataError
from sessionrank.vectors import unit


def planted(groups: int, each: int, *, dimensions: int = 12) -> NDArray[np.float32]:
    """``groups`` directions with ``each`` vectors around each of them."""
    chance = np.random.default_rng(5)
    middles = np.eye(dimensions)[:groups].repeat(each, axis=0)
    return unit(middles + chance.normal(scale=0.1, size=middles.shape))


def share_of_neighbours_in_the_group(places: NDArray[np.float64], groups: int, each: int) -> float:
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    group = np.arange(groups).repeat(each)
    return float((group[distances.argsort(axis=1)[:, :5]] == group[:, None]).mean())


def test_planted_groups_stand_together() -> None:
    places = tsne(planted(4, 15), perplexity=10, seed=1)
    assert places.shape == (60, 2)
    assert share_of_neighbours_in_the_group(places, 4, 15) > 0.99
    # The same vectors in another order: what is measured is not the order of the file.
    shuffled = np.random.default_rng(2).permutation(60)
    assert share_of_neighbours_in_the_group(places[shuffled], 4, 15) < 0.5


def test_equal_seeds_give_equal_places_and_steps_are_told() -> None:
    vectors = planted(3, 10)
    told: list[int] = []
    first = tsne(vectors, perplexity=30, seed=1, on_step=told.append)
    assert np.array_equal(first, tsne(vectors, perplexity=30, seed=1))
    assert not np.array_equal(first, tsne(vectors, perplexity=30, seed=2))
    assert told[-1] == STEPS
    assert told == sorted(set(told))


def test_a_map_lies_on_its_longer_side_around_the_middle() -> None:
    places = tsne(planted(3, 10), perplexity=5, seed=1)
    wide, high = places.std(axis=0)
    assert wide >= high
    np.testing.assert_allclose(places.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize(
    "vectors",
    [
        planted(1, 5),
        np.ones((8, 3)),
        np.ones((6, 1)),
        np.array([[1.0, 0.0]] * 4 + [[-1.0, 0.0]] * 4),
    ],
    ids=["five", "all equal", "one number", "two opposite"],
)
def test_odd_vectors_have_places_too(vectors: NDArray[np.float64]) -> None:
    places = tsne(vectors, perplexity=30, seed=1)
    assert places.shape == (len(vectors), 2)
    assert np.isfinite(places).all()


def test_the_perplexity_is_bounded_by_the_items_there_are() -> None:
    assert bounded_perplexity(30, 1000) == 30
    assert bounded_perplexity(30, 31) == 10
    assert bounded_perplexity(2, 31) == 2


def test_too_few_items_are_refused() -> None:
    with pytest.raises(DataError, match="at least 5 items with a vector, not 4"):
        tsne(np.eye(4), perplexity=1, seed=1)
