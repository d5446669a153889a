"""Visits of a log: their events in order, kept in this process, beside what is published elsewhere."""

from __future__ import annotations

import pytest

from proxy.deadline import Deadline
from proxy.evaluation.visits import VisitStore, check_types, events_of
from proxy.sessions.base import Event, Lookup, OfSession
from proxy.sessions.memory import MemorySessions
from sessionrank import keys
from sessionrank.errors import DataError
from sessionrank.searchlog import LoggedEvent, SearchCase
from tests.support.own_endpoints import RELEASE, vector_of


def case(*events: LoggedEvent, time: int | None = None) -> SearchCase:
    return SearchCase(events, "bird", "84879", time)


def timed(*times: int | None, search: int | None = None) -> list[int]:
    found = events_of(case(*(LoggedEvent(str(i), time=time) for i, time in enumerate(times)), time=search))
    assert [event.sku for event in found] == [str(i) for i in range(len(times))]
    return [event.time for event in found]


def test_times_of_the_log_are_taken_as_they_are() -> None:
    assert timed(1000, 5000, 5000, 9000) == [1000, 5000, 5000, 9000]


def test_events_without_times_stand_a_second_apart_before_the_search() -> None:
    assert timed(None, None, None, search=10_000) == [7000, 8000, 9000]
    made = timed(None, None)
    assert made[1] - made[0] == 1000
    assert made[0] > 1_500_000_000_000


def test_times_that_go_back_do_not_change_the_order_of_the_log() -> None:
    assert timed(5000, 9000, 7000) == [5000, 7000, 7000]
    assert timed(5000, None, 7000) == [5000, 6000, 7000]
    assert timed(1000, None) == [1000, 2000]
    assert timed(None, 0) == [0, 0]


def test_types_are_kept_and_those_that_no_proxy_takes_are_refused() -> None:
    bought = case(LoggedEvent("22423", "purchase"))
    assert events_of(bought)[0].type == "purchase"
    check_types("log.jsonl", [bought])
    with pytest.raises(DataError, match=r"log\.jsonl: events of type 'wished'; known are view, click"):
        check_types("log.jsonl", [bought, case(LoggedEvent("22423", "wished"))])


def test_sessions_stay_in_this_process_and_published_things_come_from_the_store() -> None:
    published = MemorySessions(cap=20, ttl=60)
    covisits = {"red": b"r", "blue": b"b"}
    published.publish(RELEASE, {"red": vector_of(1, 0)}, index="catalog", covisits=covisits)
    before = dict(vars(published)["_sessions"])
    store = VisitStore(published, cap=2, ttl=60)
    store.append("d", [Event(sku, "view", time) for time, sku in enumerate(("red", "blue", "red"))], Deadline(1))
    lookups = [Lookup(keys.vectors(RELEASE, 0), ["red", "gone"]), OfSession(keys.covisits(RELEASE, 0))]
    record, values = store.read("d", lookups, Deadline(1))
    assert record is not None
    assert [event.sku for event in record.events] == ["blue", "red"]
    assert values == [[vector_of(1, 0), None], [b"b", b"r"]]
    assert vars(published)["_sessions"] == before == {}
    assert store.read("other", lookups, Deadline(1)) == (None, [[vector_of(1, 0), None], []])
    assert store.value(keys.pointer("catalog"), Deadline(1)) == RELEASE.encode()
    assert store.secret(Deadline(1)) != published.secret(Deadline(1))
    assert store.forget("d", Deadline(1))
    assert store.read("d", [], Deadline(1)) == (None, [])
