"""Searches of a log through the pipeline, over a recording engine and a store in memory."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from proxy.backends.base import BackendRequest
from proxy.evaluation.capture import Capture, seen_by
from proxy.evaluation.needed import check_release
from proxy.evaluation.outcomes import CaseRefused, Outcome, in_order
from proxy.evaluation.query import match_form
from proxy.evaluation.refused import Answered, Refused, answered
from proxy.evaluation.replay import Replay, settings_for
from proxy.ranking.base import Candidates, Strategy
from proxy.ranking.registry import STRATEGIES
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from sessionrank import keys
from sessionrank.errors import BackendError, ConfigurationError, DataError, StoreError
from sessionrank.ranking import Ranking
from sessionrank.searchlog import LoggedEvent, SearchCase
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE
from tests.support.pipeline_shop import INDEX, ORDER, VECTORS, engine

Made = tuple[Replay, FakeBackend]


def published() -> MemorySessions:
    store = MemorySessions(cap=20, ttl=60)
    store.publish(RELEASE, VECTORS)
    return store


def replay_of(*strategies: str | Strategy, handler: Any = None, raw: bool = False, **settings: Any) -> Made:
    backend = FakeBackend(handler=handler or engine())
    given = settings_for(ProxySettings(**settings), "catalog")
    return Replay(
        given, "catalog", match_form("name"), strategies, raw=raw, backend=backend, store=published()
    ), backend


def case(clicked: str, *session: str) -> SearchCase:
    return SearchCase(tuple(map(LoggedEvent, session)), "shoe", clicked)


def test_the_clicked_product_is_looked_up_in_the_engines_answer_and_in_the_page() -> None:
    """The engine has blue, unknown, navy, red, rose; to who looks at red things, red ones are nearest."""
    replay, _ = replay_of("cosine", "none")
    assert replay.outcome((0, case("rose", "red"))) == Outcome(5, (1, 5), ("personalised", "strategy-none"), 5)
    assert replay.outcome((1, case("blue", "navy"))) == Outcome(1, (1, 1), ("personalised", "strategy-none"), 5)
    assert replay.outcome((2, case("elsewhere", "red"))) == Outcome(0, (0, 0), ("personalised", "strategy-none"), 5)


def test_without_a_session_the_order_is_the_plain_one_with_the_reason() -> None:
    replay, _ = replay_of("cosine")
    assert replay.outcome((0, case("rose"))) == Outcome(5, (5,), ("empty-session",), 5)
    assert replay.outcome((0, case("rose", "never seen"))) == Outcome(5, (5,), ("no-vector",), 5)


def test_a_visit_is_over_when_its_search_is_done() -> None:
    replay, _ = replay_of("cosine")
    replay.outcome((0, case("rose", "red")))
    assert replay.outcome((0, case("rose"))).reasons == ("empty-session",)


def test_of_the_window_alone_hits_are_asked_for_and_each_thing_once() -> None:
    replay, backend = replay_of("cosine", "covisit", "blend", window=3)
    assert replay.outcome((0, case("rose", "red"))).plain == 0
    replay.outcome((1, case("navy", "blue", "red")))
    (asked,) = backend.requests
    assert json.loads(asked.body)["size"] == 3
    assert "script_score" in json.loads(asked.body)["query"]


def test_raw_is_the_order_of_the_query_alone() -> None:
    def lifted(request: BackendRequest) -> FakeResponse:
        wrapped = b"script_score" in request.body
        made = engine(ORDER if wrapped else ORDER[::-1])(request)
        assert isinstance(made, FakeResponse)
        return made

    replay, _ = replay_of("cosine", raw=True, handler=lifted)
    assert replay.outcome((0, case("blue", "navy"))) == Outcome(1, (1,), ("personalised",), 5, raw=5)


def test_products_may_be_named_by_a_field() -> None:
    def by_field(request: BackendRequest) -> FakeResponse:
        assert {"field": "sku"} in json.loads(request.body)["docvalue_fields"]
        hits = [{"_index": INDEX, "_id": f"doc-{sku}", "_score": 1.0, "fields": {"sku": [sku]}} for sku in ORDER]
        return FakeResponse({"_shards": {"failed": 0}, "hits": {"total": {"value": 5}, "hits": hits}})

    replay, _ = replay_of("cosine", handler=by_field, item_id="sku")
    assert replay.outcome((0, case("rose", "red"))) == Outcome(5, (1,), ("personalised",), 5)


def test_equal_seeds_shuffle_alike_and_different_sessions_differently() -> None:
    def orders(seed: int) -> list[int]:
        made = Replay(
            settings_for(ProxySettings(), "catalog"), "catalog", match_form("name"), ["shuffle"], seed=seed,
            backend=FakeBackend(handler=engine()), store=published(),
        )  # fmt: skip
        return [made.outcome((number, case("rose", "red"))).ranks[0] for number in range(30)]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    assert len(set(orders(1))) > 2


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (FakeResponse({"error": {"root_cause": [{"reason": "no such field"}]}}, status=400), "400: no such field"),
        (FakeResponse({}, status=429), "too busy to be measured"),
        (FakeResponse(b"no json"), "cannot be read"),
    ],
)
def test_an_engine_that_refuses_is_told_in_one_line(answer: FakeResponse, complaint: str) -> None:
    replay, _ = replay_of("cosine", handler=lambda request: answer)
    with pytest.raises(BackendError, match=complaint) as told:
        replay.outcome((0, case("rose", "red")))
    assert "\n" not in str(told.value)


class Failing(MemorySessions):
    """Holds what is published, and cannot give it."""

    def read(self, digest: Any, lookups: Any, deadline: Any) -> Any:
        raise StoreError("gone")


def test_a_store_that_fails_on_the_way_is_no_measurement_of_the_plain_order() -> None:
    store = Failing(cap=20, ttl=60)
    given = settings_for(ProxySettings(), "catalog")
    backend = FakeBackend(handler=engine())
    replay = Replay(given, "catalog", match_form("name"), ["cosine"], backend=backend, store=store)
    with pytest.raises(StoreError, match="the search 'shoe' could not be ranked: the session store"):
        replay.outcome((0, case("rose", "red")))


def test_the_release_is_that_of_the_index_and_tells_its_ranking() -> None:
    def answering(request: BackendRequest) -> FakeResponse:
        return FakeResponse({INDEX: {"aliases": {}}} if request.target.endswith("/_alias") else {})

    replay, _ = replay_of("release", handler=answering)
    assert replay.release() == RELEASE
    assert replay.ranking(RELEASE) is None
    assert replay.ranking(None) is None
    store = published()
    store.publish(RELEASE, VECTORS, values={keys.ranking(RELEASE): Ranking("cosine").to_json().encode()})
    told = Replay(settings_for(ProxySettings(), "catalog"), "catalog", match_form("n"), [], store=store)
    assert told.ranking(RELEASE) == Ranking("cosine")
    store.publish(RELEASE, VECTORS, values={keys.ranking(RELEASE): b"damaged"})
    assert told.ranking(RELEASE) is None


class Reversed(Strategy):
    """What no registry knows."""

    needs = ("cosine",)

    def order(self, candidates: Candidates) -> tuple[Any, Any]:
        return np.arange(candidates.count)[::-1].copy(), np.zeros(candidates.count)


def test_a_strategy_that_is_given_as_such_orders_whatever_the_release_says() -> None:
    replay, _ = replay_of(Reversed(), "cosine")
    assert replay.outcome((0, case("rose", "red"))).ranks == (1, 1)
    assert replay.outcome((0, case("blue", "red"))).ranks[0] == 5


def captured(handler: Any = None, **settings: Any) -> Capture:
    given = settings_for(ProxySettings(**settings), "catalog")
    return Capture(
        given, "catalog", match_form("name"), backend=FakeBackend(handler=handler or engine()), store=published()
    )


@pytest.mark.parametrize("name", ["blend", "cosine", "covisit", "mix"])
def test_an_order_computed_of_what_was_captured_is_the_one_that_the_proxy_makes(name: str) -> None:
    capture = captured()
    replay, _ = replay_of(name)
    for number, one in enumerate(
        [case("rose", "red"), case("navy", "red", "blue"), case("unknown", "navy"), case("x")]
    ):
        found = capture.captured((number, one))
        outcome = replay.outcome((number, one))
        assert (found.plain_rank, found.rank(STRATEGIES[name]())) == (outcome.plain, outcome.ranks[0])
        assert found.total == 5


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_moves_of_what_was_captured_can_be_bounded_as_the_proxy_bounds_them(most: int) -> None:
    replay, _ = replay_of("cosine", max_displacement=most)
    for clicked in ORDER:
        found = captured().captured((0, case(clicked, "red")))
        bounded = found.rank(STRATEGIES["cosine"](), max_displacement=most)
        assert bounded == replay.outcome((0, case(clicked, "red"))).ranks[0]
        assert abs(bounded - found.plain_rank) <= most


def test_where_nothing_is_known_there_are_no_candidates() -> None:
    found = captured().captured((0, case("rose")))
    assert (found.candidates, found.reason, found.rank(STRATEGIES["cosine"]())) == (None, "empty-session", 5)


def test_a_strategy_sees_the_signals_alone_that_it_asked_for() -> None:
    candidates = captured().captured((0, case("rose", "red"))).candidates
    assert candidates is not None
    assert set(candidates.signals) > {"cosine", "covisit", "rank"}
    assert set(seen_by(STRATEGIES["cosine"](), candidates).signals) == {"cosine"}


def test_threads_do_not_mix_cases_up() -> None:
    """Each case's hit that was looked at before is another one, and its candidates must be its own."""
    capture = captured()
    work = [(number, case("unknown", ORDER[number % 5], "red")) for number in range(300)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        found = list(in_order(capture.captured, work, 4))
    finally:
        sys.setswitchinterval(usual)
    for number, one in enumerate(found):
        assert one.candidates is not None
        seen = {ORDER[at] for at in np.flatnonzero(one.candidates.signals["seen"])}
        assert seen == {ORDER[number % 5], "red"}


def test_work_in_threads_ends_with_the_first_error_that_is_no_refusal_of_one_search() -> None:
    done: list[int] = []
    seen: set[int] = set()
    threads: set[int] = set()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        seen.add(number)
        if number == 150:
            raise BackendError("no more")
        return number * 2

    found = answered(work, range(100), 3, done.append)
    assert found == Answered([number * 2 for number in range(100)], list(range(100)), Refused())
    assert sum(done) == 100
    with pytest.raises(BackendError, match="no more"):
        answered(work, range(100_000), 3, done.append)
    assert max(seen) < 1000
    assert threading.get_ident() not in threads


def refusing(*numbers: int) -> Callable[[int], int]:
    def work(number: int) -> int:
        if number in numbers:
            raise CaseRefused(f"the search '{number}' was answered with 400: no")
        return number

    return work


def test_searches_that_are_refused_are_left_out_and_counted() -> None:
    done: list[int] = []
    found = answered(refusing(7, 3), range(20), 4, done.append)
    assert found.made == found.places == [number for number in range(20) if number not in (3, 7)]
    assert found.refused == Refused(2, "the search '3' was answered with 400: no")
    assert sum(done) == 20
    assert found.refused.note(20) == (
        "2 of 20 searches are refused and left out, such as this: the search '3' was answered with 400: no"
    )
    assert found.refused.document() == {"searches": 2, "first": "the search '3' was answered with 400: no"}


def test_when_more_than_a_tenth_is_refused_that_ends_it_at_once() -> None:
    asked: set[int] = set()

    def work(number: int) -> int:
        asked.add(number)
        return refusing(number)(number)

    with pytest.raises(DataError) as told:
        answered(work, range(10_000), 2, lambda done: None)
    assert str(told.value) == (
        "more than a tenth of the 10,000 searches is refused, such as this: the search '0' was answered with 400: no"
    )
    assert len(asked) < 2000


@pytest.mark.parametrize(("status", "ends"), [(400, False), (413, False), (403, True), (404, True), (500, True)])
def test_only_what_a_search_asks_for_is_a_refusal_of_that_search(status: int, ends: bool) -> None:
    replay, _ = replay_of("cosine", handler=lambda request: FakeResponse({"error": {"reason": "no"}}, status=status))
    with pytest.raises(BackendError) as told:
        replay.outcome((0, case("rose", "red")))
    assert isinstance(told.value, CaseRefused) is not ends


def check(strategy: str, store: MemorySessions, release: str | None) -> str:
    """What is complained of; nothing where all is there."""
    with suppress(ConfigurationError):
        check_release(strategy, "catalog", release, store)
        return ""
    with pytest.raises(ConfigurationError) as told:
        check_release(strategy, "catalog", release, store)
    return str(told.value)


def test_a_release_without_the_signal_asked_for_is_told() -> None:
    store = published()
    assert check("covisit", store, RELEASE).startswith(
        f"`covisit` orders by covisits, and release {RELEASE} of catalog"
    )
    assert check("cosine", store, None).startswith("nothing is published for catalog that `cosine` could order by")
    enough: Sequence[str] = ("cosine", "mix", "none", "release")
    assert [check(name, store, RELEASE) for name in enough] == [""] * 4
    assert check("mix", MemorySessions(cap=1, ttl=1), RELEASE).endswith("publish them with --vectors")
    assert [check(name, store, None) for name in ("none", "release")] == [""] * 2
