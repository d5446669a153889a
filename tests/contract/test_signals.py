"""Every signal: one number for each hit, NaN where it knows nothing, whatever stands in the store."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ranking.base import FACTS
from proxy.ranking.registry import STRATEGIES
from proxy.sessions.base import Event, OfSession
from proxy.signals.base import SessionState, SessionVector, Window
from proxy.signals.registry import SIGNALS
from sessionrank.covisits import item_hash

NAMES = sorted(SIGNALS)
RELEASE = "20250101120000abc123"
EVENTS = (Event("a", "view", 1), Event("b", "purchase", 2))
VECTOR = SessionVector(np.array([0.6, 0.0], dtype="<f4"), 1.8, 0.6)
NEIGHBOURS = (
    np.array([(7, 2.5)], dtype=[("s", "<u4"), ("m", "<f4")]).tobytes()
    + np.array([(item_hash("c"), 0.5), (1, np.nan)], dtype=[("i", "<u4"), ("w", "<f2")]).tobytes()
)
blobs = st.one_of(
    st.none(),
    st.binary(max_size=20),
    st.just(np.array([0.6, 0.8], dtype="<f4").tobytes()),
    st.just(NEIGHBOURS),
)
items = st.lists(st.one_of(st.text(max_size=5), st.sampled_from("abc")), max_size=10)


@pytest.mark.parametrize("name", NAMES)
@given(hits=items)
def test_every_lookup_is_of_the_release_and_names_all_hits_in_their_order(name: str, hits: list[str]) -> None:
    lookups = SIGNALS[name]().lookups(RELEASE, hits)
    assert all(RELEASE in lookup.key for lookup in lookups)
    assert all(list(lookup.fields) == hits for lookup in lookups if not isinstance(lookup, OfSession))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vector", [None, VECTOR], ids=["no vector", "vector"])
@given(data=st.data(), hits=items)
def test_there_is_a_number_or_nan_for_each_hit(
    name: str, vector: SessionVector | None, data: st.DataObject, hits: list[str]
) -> None:
    signal = SIGNALS[name]()
    values = [
        data.draw(st.lists(blobs, min_size=size, max_size=size))
        for lookup in signal.lookups(RELEASE, hits)
        for size in [len(EVENTS) if isinstance(lookup, OfSession) else len(hits)]
    ]
    state = SessionState(EVENTS, np.array([0.8, 1.0]), vector)
    window = Window(hits, np.array(data.draw(st.lists(st.floats(), min_size=len(hits), max_size=len(hits)))))
    scored = signal.score(state, window, values)
    assert (scored.values.shape, scored.values.dtype) == ((len(hits),), np.float64)
    assert not np.isinf(scored.values).any()
    assert scored.facts.keys() <= FACTS.keys()
    assert all(np.isfinite(fact) and fact >= 0 for fact in scored.facts.values())
    assert np.array_equal(scored.values, signal.score(state, window, values).values, equal_nan=True)


def test_strategies_need_only_signals_that_exist() -> None:
    made = [strategy() for strategy in STRATEGIES.values() if not strategy.needs_model]
    assert {need for strategy in made for need in strategy.needs} <= set(SIGNALS)
    assert {name for strategy in STRATEGIES.values() for name in strategy.defaults} <= set(SIGNALS)
