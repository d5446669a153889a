"""The engine's own score as a signal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proxy.signals.base import SessionState, Window
from proxy.signals.score import ScoreSignal

NOBODY = SessionState((), np.zeros(0))


def scored(*scores: float) -> list[float]:
    made: list[float] = ScoreSignal().score(NOBODY, Window(["?"] * len(scores), np.array(scores)), []).values.tolist()
    return made


def test_what_is_twice_the_score_is_always_as_much_more() -> None:
    found = scored(8.0, 4.0, 0.5, 0.25, 3.4e38)
    assert found[0] - found[1] == pytest.approx(math.log(2))
    assert found[2] - found[3] == pytest.approx(math.log(2))
    assert math.isfinite(found[4])


def test_nothing_is_known_of_a_hit_without_a_score() -> None:
    assert [math.isnan(value) for value in scored(math.nan, math.inf, 1.0)] == [True, True, False]


def test_a_score_of_0_or_less_is_as_low_as_the_lowest_above() -> None:
    assert scored(8.0, 0.5, 0.0, -1.0) == pytest.approx([math.log(8), *[math.log(0.5)] * 3])
    assert scored(0.0, 0.0) == [0.0, 0.0]


def test_the_scores_themselves_are_left_as_they_are() -> None:
    scores = np.array([2.0, 0.0])
    ScoreSignal().score(NOBODY, Window("ab", scores), [])
    assert scores.tolist() == [2.0, 0.0]
