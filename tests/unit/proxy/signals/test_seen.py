"""Whether a hit was seen before, as a signal."""

from __future__ import annotations

import numpy as np

from proxy.sessions.base import Event
from proxy.signals.base import SessionState, Window
from proxy.signals.seen import SeenSignal


def test_hits_of_the_session_are_told_from_the_others_whatever_was_done_with_them() -> None:
    events = (Event("a", "view", 1), Event("c", "purchase", 2), Event("a", "cart", 3))
    state = SessionState(events, np.ones(3))
    assert SeenSignal().score(state, Window("abcd", np.empty(0)), []).values.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_nothing_is_read_for_it() -> None:
    assert SeenSignal().lookups("20250101120000abc123", ["a"]) == []
