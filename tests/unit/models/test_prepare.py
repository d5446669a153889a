"""Limits on sessions: the order of the steps, and what is said of each."""

from __future__ import annotations

import numpy as np

from models.prepare import Limits, in_order_of_appearance, within
from models.sessions import Sessions, encoded


def test_each_step_looks_at_what_the_one_before_left() -> None:
    sessions = encoded(["ab", "aax", "aabb", "ababa", "bbbbbb"])
    kept, dropped = within(sessions, Limits(min_length=3, max_length=5, max_length_percentile=50, min_count=2))
    # Without x the second session is too short; 4 and 5 are left, and 5 is above their median.
    assert tuple(kept) == (("a", "a", "b", "b"),)
    assert dropped == {
        "items seen fewer than 2 times": 1,
        "events of items seen fewer than 2 times": 1,
        "sessions of fewer than 3 items": 2,
        "sessions of more than 5 items": 1,
        "sessions of more than 4.5 items (percentile 50 of length)": 1,
    }


def test_without_limits_everything_stays_and_nothing_is_said() -> None:
    sessions = encoded(["a", "bab", "c" * 500])
    kept, dropped = within(sessions, Limits())
    assert tuple(kept) == tuple(sessions)
    assert dropped == {}


def test_when_nothing_is_left_the_rest_is_empty_and_not_an_error() -> None:
    kept, dropped = within(encoded(["a", "b"]), Limits(min_count=2, max_length_percentile=50))
    assert (len(kept), kept.items, kept.events) == (0, (), 0)
    assert dropped["sessions of fewer than 1 items"] == 2
    assert len(within(encoded([]), Limits())[0]) == 0


def test_times_visits_and_names_follow_their_events() -> None:
    sessions = Sessions(
        items=("rare", "b", "a"),
        codes=np.array([2, 0, 2, 1, 1, 2, 2], dtype=np.int32),
        offsets=np.array([0, 3, 4, 7]),
        times=np.arange(7),
        visits=np.arange(10, 17, dtype=np.int32),
        returned=np.array([0, 0, 1, 0, 0, 0, 1], dtype=bool),
        names=("one", "short", "two"),
    )
    kept, _ = within(sessions, Limits(min_length=2, min_count=2))
    assert tuple(kept) == (("a", "a"), ("b", "a", "a"))
    assert kept.items == ("a", "b")
    assert kept.names == ("one", "two")
    assert kept.times is not None
    assert kept.visits is not None
    assert kept.returned is not None
    assert kept.times.tolist() == [0, 2, 4, 5, 6]
    assert kept.visits.tolist() == [10, 12, 14, 15, 16]
    assert kept.returned.tolist() == [False, True, False, False, True]


def test_codes_in_order_of_appearance_are_those_of_plain_sessions() -> None:
    chance = np.random.default_rng(5)
    codes = chance.integers(0, 50, 300).astype(np.int32)
    some = Sessions(tuple(f"i{n}" for n in range(60)), codes, np.arange(0, 301, 3))
    ordered, plain = in_order_of_appearance(some), encoded(list(some))
    assert ordered.items == plain.items
    assert np.array_equal(ordered.codes, plain.codes)
    assert in_order_of_appearance(ordered) is ordered
