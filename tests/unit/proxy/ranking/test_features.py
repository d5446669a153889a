"""What a learned strategy is told: worked by hand, and the same in training and in serving."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from proxy.evaluation.capture import Captured
from proxy.evaluation.growing import Examples, grown
from proxy.evaluation.learning import examples_of
from proxy.ranking.base import Candidates
from proxy.ranking.features import FEATURES, HIT_FEATURES, SESSION_FEATURES, features, weighed
from proxy.ranking.learned import Learned
from proxy.ranking.mix import Mix
from proxy.ranking.trees import LearnedModel, Tree

NAN = float("nan")
START = {"rank": 0.4, "cosine": 0.35, "covisit": 0.7, "score": 0.1, "seen": -2.0}
FACTS = {"length": 4.0, "coherence": 0.5, "weight": 2.0, "reliability": 0.5}


def window(
    cosine: list[float], covisit: list[float], score: list[float], facts: dict[str, float] | None = None
) -> Candidates:
    count = len(cosine)
    signals = {
        "rank": -np.log2(2.0 + np.arange(count)),
        "score": np.array(score),
        "cosine": np.array(cosine),
        "covisit": np.array(covisit),
        "seen": np.arange(count) % 2.0,
    }
    return Candidates(count, signals, facts=FACTS if facts is None else facts)


def test_every_feature_is_what_its_name_says() -> None:
    made = features(window([0.3, NAN, 0.1, 0.5], [0.0, 0.0, 0.4, 0.2], [2.0, 1.0, NAN, 0.0]), START)
    told = dict(zip(HIT_FEATURES, made.of_hits.tolist(), strict=True))
    # NaN in the place of what is not known; its standardised number is the mean, 0.
    assert told["rank"] == pytest.approx([-1.0, -np.log2(3), -2.0, -np.log2(5)])
    assert told["score below best"] == pytest.approx([0.0, -1.0, NAN, -2.0], nan_ok=True)
    assert told["score z"] == pytest.approx([1.224744871, 0.0, 0.0, -1.224744871])
    assert told["cosine"] == pytest.approx([0.3, NAN, 0.1, 0.5], nan_ok=True)
    assert told["cosine z"] == pytest.approx([0.0, 0.0, -1.224744871, 1.224744871], abs=1e-9)
    assert told["cosine place"] == pytest.approx([-np.log2(3), NAN, -2.0, -1.0], nan_ok=True)
    assert told["covisit"] == pytest.approx([0.0, 0.0, 0.4, 0.2])
    assert told["covisit z"] == pytest.approx(np.array([-0.15, -0.15, 0.25, 0.05]) / np.sqrt(0.0275))
    assert told["covisit place"] == pytest.approx([-2.0, -np.log2(5), -1.0, -np.log2(3)])
    assert told["seen"] == [0.0, 1.0, 0.0, 1.0]
    # Half of the support is there, 0.5 · 2 of direction is half of the trust, and so are 50 pairs.
    rank_z = (made.of_hits[0] - made.of_hits[0].mean()) / made.of_hits[0].std()
    expected = 0.4 * rank_z + 0.1 * np.array(told["score z"]) - 2.0 * np.array(told["seen"])
    expected += 0.25 * 0.35 * np.array(told["cosine z"]) + 0.5 * 0.7 * np.array(told["covisit z"])
    assert told["mix"] == pytest.approx(expected)
    assert dict(zip(SESSION_FEATURES, made.of_session.tolist(), strict=True)) == {**FACTS, "hits": 4.0}
    assert made.known.tolist() == [True, False, True, True]


def test_what_no_signal_told_of_the_session_is_not_known() -> None:
    made = features(window([0.1], [0.1], [1.0], facts={}), START)
    assert np.isnan(made.of_session[:-1]).all()
    assert made.of_session[-1] == 1


def test_the_matrix_has_a_row_for_each_hit_that_has_an_order() -> None:
    made = features(window([0.3, NAN, 0.1], [0.0, 0.0, 0.4], [2.0, 1.0, 0.0]), START)
    matrix = made.matrix()
    assert matrix.shape == (2, len(FEATURES))
    assert matrix[:, FEATURES.index("cosine")].tolist() == [0.3, 0.1]
    assert matrix[:, FEATURES.index("reliability")].tolist() == [0.5, 0.5]


numbers = st.one_of(st.just(NAN), st.floats(-1, 1))
hits = st.lists(st.tuples(numbers, numbers.map(abs), numbers), max_size=25)


@settings(deadline=None, max_examples=50)
@given(hits=hits)
def test_any_window_makes_numbers_or_nan(hits: list[tuple[float, float, float]]) -> None:
    made = features(window([h[0] for h in hits], [h[1] for h in hits], [h[2] for h in hits]), START)
    assert made.of_hits.shape == (len(HIT_FEATURES), len(hits))
    assert made.known.shape == (len(hits),)
    assert not np.isinf(made.of_hits).any()


def searches(count: int) -> list[Captured]:
    chance = np.random.default_rng(2)
    made = []
    for _ in range(count):
        cosine, covisit = chance.random(20), chance.random(20) * (chance.random(20) < 0.7)
        cosine[chance.random(20) < 0.2] = NAN
        facts = {**FACTS, "length": float(chance.integers(1, 5))}
        candidates = window(cosine.tolist(), covisit.tolist(), (-np.arange(20) / 10).tolist(), facts)
        clicked = int(np.argmax(covisit + np.nan_to_num(cosine)))
        made.append(Captured(candidates, clicked, "personalised", 20))
    return made


def test_a_hit_is_worth_in_serving_what_it_was_in_training() -> None:
    """The rows that trees were grown on, scored by the strategy for the windows that they came from."""
    cases = searches(150)
    examples = examples_of(cases, START)
    model = grown(FEATURES, examples, START, seed=1, threads=1)
    strategy = Learned(None, model.packed())
    served = [strategy.order(case.candidates)[1] for case in cases if case.candidates]
    told = np.concatenate([value[~np.isnan(value)] for value in served])
    assert told == pytest.approx(_scored(model.packed(), examples), abs=1e-12)
    assert np.unique(told).size > 50


def _scored(model: bytes, examples: Examples) -> NDArray[np.float64]:
    """Tree by tree, as the file format is described."""
    total = examples.start.copy()
    for tree in json.loads(model)["trees"]:
        left = np.ones((len(examples.matrix), len(tree["leaves"])), dtype=bool)
        for feature, threshold, first, middle, nan in tree["splits"]:
            numbers = examples.matrix[:, feature]
            left[np.where(np.isnan(numbers), nan, numbers > threshold), first:middle] = False
        total += np.array(tree["leaves"])[left.argmax(axis=1)]
    return total


def test_the_sum_that_trees_begin_with_is_what_mix_says() -> None:
    """Whatever the weight of the session was then, and is now."""
    candidates = window([0.3, 0.2, 0.1, 0.5], [0.1, 0.2, 0.4, 0.2], [2.0, 1.0, 0.5, 0.0])
    weights = {"rank": 0.6, "cosine": 2.0, "covisit": 1.0, "seen": -8.0, "score": 0.3}
    for weight in (0.0, 0.7, 1.0):
        said = Mix(weights).order(replace(candidates, weight=weight))[1]
        told = features(replace(candidates, weight=0.2), weighed(weights, weight)).of_hits[HIT_FEATURES.index("mix")]
        assert told == pytest.approx(said)


def test_without_trees_that_tell_anything_the_order_is_that_of_mix() -> None:
    candidates = window([0.3, 0.2, 0.1, 0.5], [0.1, 0.2, 0.4, 0.2], [2.0, 1.0, 0.5, 0.0])
    weights = {"rank": 0.2, "cosine": 2.0, "covisit": 1.0}
    model = LearnedModel(list(FEATURES), weighed(weights, 0.7), [Tree([], [0.25])], {})
    order, value = Learned(None, model.packed()).order(candidates)
    by_mix, said = Mix(weights).order(replace(candidates, weight=0.7))
    assert order.tolist() == by_mix.tolist() != [0, 1, 2, 3]
    assert value == pytest.approx(said + 0.25)
