"""What the engine is asked about clicked products, and what is made of its answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from proxy.backends.base import BackendRequest
from proxy.evaluation import products
from proxy.evaluation.products import EngineSide, Products, look_up, present
from sessionrank.errors import BackendError, BackendUnreachable, ConfigurationError
from sessionrank.searchlog import SearchCase
from tests.support.fake_backend import FakeBackend, FakeResponse

POPULARITY = {"red": 5.0, "blue": 50.0, "grey": None}


def answer(request: BackendRequest, known: dict[str, float | None] | None = None) -> FakeResponse:
    """As an engine that has these products, keyed by id or by the field ``sku``."""
    known = POPULARITY if known is None else known
    body = json.loads(request.body)
    ((kind, asked),) = body["query"]["bool"]["filter"][0].items()
    skus = asked["values"] if kind == "ids" else asked["sku"]
    shown = [each["field"] for each in body.get("docvalue_fields", [])]
    hits = []
    for number, sku in enumerate(sku for sku in skus if sku in known):
        values = {"sku": [sku], "popularity": [known[sku]]}
        fields = {name: values[name] for name in shown if values.get(name) != [None]}
        hits.append({"_index": "shop-1", "_id": sku if kind == "ids" else str(number), "fields": fields})
    told: dict[str, Any] = {"_shards": {"failed": 0}, "hits": {"hits": hits}}
    if "aggs" in body:
        told["aggregations"] = {"all": {"popularity": {"values": {"90.0": 40.0}}}}
    return FakeResponse(told)


def side(handler: Callable[[BackendRequest], Any] = answer, **changes: Any) -> EngineSide:
    given: dict[str, Any] = {"index": "shop", "item_id": "_id", "popularity_field": "popularity", "timeout": 1.0}
    return EngineSide(FakeBackend(handler=handler), **{**given, **changes})


@pytest.mark.parametrize("item_id", ["_id", "sku"])
def test_products_are_found_with_their_popularity(item_id: str) -> None:
    found = look_up(side(item_id=item_id), ["red", "blue", "grey", "gone"])
    assert found == Products({"red": 5.0, "blue": 50.0, "grey": None}, 40.0)
    assert [found.is_popular(sku) for sku in ("red", "blue", "grey")] == [False, True, False]


def test_many_products_are_asked_for_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "_AT_ONCE", 2)
    many = {str(number): 1.0 for number in range(5)}
    asked = side(lambda request: answer(request, many))
    assert len(look_up(asked, [*many, "gone"]).popularity) == 5
    assert isinstance(asked.backend, FakeBackend)
    bodies = [json.loads(request.body) for request in asked.backend.requests]
    assert ["aggs" in body for body in bodies] == [True, False, False]
    assert all(dict(request.headers)["X-Sessionrank"] == "off" for request in asked.backend.requests)


def test_without_popularity_it_is_not_asked_for() -> None:
    found = look_up(side(popularity_field=""), ["red"])
    assert found == Products({"red": None}, None)
    assert found.is_popular("red") is None


def test_a_popularity_that_is_no_number_hinders_nothing() -> None:
    def refusing(request: BackendRequest) -> FakeResponse:
        if b"aggs" in request.body:
            return FakeResponse({"error": {"root_cause": [{"reason": "text"}]}}, status=400)
        return answer(request)

    assert look_up(side(refusing), ["red"]) == Products({"red": None}, None)


def test_an_index_where_nothing_has_a_popularity_has_no_popular_products() -> None:
    def none_has(request: BackendRequest) -> FakeResponse:
        told = json.loads(answer(request, {"red": None}).body)
        told["aggregations"]["all"]["popularity"]["values"]["90.0"] = None
        return FakeResponse(told)

    assert look_up(side(none_has), ["red"]).is_popular("red") is None
    assert math.isclose(look_up(side(), ["red"]).popular_from or 0.0, 40.0)


@pytest.mark.parametrize(
    ("given", "kind", "complaint"),
    [
        (FakeResponse({}, status=404), ConfigurationError, "the engine has no index shop; load it with"),
        (FakeResponse({"error": {"reason": "no\nentry"}}, status=403), BackendError, "answered 403: no entry"),
        (FakeResponse({"error": "told\nshort"}, status=500), BackendError, "answered 500: no reason given"),
        (FakeResponse(b"<html>"), BackendError, "no answer of a search engine"),
        (FakeResponse({"hits": []}), BackendError, "no answer of a search engine"),
        (FakeResponse({"_shards": {"failed": 2}, "hits": {"hits": []}}), BackendError, "2 shards of shop failed"),
        (BackendUnreachable("http://es:9200 cannot be reached"), BackendUnreachable, "cannot be reached"),
    ],
)
def test_an_engine_that_cannot_answer_is_told_in_one_line(given: Any, kind: type[Exception], complaint: str) -> None:
    with pytest.raises(kind, match=complaint) as told:
        look_up(side(lambda request: given), ["red"])
    assert "\n" not in str(told.value)


def cases(*clicked: str) -> list[SearchCase]:
    return [SearchCase((), "q", each) for each in clicked]


def test_searches_whose_product_is_gone_are_counted_and_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"log\.jsonl: 1 of the 3 clicked products \(33\.3 %\) are not in shop"
    ):
        present(
            "log.jsonl", cases("red", "gone", "gone", "blue"), Products(POPULARITY, 1.0), "shop", allow_missing=False
        )


def test_or_left_out_with_a_note() -> None:
    known = Products(POPULARITY, 1.0)
    kept, note = present("log.jsonl", cases("red", "gone", "gone", "blue"), known, "shop", allow_missing=True)
    assert [case.clicked for case in kept] == ["red", "blue"]
    assert note.endswith("are not in shop; 2 of 4 searches are left out")
    assert present("log.jsonl", cases("red"), known, "shop", allow_missing=False) == (cases("red"), "")
    with pytest.raises(ConfigurationError, match="none of the 1 clicked products is in shop"):
        present("log.jsonl", cases("gone"), known, "shop", allow_missing=True)
