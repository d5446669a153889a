"""What goes with the items of a session, from the bytes in the store, on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from proxy.sessions.base import Event, OfSession
from proxy.signals.base import Scored, SessionState, Window
from proxy.signals.covisit import CovisitSignal
from sessionrank import keys
from tests.support.pipeline_shop import neighbours

RELEASE = "20250101120000abc123"
HITS = "xyz"


A = neighbours(0.5, x=0.5, y=0.25)
B = neighbours(0.75, y=0.5, elsewhere=0.5)


def scored(weights: list[float], blobs: list[bytes | None], hits: str = HITS) -> Scored:
    events = tuple(Event(f"item {place}", "view", place) for place in range(len(weights)))
    state = SessionState(events, np.array(weights))
    return CovisitSignal().score(state, Window(hits, np.empty(0)), [blobs])


def test_the_covisits_of_the_sessions_own_items_are_read() -> None:
    assert CovisitSignal().lookups(RELEASE, HITS) == [OfSession(keys.covisits(RELEASE, 0))]
    assert not CovisitSignal.needs_vector


def test_each_hit_gets_the_weighted_sum_of_its_shares() -> None:
    assert scored([0.8, 1.0], [A, B]).values == pytest.approx([0.8 * 0.5, 0.8 * 0.25 + 0.5, 0.0])


def test_an_item_that_the_visitor_came_back_to_counts_each_time() -> None:
    assert scored([0.5, 1.0], [A, A]).values == pytest.approx([0.75, 0.375, 0.0])


def test_the_facts_tell_how_far_training_can_be_relied_on_for_the_session() -> None:
    assert scored([0.5, 1.0], [A, B]).facts == {"reliability": pytest.approx((0.5 * 0.5 + 1.0 * 0.75) / 1.5)}


def test_items_that_training_never_saw_lower_the_reliability() -> None:
    found = scored([1.0, 1.0], [A, None])
    assert found.facts["reliability"] == pytest.approx(0.25)
    assert found.values == pytest.approx([0.5, 0.25, 0.0])


def test_a_hit_that_goes_with_none_of_them_has_a_share_of_0() -> None:
    assert scored([1.0], [A], "q").values.tolist() == [0.0]


@pytest.mark.parametrize("blobs", [[None, None], [b"", None]])
def test_where_nothing_is_kept_of_any_item_nothing_is_known_nor_told(blobs: list[bytes | None]) -> None:
    found = scored([0.8, 1.0], blobs)
    assert np.isnan(found.values).all()
    assert found.facts == {}


def test_events_that_all_weigh_nothing_tell_nothing() -> None:
    found = scored([0.0, 0.0], [A, B])
    assert np.isnan(found.values).all()
    assert found.facts == {}


@pytest.mark.parametrize("damaged", [b"short", A[:-1], A + b"x"])
def test_damaged_bytes_count_as_an_item_that_training_never_saw(damaged: bytes) -> None:
    found = scored([1.0, 1.0], [damaged, B])
    assert found.values == pytest.approx([0.0, 0.5, 0.0])
    assert found.facts["reliability"] == pytest.approx(0.75 / 2)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 2.0])
def test_what_is_no_share_counts_for_nothing(number: float) -> None:
    found = scored([1.0], [neighbours(0.5, x=number, y=0.5)])
    assert found.values == pytest.approx([0.0, 0.5, 0.0])
