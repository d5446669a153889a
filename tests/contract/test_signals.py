"""Every signal: one number for each hit, NaN where it knows nothing, whatever stands in the store."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ranking.registry import STRATEGIES
from proxy.sessions.base import Event
from proxy.signals.base import SessionState
from proxy.signals.registry import SIGNALS

NAMES = sorted(SIGNALS)
RELEASE = "20250101120000abc123"
EVENTS = (Event("a", "view", 1), Event("b", "purchase", 2))
blobs = st.one_of(st.none(), st.binary(max_size=20), st.just(np.array([0.6, 0.8], dtype="<f4").tobytes()))


@pytest.mark.parametrize("name", NAMES)
@given(items=st.lists(st.text(max_size=5), max_size=10))
def test_every_lookup_names_all_hits_in_their_order(name: str, items: list[str]) -> None:
    lookups = SIGNALS[name]().lookups(RELEASE, items)
    assert lookups
    assert all(list(lookup.fields) == items and RELEASE in lookup.key for lookup in lookups)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vector", [None, np.array([1.0, 0.0], dtype="<f4")], ids=["no vector", "vector"])
@given(values=st.lists(blobs, max_size=10))
def test_there_is_a_number_or_nan_for_each_hit(
    name: str, vector: np.ndarray[tuple[int], np.dtype[np.float32]] | None, values: list[bytes | None]
) -> None:
    signal = SIGNALS[name]()
    count = len(signal.lookups(RELEASE, ()))
    scores = signal.score(SessionState(EVENTS, vector), [values] * count)
    assert (scores.shape, scores.dtype) == ((len(values),), np.float64)
    assert not np.isinf(scores).any()
    assert all(np.isnan(score) for score, value in zip(scores, values, strict=True) if value is None)
    assert np.array_equal(scores, signal.score(SessionState(EVENTS, vector), [values] * count), equal_nan=True)


def test_strategies_need_only_signals_that_exist() -> None:
    assert {need for strategy in STRATEGIES.values() for need in strategy.needs} <= set(SIGNALS)
