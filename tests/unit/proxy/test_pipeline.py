"""The way of a search and its failure policy, with a recording engine and a store in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.deadline import Deadline
from proxy.pipeline import Pipeline
from proxy.ranking.cosine import Cosine
from proxy.sessions.base import Lookup, OfSession, Record
from proxy.sessions.identity import Hasher
from proxy.sessions.memory import MemorySessions
from sessionrank.errors import BackendUnreachable, StoreError
from tests.support.fake_backend import FakeResponse
from tests.support.own_endpoints import RELEASE, vector_of
from tests.support.pipeline_shop import ORDER, VECTORS, content, engine, ids
from tests.support.pipeline_shop import PipelineShop as Shop


def test_the_hits_follow_the_visit_and_unknown_ones_keep_their_place() -> None:
    shop = Shop()
    shop.views("scarlet")
    answer = shop.search()
    assert ids(answer) == ["red", "unknown", "rose", "navy", "blue"]
    assert (answer.reason, answer.moved) == ("", 4)
    assert set(answer.seconds) == {"engine", "store", "rank"}
    shop.views("indigo", "indigo", "indigo", session="s2")
    assert ids(shop.search(session="s2"))[0] == "blue"


def test_pages_of_an_unmoved_session_fit_together() -> None:
    shop = Shop(window=3)
    shop.views("scarlet")
    pages = [ids(shop.search({"from": start, "size": 2})) for start in (0, 2, 4)]
    assert sorted(item for page in pages for item in page) == sorted(ORDER)
    assert pages[2] == ["rose"]


@pytest.mark.parametrize(
    ("session", "viewed", "reason"),
    [
        (None, (), "no-session"),
        ("s1", (), "empty-session"),
        ("s1", ("unknown",), "no-vector"),
        ("a b", (), "bad-session"),
        ("x" * 10_000, (), "bad-session"),
        ("a\x01b", (), "bad-session"),
    ],
)
def test_a_plain_answer_says_why(session: str | None, viewed: tuple[str, ...], reason: str) -> None:
    shop = Shop()
    if viewed:
        shop.views(*viewed)
    answer = shop.search(session=session)
    assert answer.reason == reason
    assert ids(answer) == ORDER


def test_hits_of_no_release_are_plain() -> None:
    shop = Shop(engine(index="somebody-elses"))
    shop.views("scarlet")
    assert shop.search().reason == "no-release"


@pytest.mark.parametrize("pointed", ["somebody-elses", "catalog"])
def test_an_index_of_somebody_else_is_served_by_its_pointer_or_its_aliass(pointed: str) -> None:
    shop = Shop(engine(index="somebody-elses"))
    assert isinstance(shop.store, MemorySessions)
    shop.store.publish(RELEASE, VECTORS, index=pointed)
    shop.views("scarlet")
    assert ids(shop.search())[0] == "red"


def test_nothing_found_is_plain() -> None:
    shop = Shop(engine(items=[]))
    shop.views("scarlet")
    assert shop.search().reason == "no-hits"


def test_hits_without_any_vector_are_plain() -> None:
    shop = Shop(engine(items=["p", "q"]))
    shop.views("scarlet")
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("no-known-hits", ["p", "q"])


def test_explain_tells_how_each_hit_moved() -> None:
    shop = Shop()
    shop.views("indigo", "scarlet")
    hits = content(shop.search(X_Sessionrank_Explain="true"))["hits"]["hits"]
    assert [hit["_sessionrank"]["rank_after"] for hit in hits] == [1, 2, 3, 4, 5]
    first = hits[0]
    assert (first["_id"], first["_sessionrank"]["rank_before"]) == ("rose", 5)
    assert first["_sessionrank"]["nearest_viewed"] == "scarlet"
    unknown = next(hit for hit in hits if hit["_id"] == "unknown")["_sessionrank"]
    assert (unknown["cosine"], unknown["nearest_viewed"]) == (None, None)
    assert "_sessionrank" not in content(shop.search())["hits"]["hits"][0]


class BrokenStore(MemorySessions):
    """Fails, or takes all the time there is and then fails."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__(cap=20, ttl=60)
        self.slow = slow

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        while self.slow and deadline.remaining() > 0:
            pass
        raise StoreError("down")


