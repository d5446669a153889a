"""Items of a multi-search in two phases: two exchanges for all of them, and each that does not fit is asked in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.exchange import Answer
from proxy.gate import Route
from proxy.request import ClientRequest
from sessionrank.errors import BackendError
from tests.support.fake_backend import FakeResponse
from tests.support.pipeline_shop import INDEX, ORDER, PipelineShop

RED = ["red", "unknown", "rose", "navy", "blue"]
#: Of one item: (body, ids that a second request names) → the response in place of the page.
Trouble = Callable[[dict[str, Any], list[str] | None], dict[str, Any] | None]


def found(body: dict[str, Any], only: list[str] | None) -> dict[str, Any]:
    start, count = body.get("from", 0), body.get("size", 10)
    items = [item for item in ORDER if only is None or item in only][start : start + count]
    hits: list[dict[str, Any]] = [{"_index": INDEX, "_id": item, "_score": 1.5} for item in items]
    for hit in hits:
        if body.get("stored_fields") == "_none_":
            hit["fields"] = {"sku": [hit.pop("_id")]}
        elif body.get("_source") is not False:
            hit["_source"] = {"name": hit["_id"]}
    return {"took": len(hits), "hits": {"hits": hits}, "status": 200}


def nothing_wrong(_body: dict[str, Any], _only: list[str] | None) -> None:
    return None


class Shop(PipelineShop):
    def __init__(self, trouble: Trouble = nothing_wrong) -> None:
        super().__init__(self._answer, two_phase="always")
        self._trouble = trouble
        self.views("scarlet")

    def _answer(self, request: BackendRequest) -> BackendResponse:
        responses = []
        for line in request.body.splitlines()[1::2]:
            body = json.loads(line)
            part = body.get("query", {}).get("bool", {}).get("filter")
            only = part[0]["bool"]["filter"][1]["ids"]["values"] if part else None
            responses.append(self._trouble(body, only) or found(body, only))
        return FakeResponse({"took": 3, "responses": responses})

    def asks(self, *bodies: dict[str, Any]) -> Answer:
        body = b"".join(b"{}\n" + json.dumps(each).encode() + b"\n" for each in bodies)
        headers = [("Content-Type", "application/x-ndjson"), ("X-Session-Id", "s1")]
        request = ClientRequest("POST", "/catalog/_msearch", headers, body)
        return self.pipeline.answer(request, Route(("catalog",), "msearch", repeatable=True))

    def lines(self) -> list[int]:
        """How many items each exchange with the engine had."""
        return [request.body.count(b"\n") // 2 for request in self.backend.requests]


def names(answer: Answer) -> list[list[str]]:
    assert isinstance(answer.body, bytes)
    responses = json.loads(answer.body)["responses"]
    return [[hit["_source"]["name"] for hit in each["hits"]["hits"]] for each in responses]


def test_all_items_are_fetched_in_two_exchanges() -> None:
    shop = Shop()
    bodies: tuple[dict[str, Any], ...] = ({}, {"sort": "price"}, {"from": 1, "size": 2}, {"from": 50})
    for expected in ([4, 2], [4, 2, 4, 2]):
        answer = shop.asks(*bodies)
        assert names(answer) == [RED, ORDER, RED[1:3], []]
        assert (answer.reason, answer.items) == ("", (3, 4))
        assert shop.lines() == expected


def other_hits(body: dict[str, Any], only: list[str] | None) -> dict[str, Any] | None:
    return found(body, only[1:]) if only and len(only) == 2 else None


def refused(body: dict[str, Any], only: list[str] | None) -> dict[str, Any] | None:
    return {"error": "x", "status": 400} if only and len(only) == 2 else None


def no_outline(body: dict[str, Any], _only: list[str] | None) -> dict[str, Any] | None:
    outlined = body.get("_source") is False or "stored_fields" in body
    return {"error": "x", "status": 400} if outlined and "aggs" in body else None


def nameless(body: dict[str, Any], only: list[str] | None) -> dict[str, Any] | None:
    outlined = body.get("_source") is False or "stored_fields" in body
    return {"hits": {"hits": [{"_index": INDEX}]}, "status": 200} if outlined and "aggs" in body else None


@pytest.mark.parametrize(
    ("trouble", "lines"),
    [(other_hits, [2, 2, 1]), (refused, [2, 2, 1]), (no_outline, [2, 1, 1]), (nameless, [2, 1, 1])],
)
def test_an_item_that_does_not_fit_is_asked_in_one_phase(trouble: Trouble, lines: list[int]) -> None:
    shop = Shop(trouble)
    answer = shop.asks({}, {"size": 2, "aggs": {}})
    assert names(answer) == [RED, RED[:2]]
    assert shop.lines() == lines
    assert answer.items == (2, 2)


def test_when_the_second_exchange_breaks_all_are_asked_in_one() -> None:
    def breaks(_body: dict[str, Any], only: list[str] | None) -> None:
        if only:
            raise BackendError("broken off")

    shop = Shop(breaks)
    assert names(shop.asks({}, {"size": 2})) == [RED, RED[:2]]
    assert shop.lines() == [2, 2, 2]


def test_an_item_refused_in_every_changed_form_is_asked_as_the_client_sent_it() -> None:
    def refuses(body: dict[str, Any], _only: list[str] | None) -> dict[str, Any] | None:
        return {"error": "x", "status": 400} if "script_score" in json.dumps(body) and "aggs" in body else None

    shop = Shop(refuses)
    answer = shop.asks({}, {"size": 2, "aggs": {}})
    assert names(answer) == [RED, ORDER[:2]]
    assert shop.lines() == [2, 1, 1, 1]
    assert answer.items == (1, 2)
