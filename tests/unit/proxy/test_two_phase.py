"""When two phases are taken, what the two requests are, and what becomes of second answers that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from proxy.backends.base import AnswerTooLarge, BackendRequest, BackendResponse
from proxy.extras import Extras
from proxy.plan import Change, Page
from proxy.request import Query
from proxy.searchbody import read_fields
from proxy.settings import ProxySettings
from proxy.splice import read_answer
from proxy.twophase import TwoPhase, details, outline, put_together, with_warnings
from sessionrank.errors import BackendError
from tests.support.fake_backend import FakeResponse
from tests.support.pipeline_shop import INDEX, ORDER, PipelineShop, content, ids

RED = ["red", "unknown", "rose", "navy", "blue"]


def changed(body: dict[str, Any], url: str = "", extras: Extras | None = None) -> Change:
    page = Page(0, 10, 100)
    return Change(Query(url), read_fields(json.dumps(body).encode()), page, "", extras or Extras())


def body_of(change: Change) -> dict[str, Any]:
    return {name: json.loads(bytes(value)) for name, value in change.body.items()}


def test_an_outline_asks_for_all_hits_and_shows_none() -> None:
    asked = {"query": {"match_all": {}}, "aggs": {"a": 1}, "collapse": {"field": "g"}, "from": 0, "size": 100}
    shown = {"_source": ["a"], "highlight": {}, "script_fields": {}, "fields": [], "docvalue_fields": [], "version": 1}
    made = outline(changed(asked | shown, "routing=1&_source_includes=b&version=true"), "_id", by_sku=False)
    assert made is not None
    assert (body_of(made.change), made.id_field) == (asked | {"_source": False}, "")
    assert str(made.change.url) == "routing=1"


def test_ids_are_read_from_doc_values_where_they_hold_them() -> None:
    made = outline(changed({"size": 100}), "_id", by_sku=True)
    assert made is not None
    expected = {"size": 100, "stored_fields": "_none_", "docvalue_fields": [{"field": "sku"}]}
    assert (body_of(made.change), made.id_field) == (expected, "sku")
    unseen: list[tuple[dict[str, Any], str]] = [({"suggest": {"s": {}}}, ""), ({}, "filter_path=hits")]
    for body, url in unseen:
        hidden = outline(changed(body, url), "code", by_sku=True)
        assert hidden is not None
        told = {"_source": False, "docvalue_fields": [{"field": "code"}]}
        assert (body_of(hidden.change), hidden.id_field) == (body | told, "")


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ({"explain": True}, ""),
        ({}, "explain=true"),
        ({"timeout": "1s"}, ""),
        ({}, "timeout=1s"),
        ({"terminate_after": 5}, ""),
        ({}, "terminate_after=5"),
        ({"stored_fields": ["name"]}, ""),
        ({}, "stored_fields=name"),
        ({"ext": {}}, ""),
        ({"collapse": {"field": "g", "inner_hits": {"name": "n"}}}, ""),
        ({"query": {"nested": {"path": "p", "query": {}, "inner_hits": {}}}}, ""),
        ({"post_filter": {"nested": {"path": "p", "query": {}, "inner_hits": {}}}}, ""),
        ({"query": {"function_score": {"random_score": {}}}}, ""),
        ({"suggest": {"s": {"prefix": "a", "completion": {"field": "c"}}}}, ""),
    ],
)
def test_what_two_phases_could_answer_otherwise_is_fetched_in_one(body: dict[str, Any], url: str) -> None:
    assert outline(changed(body, url), "_id", by_sku=False) is None


def test_names_in_escapes_hide_nothing() -> None:
    text = rb'{"collapse":{"field":"g","inner\u005fhits":{"name":"n"}}}'
    assert outline(Change(Query(""), read_fields(text), Page(0, 10, 100), "", Extras()), "_id", by_sku=False) is None


def test_hits_that_are_to_show_no_id_are_fetched_in_one() -> None:
    extras = Extras(("_id", "_routing", "_ignored"))
    assert outline(changed({"_source": False}, extras=extras), "_id", by_sku=False) is None


def test_details_are_of_the_hits_by_index_and_id_under_the_same_query() -> None:
    body = {"query": {"match": {"a": "b"}}, "aggs": {}, "suggest": {}, "highlight": {"fields": {}}, "size": 100}
    made = details(changed(body, "suggest_text=x&preference=p"), [("i", "1"), ("j", "2"), ("i", "3")])
    parts = [
        {"bool": {"filter": [{"term": {"_index": name}}, {"ids": {"values": found}}]}}
        for name, found in (("i", ["1", "3"]), ("j", ["2"]))
    ]
    assert body_of(made) == {
        "query": {"bool": {"must": [body["query"]], "filter": [{"bool": {"should": parts}}]}},
        # The filter is nothing to be highlighted.
        "highlight": {"fields": {}, "highlight_query": body["query"]},
        "from": 0,
        "size": 3,
    }
    assert str(made.url) == "preference=p"
    assert body_of(details(changed({}), [("i", "1")]))["query"]["bool"]["must"] == [{"match_all": {}}]


def answer(*hits: tuple[str, float], failed: int = 0, timed_out: bool = False) -> Any:
    found = [{"_index": "i", "_id": name, "_score": score} for name, score in hits]
    return read_answer(
        json.dumps({"timed_out": timed_out, "_shards": {"failed": failed}, "hits": {"hits": found}}).encode()
    )


def test_hits_are_put_together_by_id_and_score() -> None:
    window = answer(("a", 3), ("b", 2), ("c", 1))
    texts = put_together([2, 0], window, answer(("a", 3), ("c", 1)))
    assert texts is not None
    assert [json.loads(texts[position])["_id"] for position in (2, 0)] == ["c", "a"]


@pytest.mark.parametrize(
    "second",
    [
        answer(("a", 3)),
        answer(("a", 3), ("b", 2)),
        answer(("a", 3), ("c", 1.5)),
        answer(("a", 3), ("c", 1), ("c", 1)),
        answer(("a", 3), ("c", 1), failed=1),
        answer(("a", 3), ("c", 1), timed_out=True),
    ],
)
def test_other_hits_do_not_fit(second: Any) -> None:
    assert put_together([2, 0], answer(("a", 3), ("b", 2), ("c", 1)), second) is None


def test_an_id_that_stands_twice_in_the_window_names_no_hit() -> None:
    assert put_together([1], answer(("a", 3), ("a", 2)), answer(("a", 2))) is None


def test_warnings_of_the_second_answer_are_added() -> None:
    first, second = [("Warning", "x"), ("A", "1")], [("warning", "x"), ("Warning", "y"), ("B", "2")]
    assert with_warnings(first, second) == [("Warning", "x"), ("A", "1"), ("Warning", "y")]


Handler = Callable[[BackendRequest], BackendResponse]


def wanted(body: dict[str, Any]) -> list[str] | None:
    """The ids that a second request names."""
    part = body.get("query", {}).get("bool", {}).get("filter")
    return part[0]["bool"]["filter"][1]["ids"]["values"] if part else None


def engine(
    size: int = 0, index: str = INDEX, detail: Callable[[list[str]], BackendResponse | None] | None = None
) -> Handler:
    """Knows documents of a size; ``detail`` may answer the second of two requests in its place."""

    def reply(request: BackendRequest) -> BackendResponse:
        body = json.loads(request.body)
        only = wanted(body)
        if only is not None and detail is not None and (other := detail(only)) is not None:
            return other
        start, count = body.get("from", 0), body.get("size", 10)
        items = [item for item in ORDER if only is None or item in only][start : start + count]
        hits: list[dict[str, Any]] = [{"_index": index, "_id": item, "_score": 1.5} for item in items]
        for hit in hits:
            if body.get("stored_fields") == "_none_":
                hit["fields"] = {"sku": [hit.pop("_id")]}
            elif body.get("_source") is not False:
                hit["_source"] = {"text": "x" * size}
        return FakeResponse({"took": len(hits), "hits": {"total": len(ORDER), "hits": hits}})

    return reply


def visited(handler: Handler, **settings: Any) -> PipelineShop:
    shop = PipelineShop(handler, **settings)
    shop.views("scarlet")
    return shop


def asked(shop: PipelineShop) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in shop.backend.requests]


def test_documents_that_proved_large_are_fetched_for_the_page_alone() -> None:
    shop = visited(engine(size=3000))
    pages = [ids(shop.search({"size": 2, "from": start})) for start in (0, 0, 2)]
    assert pages == [RED[:2], RED[:2], RED[2:4]]
    first, second, third, *_ = asked(shop)
    assert len(shop.backend.requests) == 5
    assert (first["size"], second["size"], third["size"]) == (100, 100, 2)
    assert second["stored_fields"] == "_none_"
    assert wanted(third) == RED[:2]
    # The rest of the answer is the first one's.
    assert content(shop.search({"size": 2}))["took"] == len(ORDER)


@pytest.mark.parametrize(
    ("size", "body", "index"),
    [
        (300, {"size": 2}, INDEX),
        (3000, {"size": 95}, INDEX),
        (3000, {"size": 2, "_source": False}, INDEX),
        # Without doc values for the ids, the engine has to look into each document anyway.
        (3000, {"size": 2}, "somebody-elses"),
    ],
)
def test_what_would_save_little_is_fetched_in_one_phase(size: int, body: dict[str, Any], index: str) -> None:
    shop = visited(engine(size, index))
    shop.search({"size": 2})
    shop.search(body)
    assert len(shop.backend.requests) == 2


@pytest.mark.parametrize("name", ["highlight", "script_fields"])
def test_what_is_made_for_each_hit_is_made_for_those_of_the_page(name: str) -> None:
    shop = visited(engine())
    for _ in range(2):
        assert ids(shop.search({"size": 2, name: {}})) == RED[:2]
    assert [name in body for body in asked(shop)] == [True, False, True]


def test_it_can_be_had_off_and_always() -> None:
    off, always = visited(engine(9000), two_phase="off"), visited(engine(), two_phase="always")
    for shop in (off, always):
        assert [ids(shop.search({"size": 50})) for _ in range(2)] == [RED, RED]
    assert (len(off.backend.requests), len(always.backend.requests)) == (2, 4)


def test_a_page_behind_the_hits_needs_no_second_request() -> None:
    shop = visited(engine(), two_phase="always")
    assert ids(shop.search({"from": 50})) == []
    assert len(shop.backend.requests) == 1


def test_whose_index_it_is_is_looked_at_anew_when_another_answers() -> None:
    two_phase, change = TwoPhase(ProxySettings(two_phase="always")), changed({"size": 100})
    fields = []
    for index in (INDEX, "somebody-elses", INDEX):
        hit = {"_index": index, "_id": "a", "_score": 1}
        two_phase.learn(["catalog"], change, read_answer(json.dumps({"hits": {"hits": [hit]}}).encode()))
        made = two_phase.outline(["catalog"], change)
        fields.append(made.id_field if made else None)
    assert fields == ["sku", "", "sku"]


def fails(_: list[str]) -> BackendResponse:
    raise BackendError("broken off")


def large(_: list[str]) -> BackendResponse:
    raise AnswerTooLarge("much")


@pytest.mark.parametrize(
    "detail",
    [
        fails,
        large,
        lambda _: FakeResponse({"error": "x"}, status=400),
        lambda _: FakeResponse({"error": "x"}, status=429),
        lambda _: FakeResponse({"error": "x"}, status=503),
        lambda _: FakeResponse({"_shards": {"failed": 1}, "hits": {"hits": []}}, status=200),
        lambda _: FakeResponse({"hits": {"hits": []}}, status=200),
    ],
)
def test_a_second_phase_that_fails_is_repeated_in_one_and_left_alone_for_a_while(
    detail: Callable[[list[str]], BackendResponse],
) -> None:
    shop = visited(engine(size=3000, detail=detail))
    shop.search({"size": 2})
    answer = shop.search({"size": 2})
    assert (ids(answer), answer.reason, len(shop.backend.requests)) == (RED[:2], "", 4)
    shop.search({"size": 2})
    assert len(shop.backend.requests) == 5


def test_documents_without_the_field_are_fetched_in_one_phase() -> None:
    def reply(request: BackendRequest) -> BackendResponse:
        if b"_none_" in request.body:
            hits = [{"_index": INDEX, "_score": 1.5} for _ in ORDER]
            return FakeResponse({"hits": {"hits": hits}})
        return engine(size=3000)(request)

    shop = visited(reply)
    assert [ids(shop.search({"size": 2})) for _ in range(3)] == [RED[:2]] * 3
    assert ["stored_fields" in body for body in asked(shop)] == [False, True, False, False]


def test_a_request_that_the_engine_refuses_in_any_form_says_nothing_of_two_phases() -> None:
    def reply(request: BackendRequest) -> BackendResponse:
        if b"bad" in request.body:
            return FakeResponse({"error": "x"}, status=400)
        return engine(size=3000)(request)

    shop = visited(reply)
    shop.search({"size": 2})
    assert shop.search({"size": 2, "highlight": {"bad": 1}}).status == 400
    before = len(shop.backend.requests)
    shop.search({"size": 2})
    assert len(shop.backend.requests) == before + 2


def test_both_ends_are_counted() -> None:
    def value(result: str) -> float:
        return REGISTRY.get_sample_value("sessionrank_two_phase_total", {"result": result}) or 0.0

    before = [value("taken"), value("repeated")]
    visited(engine(), two_phase="always").search()
    visited(engine(detail=fails), two_phase="always").search()
    assert [value("taken") - before[0], value("repeated") - before[1]] == [1, 1]
