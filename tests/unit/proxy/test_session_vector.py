"""The session vector and the cosine signal, on vectors whose answer is plain to see."""

from __future__ import annotations

import numpy as np
import pytest

from proxy.sessions.base import Event
from proxy.signals.base import SessionState
from proxy.signals.cosine import CosineSignal, session_vector
from sessionrank import keys


def blob(*numbers: float) -> bytes:
    return np.array(numbers, dtype="<f4").tobytes()


def viewed(*skus: str) -> tuple[Event, ...]:
    return tuple(Event(sku, "view", 1000 + i) for i, sku in enumerate(skus))


def test_the_newest_event_weighs_most() -> None:
    vector = session_vector(viewed("a", "b"), [blob(1, 0), blob(0, 1)], decay=0.5)
    assert vector == pytest.approx(np.array([0.5, 1.0]) / np.hypot(0.5, 1.0))


def test_without_decay_it_is_the_mean() -> None:
    vector = session_vector(viewed("a", "b", "b"), [blob(1, 0), blob(0, 1), blob(0, 1)], decay=1.0)
    assert vector == pytest.approx(np.array([1.0, 2.0]) / np.sqrt(5))


def test_events_without_a_vector_keep_their_place_in_time() -> None:
    vector = session_vector(viewed("a", "?", "b"), [blob(1, 0), None, blob(0, 1)], decay=0.5)
    assert vector == pytest.approx(np.array([0.25, 1.0]) / np.hypot(0.25, 1.0))


@pytest.mark.parametrize(
    "blobs",
    [[None, None], [b"", b""], [b"xyz", None], [blob(float("nan"), 1), None], [blob(1, 0), blob(-1, 0)]],
    ids=["none", "empty", "odd size", "not finite", "cancelling out"],
)
def test_there_may_be_no_session_vector(blobs: list[bytes | None]) -> None:
    assert session_vector(viewed("a", "b"), blobs, decay=1.0) is None


def test_the_signal_is_the_cosine_and_knows_nothing_of_odd_vectors() -> None:
    state = SessionState(viewed("a"), np.array([1.0, 0.0], dtype="<f4"))
    values: list[bytes | None] = [blob(1, 0), None, blob(0, 1), blob(1, 0, 0), b"odd", blob(0.6, 0.8), blob(np.inf, 0)]
    scores = CosineSignal().score(state, [values])
    assert scores == pytest.approx([1.0, np.nan, 0.0, np.nan, np.nan, 0.6, np.nan], nan_ok=True)


def test_without_a_session_vector_the_signal_knows_nothing() -> None:
    assert np.isnan(CosineSignal().score(SessionState(viewed("a"), None), [[blob(1, 0)]])).all()


def test_the_signal_reads_the_release() -> None:
    (lookup,) = CosineSignal().lookups("20250101120000abc123", ["a", "b"])
    assert (lookup.key, lookup.fields) == (keys.vectors("20250101120000abc123", 0), ["a", "b"])