@pytest.mark.parametrize(("slow", "reason"), [(False, "store-error"), (True, "store-timeout")])
def test_a_broken_store_costs_only_the_order(slow: bool, reason: str) -> None:
    shop = Shop(store=BrokenStore(slow=slow), budget_ms=5)
    answer = shop.search({"from": 1, "size": 2})
    assert (answer.status, answer.reason) == (200, reason)
    assert ids(answer) == ORDER[1:3]


class ForgetfulStore(MemorySessions):
    """Answers reads that are for a session, and no others."""

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        if digest is None and len(lookups[0].fields) > 1:
            raise StoreError("gone")
        return super().read(digest, lookups, deadline)


def test_a_store_that_fails_while_explaining_costs_a_part_of_the_explanation() -> None:
    store = ForgetfulStore(cap=20, ttl=60)
    store.publish(RELEASE, VECTORS)
    shop = Shop(store=store)
    shop.views("scarlet")
    first = content(shop.search(X_Sessionrank_Explain="true"))["hits"]["hits"][0]
    assert (first["_id"], first["_sessionrank"]["nearest_viewed"]) == ("red", None)


def test_what_is_left_alone_does_not_look_at_the_store() -> None:
    class Untouchable(MemorySessions):
        def secret(self, deadline: Deadline) -> bytes:
            raise AssertionError("asked")

    shop = Shop(store=Untouchable(cap=20, ttl=60))
    shop.pipeline = Pipeline(shop.settings, shop.backend, shop.store, Hasher(shop.store))
    assert shop.search(X_Sessionrank="off").reason == "off"


def test_garbage_in_the_store_costs_only_the_order() -> None:
    shop = Shop()
    shop.views("scarlet")
    assert isinstance(shop.store, MemorySessions)
    shop.store.publish(RELEASE, {"red": b"\xff" * 7, "blue": vector_of(1, 0, 0), "rose": b""})
    answer = shop.search()
    assert answer.status == 200
    assert sorted(ids(answer)) == sorted(ORDER)


def test_a_bug_in_ranking_costs_only_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    shop.views("scarlet")

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Cosine, "order", bug)
    answer = shop.search()
    assert (answer.reason, ids(answer)) == ("rank-failed", ORDER)


def refusing_the_wrap(status: int = 400, *, own_status: int = 200) -> Callable[[BackendRequest], BackendResponse]:
    def answer(request: BackendRequest) -> BackendResponse:
        if b"script_score" in request.body:
            return FakeResponse({"error": "script"}, status=status)
        return FakeResponse({"hits": {"hits": []}, "own": True}, status=own_status)

    return answer


@pytest.mark.parametrize("session", [None, "s1"])
@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refused_change_is_asked_again_as_the_client_sent_it(status: int, session: str | None) -> None:
    shop = Shop(refusing_the_wrap(status))
    answer = shop.search(b'{"size":  3}', session=session)
    assert (answer.status, answer.reason, content(answer)["own"]) == (200, "wrapped-refused", True)
    assert shop.backend.requests[-1].body == b'{"size":  3}'
    shop.search(b'{"size":  3}')
    assert len(shop.backend.requests) == 3, "the index is remembered, so the change is not tried again"


def test_an_odd_request_of_one_client_leaves_the_others_personalised() -> None:
    def odd(request: BackendRequest) -> BackendResponse:
        if b"script_fields" in request.body and b"script_score" in request.body:
            return FakeResponse({"error": "script"}, status=400)
        return engine()(request)

    shop = Shop(odd)
    shop.views("scarlet")
    asked = [{"script_fields": {"a": n}} for n in range(6)]
    assert shop.search(asked[0]).reason == "wrapped-refused"
    assert shop.search().reason == "", "the index is not to blame"
    before = len(shop.backend.requests)
    assert shop.search(asked[0]).reason == "wrapped-refused"
    assert len(shop.backend.requests) == before + 1, "that one is remembered"
    for each in asked[1:4]:
        assert shop.search(each).reason == "wrapped-refused"
    assert shop.search().reason == "wrapped-refused", "three different ones in a row"


