"""The session vector and the cosine signal, on vectors whose answer is plain to see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.sessions.base import Event, Lookup
from proxy.signals.attention import Attention
from proxy.signals.base import SessionState, SessionVector, Window
from proxy.signals.cosine import CosineSignal, session_vector
from sessionrank import keys


def blob(*numbers: float) -> bytes:
    return np.array(numbers, dtype="<f4").tobytes()


def viewed(*skus: str) -> tuple[Event, ...]:
    return tuple(Event(sku, "view", 1000 + i) for i, sku in enumerate(skus))


def vector_of(skus: str, blobs: list[bytes | None], decay: float) -> SessionVector | None:
    return session_vector(Attention(decay).weights(viewed(*skus)), blobs)


def test_the_newest_event_weighs_most() -> None:
    vector = vector_of("ab", [blob(1, 0), blob(0, 1)], 0.5)
    assert vector is not None
    assert vector.mean == pytest.approx(np.array([0.5, 1.0]) / 1.5)
    assert (vector.weight, vector.coherence) == pytest.approx((1.5, np.hypot(0.5, 1.0) / 1.5))


def test_without_decay_it_is_the_mean() -> None:
    vector = vector_of("abb", [blob(1, 0), blob(0, 1), blob(0, 1)], 1.0)
    assert vector is not None
    assert vector.mean == pytest.approx(np.array([1.0, 2.0]) / 3)


def test_events_without_a_vector_keep_their_place_in_time() -> None:
    vector = vector_of("a?b", [blob(1, 0), None, blob(0, 1)], 0.5)
    assert vector is not None
    assert vector.mean == pytest.approx(np.array([0.25, 1.0]) / 1.25)
    assert vector.weight == 1.25


@pytest.mark.parametrize(
    "blobs",
    [
        [None, None],
        [b"", b""],
        [b"xyz", None],
        [blob(float("nan"), 1), None],
        [blob(1, 0), blob(-1, 0)],
        [blob(3e38, 1), blob(0, 0)],
    ],
    ids=["none", "empty", "odd size", "not finite", "cancelling out", "not of unit length"],
)
def test_there_may_be_no_session_vector(blobs: list[bytes | None]) -> None:
    assert vector_of("ab", blobs, 1.0) is None


def state(vector: SessionVector | None, *skus: str) -> SessionState:
    return SessionState(viewed(*skus), np.ones(len(skus)), vector)


def scored(session: SessionState, values: list[bytes | None], items: str = "") -> np.ndarray[Any, Any]:
    return CosineSignal().score(session, Window(items or "?" * len(values), np.empty(0)), [values]).values


def test_the_signal_is_the_cosine_and_knows_nothing_of_odd_vectors() -> None:
    values: list[bytes | None] = [blob(1, 0), None, blob(0, 1), blob(1, 0, 0), b"odd", blob(0.6, 0.8), blob(np.inf, 0)]
    vector = SessionVector(np.array([0.5, 0.0], dtype="<f4"), 2.0, 0.5)
    expected = [1.0, np.nan, 0.0, np.nan, np.nan, 0.6, np.nan]
    assert scored(state(vector, "a"), values) == pytest.approx(expected, nan_ok=True)


def test_what_is_no_unit_vector_counts_as_none() -> None:
    vector = vector_of("abc", [blob(3e38, 0), blob(0, 1), blob(0.5, 0.5)], 0.5)
    assert vector is not None
    assert (vector.mean.tolist(), vector.weight, vector.coherence) == ([0.0, 1.0], 0.5, 1.0)
    values: list[bytes | None] = [blob(0, 3e38), blob(0, -2), blob(0.6, 0.8)]
    assert scored(state(vector, "b"), values) == pytest.approx([np.nan, np.nan, 0.8], nan_ok=True)


def test_without_a_session_vector_the_signal_knows_nothing() -> None:
    assert np.isnan(scored(state(None, "a"), [blob(1, 0)])).all()


def test_an_item_of_the_session_is_compared_with_the_others() -> None:
    vectors = {"a": blob(1, 0), "b": blob(0, 1), "c": blob(0.6, 0.8)}
    session = viewed("a", "b", "c")
    weights = np.array([0.25, 0.5, 1.0])
    vector = session_vector(weights, list(vectors.values()))
    (found, *_) = scored(SessionState(session, weights, vector), [vectors["c"], None], "cx")
    rest = np.array([0.25, 0.5])
    assert found == pytest.approx(rest @ [0.6, 0.8] / np.linalg.norm(rest), abs=1e-6)


def test_nothing_is_known_of_the_only_item_of_a_session() -> None:
    vector = session_vector(np.array([1.0]), [blob(1, 0)])
    assert scored(state(vector, "a"), [blob(1, 0), blob(0.6, 0.8)], "ab") == pytest.approx([np.nan, 0.6], nan_ok=True)


def test_the_signal_reads_the_release() -> None:
    (lookup,) = CosineSignal().lookups("20250101120000abc123", ["a", "b"])
    assert isinstance(lookup, Lookup)
    assert (lookup.key, lookup.fields) == (keys.vectors("20250101120000abc123", 0), ["a", "b"])


def test_with_lengths_it_is_the_mean_of_the_vectors_as_they_were_trained() -> None:
    weights, lengths = np.array([0.5, 1.0]), np.array([3.0, 1.0])
    vector = session_vector(weights, [blob(1, 0), blob(0, 1)], lengths)
    assert vector is not None
    # 0.5 · (3, 0) + 1 · (0, 1), to the scale of a mean of unit vectors.
    assert vector.mean == pytest.approx(np.array([1.5, 1.0]) / 2.5)
    assert (vector.weight, vector.coherence) == pytest.approx((1.5, np.hypot(1.5, 1.0) / 2.5))
    assert vector.parts == pytest.approx([0.9, 0.6]), "which are 1.5 together"


def test_how_long_all_vectors_are_alike_makes_no_difference() -> None:
    weights, blobs = np.array([0.25, 0.5, 1.0]), [blob(1, 0), None, blob(0.6, 0.8)]
    plain, long = session_vector(weights, blobs), session_vector(weights, blobs, np.full(3, 7.5))
    assert plain is not None
    assert long is not None
    assert long.mean == pytest.approx(plain.mean)
    assert (long.weight, long.coherence) == pytest.approx((plain.weight, plain.coherence))
    assert long.parts == pytest.approx([0.25, 0.0, 1.0]), "of an event without a vector there is nothing in it"


def test_the_furthest_lengths_still_give_a_vector_of_numbers() -> None:
    for extremes in ([1.2e-38, 3.4e38], [1.2e-38, 1.2e-38], [3.4e38, 3.4e38]):
        vector = session_vector(np.array([1e-12, 1.0]), [blob(1, 0), blob(0.6, 0.8)], np.array(extremes))
        assert vector is not None
        assert vector.parts is not None
        assert np.isfinite([*vector.mean, *vector.parts, vector.weight]).all()
        assert vector.coherence == pytest.approx(1.0)


def test_of_an_item_of_the_session_its_part_is_taken_out_with_its_length() -> None:
    vectors = {"a": blob(1, 0), "b": blob(0, 1), "c": blob(0.6, 0.8)}
    weights, lengths = np.array([0.25, 0.5, 1.0]), np.array([4.0, 1.0, 3.0])
    vector = session_vector(weights, list(vectors.values()), lengths)
    (found, *_) = scored(SessionState(viewed(*vectors), weights, vector), [vectors["c"], None], "cx")
    rest = np.array([0.25 * 4, 0.5])
    assert found == pytest.approx(rest @ [0.6, 0.8] / np.linalg.norm(rest), abs=1e-6)
