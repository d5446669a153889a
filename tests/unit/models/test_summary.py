"""Sessions in numbers, against cases worked by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.sessions import encoded
from models.summary import summary


def test_counts_lengths_and_density() -> None:
    found = summary(encoded([("a", "b", "a", "a"), ("a", "c"), ("a",)]))
    assert (found["sessions"], found["items"], found["events"]) == (3, 3, 7)
    # a-1, b-1, a-2, c-2, a-3: an item that comes again in a session makes no further pair.
    assert found["density"] == pytest.approx(5 / 9)
    assert (found["length"]["0%"], found["length"]["50%"], found["length"]["100%"]) == (1, 2, 4)
    assert found["length"]["mean"] == pytest.approx(7 / 3)
    assert (found["item_count"]["50%"], found["item_count"]["100%"]) == (1, 5)
    assert "from" not in found


def test_items_of_no_event_do_not_count_and_times_are_shown_as_dates() -> None:
    sessions = dataclasses.replace(encoded([("a", "b")]), items=("a", "b", "never"), times=np.array([86_400, -1]))
    found = summary(sessions)
    assert (found["items"], found["density"], found["item_count"]["0%"]) == (2, 1.0, 1)
    assert (found["from"], found["to"]) == ("1969-12-31 23:59 UTC", "1970-01-02 00:00 UTC")


def test_a_time_beyond_all_calendars_is_shown_in_seconds() -> None:
    assert summary(dataclasses.replace(encoded([("a",)]), times=np.array([10**17])))["to"] == "100000000000000000 s"
