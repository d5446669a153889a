"""The engine's own rank as a signal."""

from __future__ import annotations

import numpy as np

from proxy.signals.base import SessionState, Window
from proxy.signals.rank import RankSignal

NOBODY = SessionState((), np.zeros(0))


def test_the_first_places_are_far_apart_and_the_last_ones_close_together() -> None:
    found = RankSignal().score(NOBODY, Window("abcdefg", np.empty(0)), []).values
    assert found[[0, 2, 6]].tolist() == [-1.0, -2.0, -3.0]
    steps = -np.diff(found)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_nothing_is_read_for_it() -> None:
    assert RankSignal().lookups("20250101120000abc123", ["a"]) == []
    assert not RankSignal.needs_vector
