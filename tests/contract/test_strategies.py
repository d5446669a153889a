"""Every strategy: a permutation, stable on ties, unknown hits in their places, the same twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from proxy.ranking.base import Candidates, Strategy
from proxy.ranking.registry import STRATEGIES
from tests.support.planted_model import by_cosine

NAMES = sorted(STRATEGIES)
numbers = st.one_of(st.just(float("nan")), st.sampled_from([-1.0, 0.0, 0.5, 1.0]), st.floats(-1, 1))


#: A session of which enough is known that every strategy trusts its signals.
KNOWN = {"length": 20.0, "coherence": 1.0, "weight": 5.0, "reliability": 1.0}


def candidates(values: list[float], weight: float = 0.7) -> Candidates:
    """Hits with these numbers by cosine and by covisit, and the engine's own rank and score."""
    told = np.array(values, dtype=float)
    ranks = -np.log2(2.0 + np.arange(told.size))
    signals = {"cosine": told, "covisit": told, "rank": ranks, "score": ranks, "seen": np.zeros(told.size)}
    return Candidates(told.size, signals, weight, seed=7, facts=KNOWN)


def made(name: str) -> Strategy:
    return STRATEGIES[name](None, by_cosine().packed() if STRATEGIES[name].needs_model else b"")


def order(name: str, values: list[float], weight: float = 0.7) -> list[int]:
    return [int(i) for i in made(name).order(candidates(values, weight))[0]]


@pytest.mark.parametrize("name", NAMES)
@given(values=st.lists(numbers, max_size=30), weight=st.floats(0, 1))
def test_the_order_is_a_permutation_that_leaves_unknown_hits_alone(
    name: str, values: list[float], weight: float
) -> None:
    found = order(name, values, weight)
    assert sorted(found) == list(range(len(values)))
    assert all(found[i] == i for i, value in enumerate(values) if np.isnan(value))
    assert found == order(name, values, weight)


@pytest.mark.parametrize("name", NAMES)
def test_the_value_tells_every_hit_that_was_ordered(name: str) -> None:
    values: NDArray[np.float64] = made(name).order(candidates([0.1, float("nan"), 0.3]))[1]
    assert values.shape == (3,)
    assert np.isnan(values[1])


@pytest.mark.parametrize("name", [n for n in NAMES if n != "shuffle"])
def test_ties_keep_the_engines_order(name: str) -> None:
    assert order(name, [0.5] * 20) == list(range(20))


@pytest.mark.parametrize("name", [n for n in NAMES if STRATEGIES[n].needs and n != "shuffle"])
def test_a_planted_order_is_found(name: str) -> None:
    """The engine has it upside down; a strategy that follows the session puts the nearest hit first."""
    assert order(name, [0.1, 0.2, 0.3, 0.9], weight=1.0)[0] == 3


def test_cosine_orders_by_cosine() -> None:
    assert order("cosine", [0.1, float("nan"), 0.9, 0.5]) == [2, 1, 3, 0]


def test_blend_follows_its_formula() -> None:
    # Engine ranks 1, 2, 3; ranks by cosine 3, 2, 1; w = 0.5 leaves a tie of the ends, which the engine's order breaks.
    assert order("blend", [0.1, 0.2, 0.3], weight=0.5) == [0, 2, 1]
    assert order("blend", [0.1, 0.2, 0.3], weight=0.0) == [0, 1, 2]
    assert order("blend", [0.1, 0.2, 0.3], weight=1.0) == [2, 1, 0]
    value = STRATEGIES["blend"]().order(candidates([0.1, 0.2, 0.3], 0.5))[1]
    assert value == pytest.approx([0.75, 0.5 / np.log2(3) * 2, 0.75])


def test_none_changes_nothing() -> None:
    assert order("none", [0.1, 0.9]) == [0, 1]
    assert STRATEGIES["none"].needs == ()


def test_shuffle_depends_on_the_session_and_on_nothing_else() -> None:
    shuffle = STRATEGIES["shuffle"]()
    signal = {"cosine": np.linspace(0, 1, 50)}
    orders = [[*shuffle.order(Candidates(50, signal, 1.0, seed))[0]] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != sorted(orders[0])
