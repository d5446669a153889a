"""``mix``: its formula on numbers worked out by hand, the confidence in it, and the weights of a release."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ranking.base import Candidates
from proxy.ranking.mix import Mix
from proxy.signals.base import SessionState, Window
from proxy.signals.rank import RankSignal

NAN = math.nan
#: Two hits at equal distances from their mean standardise to 1 and -1.
RANK = [1.0, -1.0]
#: A session of which so much is known that the confidence in both of its signals is 1, but for rounding.
SURE = {"coherence": 1.0, "weight": 1e12, "reliability": 1.0}


def candidates(*, weight: float = 0.5, facts: Mapping[str, float] = SURE, **signals: Sequence[float]) -> Candidates:
    told = {name: np.array(values, dtype=np.float64) for name, values in signals.items()}
    count = len(next(iter(told.values())))
    return Candidates(count, told, weight, facts=facts)


def values(weights: Mapping[str, float], **given: Any) -> list[float]:
    made: list[float] = Mix(weights).order(candidates(**given))[1].tolist()
    return made


def order(weights: Mapping[str, float] | None = None, **given: Any) -> list[int]:
    made: list[int] = Mix(weights).order(candidates(**given))[0].tolist()
    return made


def test_signals_are_standardised_and_added_with_the_weights_of_release_and_session() -> None:
    found = values(
        {"rank": 2.0, "score": 3.0, "cosine": 4.0, "covisit": 5.0, "seen": 6.0},
        weight=0.25,
        rank=RANK,
        score=[10.0, 30.0],  # -1, 1
        cosine=[0.1, 0.5],  # -1, 1
        covisit=[0.4, 0.2],  # 1, -1
        seen=[0.0, 1.0],  # as it is
    )
    engine = 0.75 * (2 * 1 + 3 * -1), 0.75 * (2 * -1 + 3 * 1)
    session = 0.25 * (4 * -1 + 5 * 1 + 6 * 0), 0.25 * (4 * 1 + 5 * -1 + 6 * 1)
    assert found == pytest.approx([engine[0] + session[0], engine[1] + session[1]])


def test_standardising_is_over_the_hits_that_a_signal_knows_and_the_others_get_the_mean() -> None:
    # Mean 2, deviation of 1, 2, 3: the root of 2/3. The hit without a vector is known by its covisits.
    found = values(
        {"cosine": 1.0, "covisit": 1e-9}, weight=1.0, cosine=[1.0, 2.0, 3.0, NAN], covisit=[0.5, 0.0, 0.0, 0.5]
    )
    assert found == pytest.approx([-math.sqrt(1.5), 0, math.sqrt(1.5), 0], abs=1e-6)


@pytest.mark.parametrize("cosine", [[0.5, 0.5, 0.5], [0.5, NAN, NAN], [1e-14, 0.0, 0.0]])
def test_a_signal_that_tells_no_hit_from_another_changes_nothing(cosine: list[float]) -> None:
    assert order({"rank": 0.0, "cosine": 9.0}, weight=1.0, cosine=cosine, covisit=[1.0, 1.0, 1.0]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("facts", "confidence"),
    [
        # reliability · r / (r + 1), r = coherence · weight: a single view, twenty alike, two that point apart, …
        ({"coherence": 1.0, "weight": 1.0, "reliability": 1.0}, 1 / 2),
        ({"coherence": 1.0, "weight": 4.0, "reliability": 1.0}, 4 / 5),
        ({"coherence": 0.25, "weight": 4.0, "reliability": 1.0}, 1 / 2),
        ({"coherence": 1.0, "weight": 1.0, "reliability": 0.2}, 1 / 10),
        ({"coherence": 1.0, "weight": 1.0, "reliability": 0.0}, 0),
        ({"coherence": 0.0, "weight": 9.0, "reliability": 1.0}, 0),
        # Of a release that tells none the vectors are all there is.
        ({"coherence": 1.0, "weight": 1.0}, 1 / 2),
        ({}, 0),
    ],
)
def test_the_confidence_in_vectors_shrinks_for_short_incoherent_and_little_known_sessions(
    facts: dict[str, float], confidence: float
) -> None:
    # Covisits are asked for with the vectors, and weigh nothing here.
    found = values({"cosine": 1.0}, weight=1.0, facts=facts, cosine=[0.9, 0.1], covisit=[0.5, 0.5])
    assert found == pytest.approx([confidence, -confidence])


@pytest.mark.parametrize("reliability", [0.0, 0.25, 1.0])
def test_covisits_count_as_far_as_training_can_be_told_from_chance(reliability: float) -> None:
    found = values({"covisit": 2.0}, weight=1.0, facts={"reliability": reliability}, covisit=[0.3, 0.1])
    assert found == pytest.approx([2 * reliability, -2 * reliability])


def test_where_training_knows_little_the_engines_order_is_left() -> None:
    upside_down = {"cosine": [0.1, 0.2, 0.3], "covisit": [0.1, 0.2, 0.3], "rank": [0.0, -0.6, -1.0], "weight": 0.9}
    hardly = {"coherence": 0.9, "weight": 1.0, "reliability": 0.01}
    assert order(facts=SURE, **upside_down) == [2, 1, 0]
    assert order(facts=hardly, **upside_down) == [0, 1, 2]


def test_hits_of_which_neither_vectors_nor_covisits_tell_keep_their_places() -> None:
    signals = {"rank": [0.0, -0.6, -1.0, -1.3], "cosine": [0.1, NAN, NAN, 0.9], "covisit": [0.0, 0.0, 0.4, 0.0]}
    found = values({"rank": 1.0, "cosine": 1.0, "covisit": 1.0}, **signals)
    assert [math.isnan(value) for value in found] == [False, True, False, False]
    made = order({"rank": 0.0, "cosine": 1.0, "covisit": 3.0}, **signals)
    assert (made[1], sorted(made)) == (1, [0, 1, 2, 3])
    assert made[0] == 2, "what has no vector is moved by its covisits"


def test_a_share_of_nothing_is_known_where_there_are_no_vectors_to_tell_more() -> None:
    assert order({"covisit": 1.0}, weight=1.0, covisit=[0.0, 0.0, 0.3]) == [2, 0, 1]
    assert order({"covisit": 1.0}, weight=1.0, covisit=[0.0, NAN, 0.3]) == [2, 1, 0]
    assert order({"cosine": 1.0, "covisit": 1.0}, weight=1.0, cosine=[NAN] * 3, covisit=[0.0, 0.0, 0.3]) == [2, 0, 1]


@given(
    data=st.data(),
    count=st.integers(1, 30),
    weights=st.fixed_dictionaries({name: st.floats(0, 10) for name in ("rank", "cosine", "covisit")})
    | st.fixed_dictionaries({name: st.floats(-10, 10) for name in ("cosine", "covisit", "seen")}),
)
def test_a_session_of_no_weight_leaves_the_engines_order(
    data: st.DataObject, count: int, weights: dict[str, float]
) -> None:
    def drawn(low: float, high: float) -> list[float]:
        return data.draw(st.lists(st.floats(low, high) | st.just(NAN), min_size=count, max_size=count))

    state = SessionState((), np.zeros(0))
    rank = RankSignal().score(state, Window(["?"] * count, np.zeros(0)), []).values
    told = {"cosine": drawn(-1, 1), "covisit": drawn(0, 1), "seen": [0.0] * count}
    signals = {name: told[name] for name in Mix(weights).needs if name in told}
    assert order(weights, weight=0.0, rank=rank.tolist(), **signals) == list(range(count))


def test_a_release_without_weights_gets_cautious_ones_and_one_that_names_some_gets_no_others() -> None:
    assert Mix().weights == Mix.defaults
    assert Mix.defaults["rank"] > 0, "the engine's order always counts"
    made = Mix({"cosine": 2.0, "unheard of": 9.0}).weights
    assert made == dict.fromkeys(Mix.defaults, 0.0) | {"cosine": 2.0}


@pytest.mark.parametrize(
    ("weights", "needs"),
    [
        ({"rank": 1.0, "covisit": 1.0}, ("covisit", "rank")),
        # The support of the session's items stands among the covisits.
        ({"cosine": 1.0}, ("cosine", "covisit")),
        ({"score": 1.0, "seen": -1.0}, ("score", "seen")),
        # The engine's own signals alone give the engine's order: nothing is asked for.
        ({"rank": 1.0, "score": 1.0}, ()),
        ({"cosine": 0.0, "covisit": 0.0, "seen": 0.0, "rank": 1.0}, ()),
        ({}, ()),
    ],
)
def test_the_signals_that_are_needed_follow_from_the_weights(weights: dict[str, float], needs: tuple[str, ...]) -> None:
    assert Mix(weights).needs == needs


def test_what_was_seen_may_be_all_that_is_ordered_by() -> None:
    assert order({"rank": 1.0, "seen": -9.0}, rank=[0.0, -0.6, -1.0], seen=[1.0, 0.0, 0.0]) == [1, 2, 0]
    assert order({"seen": 2.0}, seen=[0.0, 0.0, 1.0]) == [2, 0, 1]