def test_all_that_one_request_asks_of_the_engine_has_one_deadline() -> None:
    shop = Shop(refusing_the_wrap(400), engine_timeout_s=20)
    shop.search()
    first, second = shop.backend.timeouts
    assert second < first <= 20


def test_one_clients_odd_headers_leave_the_others_personalised() -> None:
    shop = Shop(refusing_the_wrap(400))
    shop.search()
    shop.search(b"{}", Accept="application/vnd.elasticsearch+json; compatible-with=8")
    assert len(shop.backend.requests) == 4, "the change is tried again for other media types"


def test_a_clients_own_mistake_is_the_engines_answer_and_is_not_remembered() -> None:
    shop = Shop(refusing_the_wrap(own_status=400))
    for _ in range(2):
        answer = shop.search()
        assert (answer.status, answer.reason) == (400, "engine-error")
    assert len(shop.backend.requests) == 4


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_engine_is_not_asked_twice(status: int) -> None:
    shop = Shop(refusing_the_wrap(status))
    answer = shop.search()
    assert (answer.status, answer.reason) == (status, "engine-error")
    assert len(shop.backend.requests) == 1


@pytest.mark.parametrize("session", [None, "s1"])
def test_failed_shards_are_a_refusal(session: str | None) -> None:
    def half(request: BackendRequest) -> BackendResponse:
        failed = int(b"script_score" in request.body)
        return FakeResponse({"_shards": {"failed": failed}, "hits": {"hits": []}})

    shop = Shop(half)
    answer = shop.search(session=session)
    assert answer.reason == "wrapped-refused"
    assert content(answer)["_shards"] == {"failed": 0}


def test_an_answer_that_cannot_be_read_is_asked_for_again() -> None:
    shop = Shop(lambda request: FakeResponse(b"script" if b"script_score" in request.body else b"own"))
    answer = shop.search()
    assert answer.reason == "unreadable-answer"
    assert not isinstance(answer.body, bytes)
    assert answer.body.read() == b"own"


def test_an_answer_too_large_to_reorder_is_streamed_plain() -> None:
    shop = Shop(max_response_bytes=1024, handler=engine(["x" * 40] * 50))
    shop.views("scarlet")
    answer = shop.search({"size": 50})
    assert answer.reason == "too-large"
    assert len(ids(answer)) == 50
    small = shop.search({"size": 2})
    assert (small.reason, len(ids(small))) == ("too-large", 2)
    assert b"script_score" in shop.backend.requests[-1].body, "wrapped, as the pages behind the window are"


def test_an_unreachable_engine_is_the_callers_to_tell() -> None:
    def down(_: BackendRequest) -> BackendResponse:
        raise BackendUnreachable("nobody there")

    with pytest.raises(BackendUnreachable):
        Shop(down).search()


def test_off_is_the_clients_own_request() -> None:
    shop = Shop()
    shop.views("scarlet")
    answer = shop.search(b'{"size": 2}', X_Sessionrank="off")
    assert answer.reason == "off"
    assert shop.backend.requests[0].body == b'{"size": 2}'


@pytest.mark.parametrize(("weight", "first"), [("0", "blue"), ("1", "red"), ("2", "red"), ("nan", "red"), ("x", "red")])
def test_the_weight_of_one_request_counts_when_it_is_sound(weight: str, first: str) -> None:
    shop = Shop(strategy="blend", weight=1.0)
    shop.views("scarlet")
    assert ids(shop.search(X_Sessionrank_Weight=weight))[0] == first
