"""The way of a multi-search, with a recording engine and a store in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.deadline import Deadline
from proxy.exchange import Answer
from proxy.gate import Route
from proxy.pipeline import Pipeline
from proxy.request import ClientRequest
from proxy.sessions.base import Event
from proxy.sessions.identity import Hasher
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE, vector_of

INDEX = f"catalog-{RELEASE}"
VECTORS = {
    "scarlet": vector_of(1, 0),
    "red": vector_of(1, 0),
    "rose": vector_of(0.9, 0.1),
    "blue": vector_of(0, 1),
    "navy": vector_of(0.1, 0.9),
}
ORDER = ["blue", "unknown", "navy", "red", "rose"]
RED = ["red", "unknown", "rose", "navy", "blue"]
BY_PRICE = {"sort": "price"}

Single = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def found(header: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """A response with the page that is asked for."""
    start, size = body.get("from", 0), body.get("size", 10)
    hits = [{"_index": INDEX, "_id": item, "_score": 1.5} for item in ORDER[start : start + size]]
    return {"took": 1, "_shards": {"failed": 0}, "hits": {"hits": hits}, "status": 200}


def refusing(status: int, *, own_status: int = 200) -> Single:
    """Refuses every changed item of index ``catalog``."""

    def answer(header: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if header.get("index") == "catalog2" or "script_score" not in json.dumps(body):
            if own_status >= 400 and header.get("index") != "catalog2":
                return {"error": "own", "status": own_status}
            return found(header, body)
        return {"error": {"type": "script"}, "status": status}

    return answer


class Shop:
    def __init__(self, single: Single = found, status: int = 200, **settings: Any) -> None:
        self.backend = FakeBackend(handler=self._answer)
        self._single, self._status = single, status
        store = MemorySessions(cap=20, ttl=60)
        store.publish(RELEASE, VECTORS)
        hasher = Hasher(store, b"a key of sixteen bytes or more")
        chosen = ProxySettings(**{"strategy": "cosine", "indices": ("catalog", "catalog2"), **settings})
        self.pipeline = Pipeline(chosen, self.backend, store, hasher)
        store.append(hasher.digest("s1", Deadline(1)), [Event("scarlet", "view", 1000)], Deadline(1))

    def _answer(self, request: BackendRequest) -> BackendResponse:
        if self._status >= 400:
            return FakeResponse({"error": "whole"}, status=self._status)
        lines = [json.loads(line or b"{}") for line in request.body.splitlines()]
        responses = [self._single(*pair) for pair in zip(lines[::2], lines[1::2], strict=True)]
        return FakeResponse({"took": 3, "responses": responses})

    def asks(self, *items: tuple[Any, Any], session: str | None = "s1", **headers: str) -> Answer:
        sent = [("Content-Type", "application/x-ndjson"), *((k.replace("_", "-"), v) for k, v in headers.items())]
        if session is not None:
            sent.append(("X-Session-Id", session))
        body = b"".join(json.dumps(part).encode() + b"\n" for item in items for part in item)
        request = ClientRequest("POST", "/catalog/_msearch", sent, body)
        return self.pipeline.answer(request, Route(("catalog",), "msearch", repeatable=True))


def responses(answer: Answer) -> list[dict[str, Any]]:
    raw = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body.stream())
    parts: list[dict[str, Any]] = json.loads(raw)["responses"]
    return parts


def ids(response: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in response["hits"]["hits"]]


def test_each_item_follows_the_visit_in_one_exchange() -> None:
    shop = Shop()
    answer = shop.asks(({}, {}), ({}, BY_PRICE), ({}, {"from": 1, "size": 2}))
    assert [ids(each) for each in responses(answer)] == [RED, ORDER, RED[1:3]]
    assert (answer.reason, answer.moved, len(shop.backend.requests)) == ("", 8, 1)
    assert answer.items == (2, 3)
    assert answer.seconds.keys() == {"engine", "store", "rank"}


def test_without_anything_to_rank_by_each_item_is_plain() -> None:
    answer = Shop().asks(({}, {}), ({}, {"size": 1}), session="nobody")
    assert [ids(each) for each in responses(answer)] == [ORDER, ORDER[:1]]
    assert answer.reason == "empty-session"
    assert Shop().asks(({}, {}), ({}, {"size": 1}), session=None).reason == "no-session"


def test_off_is_the_clients_own_request() -> None:
    shop = Shop()
    answer = shop.asks(({}, {}), X_Sessionrank="off")
    assert (answer.reason, shop.backend.requests[0].body) == ("off", b"{}\n{}\n")


@pytest.mark.parametrize("session", ["s1", None])
@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refused_item_is_asked_again_alone_as_the_client_sent_it(status: int, session: str | None) -> None:
    shop = Shop(refusing(status))
    answer = shop.asks(({"index": "catalog"}, {"size": 3}), ({"index": "catalog2"}, {"size": 2}), session=session)
    first, second = responses(answer)
    assert (first["status"], ids(first)) == (200, ORDER[:3])
    assert ids(second) == (RED[:2] if session else ORDER[:2])
    assert [request.body for request in shop.backend.requests][1:] == [b'{"index": "catalog"}\n{"size": 3}\n']
    shop.asks(({"index": "catalog"}, {"size": 3}), ({"index": "catalog2"}, {}), session=session)
    assert len(shop.backend.requests) == 3, "the index is remembered, the other one is still changed"
    assert b"script_score" in shop.backend.requests[2].body


def test_an_item_that_is_wrong_by_itself_keeps_the_engines_answer_and_is_not_remembered() -> None:
    shop = Shop(refusing(400, own_status=400))
    for _ in range(2):
        first, second = responses(shop.asks(({"index": "catalog"}, {}), ({"index": "catalog2"}, {})))
        assert (first, ids(second)) == ({"error": "own", "status": 400}, RED)
    assert len(shop.backend.requests) == 4


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_engine_is_not_asked_twice(status: int) -> None:
    shop = Shop(refusing(status))
    first, second = responses(shop.asks(({"index": "catalog"}, {}), ({"index": "catalog2"}, {})))
    assert (first["status"], ids(second)) == (status, RED)
    whole = Shop(status=status)
    answer = whole.asks(({}, {}))
    assert (answer.status, answer.reason) == (status, "engine-error")
    assert len(shop.backend.requests) == len(whole.backend.requests) == 1


def test_failed_shards_of_an_item_are_a_refusal() -> None:
    def half(header: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        return {**found(header, body), "_shards": {"failed": int("script_score" in json.dumps(body))}}

    answer = Shop(half).asks(({}, {}))
    assert (answer.reason, responses(answer)[0]["_shards"]) == ("wrapped-refused", {"failed": 0})


def test_a_whole_that_is_refused_is_asked_again_as_it_came() -> None:
    shop = Shop(status=400)
    answer = shop.asks(({}, {}))
    assert (answer.status, answer.reason) == (400, "engine-error")
    assert shop.backend.requests[1].body == b"{}\n{}\n"


@pytest.mark.parametrize("body", [b"no", b'{"responses":[]}', b'{"responses":[{"hits":{"hits":[{}]}}]}', b"{}"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(body: bytes) -> None:
    shop = Shop()
    shop.backend.handler = lambda request: FakeResponse(body)
    answer = shop.asks(({}, {}))
    assert answer.reason == "unreadable-answer"
    assert shop.backend.requests[1].body == b"{}\n{}\n"


def test_an_answer_too_large_is_streamed_plain() -> None:
    answer = Shop(max_response_bytes=1024).asks(*[({}, {})] * 10)
    assert answer.reason == "too-large"
    assert len(responses(answer)) == 10


def test_the_layout_between_responses_stays() -> None:
    shop = Shop()
    part = json.dumps(found({}, {}))
    shop.backend.handler = lambda request: FakeResponse(b'{ "responses" : [\n  %b,\n  %b\n] }' % ((part.encode(),) * 2))
    answer = shop.asks(({}, {}), ({}, BY_PRICE))
    assert isinstance(answer.body, bytes)
    assert answer.body.startswith(b'{ "responses" : [\n  {')
    assert answer.body.endswith(b"},\n  %b\n] }" % part.encode())


def test_what_only_ranking_asked_for_is_taken_out_of_every_response() -> None:
    def filtered(header: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        hits = [{"_index": INDEX, "_id": item, "_source": {}} for item in ORDER]
        return {"_shards": {"failed": 0}, "hits": {"hits": hits}, "status": 200}

    shop = Shop(filtered)
    items: Sequence[tuple[Any, Any]] = [({}, {}), ({}, BY_PRICE)]
    body = b"".join(json.dumps(part).encode() + b"\n" for item in items for part in item)
    headers = [("Content-Type", "application/x-ndjson"), ("X-Session-Id", "s1")]
    request = ClientRequest("POST", "/catalog/_msearch?filter_path=responses.hits.hits._source", headers, body)
    answer = shop.pipeline.answer(request, Route(("catalog",), "msearch", repeatable=True))
    assert responses(answer) == [{"hits": {"hits": [{"_source": {}}] * 5}}] * 2
    assert answer.reason == ""
