"""Every way of asking for a search, and the reason where it is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from proxy.popularity.script_score import ScriptScore
from proxy.reasons import REASONS
from tests.support.asking import Ask, Got, untimed
from tests.support.shop import Shop

Visit = Callable[[Sequence[str]], dict[str, str]]
RED = {"match": {"name": "red"}}


def search(ask: Ask, shop: Shop, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Got:
    answer = ask("GET" if body is None else "POST", f"/{shop.alias}/_search{target}", body, headers)
    assert answer.status == 200, answer.body
    return answer


def as_query(text: str, **parameters: Any) -> dict[str, Any]:
    return {"query_string": {"query": text, **parameters}}


SOURCE = quote(json.dumps({"query": RED, "size": 50}))
#: Target and body → the query that they stand for.
SAME: dict[str, tuple[str, Any, Any]] = {
    "q": ("?q=name:red&size=50", None, as_query("name:red")),
    "q-with-its-parameters": (
        "?q=red+heart&df=name&default_operator=AND&size=50",
        None,
        as_query("red heart", default_field="name", default_operator="AND"),
    ),
    "q-over-the-body": ("?q=name:red&size=50", {"query": {"match": {"name": "heart"}}}, as_query("name:red")),
    "the-last-q": ("?q=name:heart&q=name%3Ared&size=50", None, as_query("name:red")),
    "source": (f"?source_content_type=application/json&source={SOURCE}", None, RED),
    "no-body": ("?size=50", None, {"match_all": {}}),
    "no-query": ("", {"size": 50}, {"match_all": {}}),
    "empty-body": ("?size=50", b"", {"match_all": {}}),
    "empty-object": ("?size=50", {}, {"match_all": {}}),
    "size-in-the-url-wins": ("?size=50&from=0", {"query": RED, "size": 3, "from": 2}, RED),
    "the-last-size": ("?size=3&size=50", {"query": RED}, RED),
    "size-as-a-text": ("", {"query": RED, "size": "50"}, RED),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_every_form_means_the_query_that_it_stands_for(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, name: str
) -> None:
    target, body, query = SAME[name]
    wrapped = ScriptScore().wrap(query, field="popularity", weight=1.0)
    expected = search(direct, shop, "", {"query": wrapped, "size": 50})
    plain = search(proxy, shop, target, body)
    assert plain.reason == "no-session"
    assert untimed(plain.body) == untimed(expected.body)
    session = visit(shop.of_cluster(0))
    personal = search(proxy, shop, target, body, session)
    assert personal.reason == ""
    assert personal.ids() == search(proxy, shop, "", {"query": query, "size": 50}, session).ids() != expected.ids()


FILTER_PATHS = (
    "hits.hits._id",
    "hits.hits._source",
    "hits.hits._source.name",
    "hits.total,hits.hits._score",
    "hits",
    "took,hits.hits",
    "**._id",
    "*.hits._index",
    "hits.hits._id,hits.hits._index,_shards.failed",
    "hits.hits.*",
    "_shards,hits.hits._source",
    "_shards.total,hits.hits._id",
    "-hits.hits._score",
    "-took,-_shards.total",
    "hits.hits,-hits.hits._source",
    "hits.hits.highlight",
    "hits.hits._source,aggregations",
)


@pytest.mark.parametrize("wish", FILTER_PATHS)
def test_filter_path_gives_what_the_engine_gives_for_the_same_hits(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, wish: str
) -> None:
    """The engine's own filtered answer to the query that finds the same hits in the same order, each with its score."""
    body = {
        "query": RED,
        "size": 20,
        "highlight": {"fields": {"name": {}}},
        "aggs": {"groups": {"terms": {"field": "group"}}},
    }
    target = "?filter_path=" + quote(wish, safe=",*")
    session = visit(shop.of_cluster(3))
    order = search(proxy, shop, "", body, session).ids()
    window = body | {"query": ScriptScore().wrap(RED, field="popularity", weight=1.0), "size": 100}
    whole = search(direct, shop, "", window).json()["hits"]["hits"]
    place = {hit["_id"]: position for position, hit in enumerate(whole)}
    expected = search(direct, shop, target, window).json()
    if len(expected.get("hits", {}).get("hits", [])) == len(whole):
        hits = expected["hits"]["hits"]
        expected["hits"]["hits"] = [hits[place[each]] for each in order]
    got = search(proxy, shop, target, body, session)
    answer = got.json()
    if "took" in expected:
        answer["took"] = expected["took"]
    assert answer == expected
    assert got.reason == ""


@pytest.mark.parametrize("wish", ["hits.total", "aggregations", "took", "-hits.hits", "-hits.hits._id", "-**._index"])
def test_a_filter_path_that_cannot_be_ranked_by_is_answered_in_the_order_of_the_wrapped_query(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, wish: str
) -> None:
    target = "?filter_path=" + wish
    body = {"query": RED, "aggs": {"groups": {"terms": {"field": "group"}}}}
    lifted = body | {"query": ScriptScore().wrap(RED, field="popularity", weight=1.0)}
    expected = untimed(search(direct, shop, target, lifted).body)
    for session, reason in ((visit(shop.of_cluster(3)), "no-hits-asked"), (None, "no-session")):
        got = search(proxy, shop, target, body, session)
        assert untimed(got.body) == expected
        assert got.reason == reason


#: What a hit may be asked for: members of the body.
HIT_MEMBERS: dict[str, dict[str, Any]] = {
    "no-source": {"_source": False},
    "some-source": {"_source": ["name"]},
    "no-stored-fields": {"stored_fields": "_none_"},
    "no-stored-fields-in-a-list": {"stored_fields": ["_none_"]},
    "no-stored-fields-but-doc-values": {"stored_fields": "_none_", "docvalue_fields": ["sku"]},
    "stored-fields": {"stored_fields": ["sku"]},
    "doc-values": {"docvalue_fields": ["sku", {"field": "popularity"}], "_source": False},
    "fields": {"fields": ["name", "gr*"], "_source": False},
    "explain": {"explain": True},
    "collapse": {"collapse": {"field": "group"}},
}


@pytest.mark.parametrize("name", HIT_MEMBERS)
def test_hits_hold_what_the_client_asked_for_and_no_more(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, name: str
) -> None:
    body = {"query": RED, "size": 100, **HIT_MEMBERS[name]}
    wrapped = body | {"query": ScriptScore().wrap(RED, field="popularity", weight=1.0)}
    session = visit(shop.of_cluster(3))
    got = search(proxy, shop, "", body, session)
    own = search(direct, shop, "", wrapped).json()["hits"]["hits"]
    hits = got.json()["hits"]["hits"]
    assert got.reason == ""
    assert sorted(map(json.dumps, hits)) == sorted(map(json.dumps, own))
    if "explain" not in name:
        assert hits != own


def test_stored_fields_none_in_the_url_costs_no_personalisation(proxy: Ask, shop: Shop, visit: Visit) -> None:
    got = search(proxy, shop, "?q=red&stored_fields=_none_&size=100", None, visit(shop.of_cluster(3)))
    assert got.reason == ""
    assert {tuple(hit) for hit in got.json()["hits"]["hits"]} == {("_index", "_score")}


#: Target, body, headers and the reason for which the search is left alone though there is a session.
ALONE: dict[str, tuple[str, Any, dict[str, str], str]] = {
    "sort": ("", {"query": RED, "sort": ["popularity"]}, {}, "sort"),
    "sort-in-the-url": ("?q=red&sort=sku:desc", None, {}, "sort"),
    "sort-by-score-and-more": ("", {"query": RED, "sort": ["_score", "sku"]}, {}, "sort"),
    "sort-by-score-upwards": ("", {"query": RED, "sort": [{"_score": "asc"}]}, {}, "sort"),
    "search-after": ("", {"query": RED, "sort": ["sku"], "search_after": ["2"]}, {}, "walk"),
    "scroll": ("?scroll=1s", {"query": RED}, {}, "walk"),
    "slice": ("?scroll=1s", {"query": RED, "slice": {"id": 0, "max": 2}}, {}, "walk"),
    "rescore": ("", {"query": RED, "rescore": {"query": {"rescore_query": RED}}}, {}, "ranked-elsewhere"),
    "min-score": ("", {"query": RED, "min_score": 0.1}, {}, "min-score"),
    "profile": ("", {"query": RED, "profile": True}, {}, "profile"),
    "size-0": ("?size=0", {"query": RED}, {}, "no-hits-asked"),
    "size-0-in-the-body": ("", {"query": RED, "size": 0}, {}, "no-hits-asked"),
    "suggest-alone": ("", {"suggest": {"s": {"text": "haert", "term": {"field": "name"}}}}, {}, "no-hits-asked"),
    "yaml": ("?format=yaml&q=red", None, {}, "format"),
    "accept-yaml": ("?q=red", None, {"Accept": "application/yaml"}, "format"),
    "yaml-body": ("", b"---\nquery:\n  match_all: {}\n", {"Content-Type": "application/yaml"}, "format"),
    "off": ("?q=red", None, {"X-Sessionrank": "off"}, "off"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_what_is_left_alone_says_why(proxy: Ask, direct: Ask, shop: Shop, visit: Visit, name: str) -> None:
    target, body, headers, reason = ALONE[name]
    got = search(proxy, shop, target, body, visit(shop.of_cluster(3)) | headers)
    assert got.reason == reason
    assert reason in REASONS
    if name not in ("scroll", "slice", "profile"):
        assert untimed(got.body) == untimed(search(direct, shop, target, body, headers).body)


@pytest.mark.parametrize("sort", ["_score", ["_score"], [], {"_score": "desc"}, [{"_score": {"order": "desc"}}]])
def test_a_sort_by_score_alone_is_no_sort(proxy: Ask, shop: Shop, visit: Visit, sort: Any) -> None:
    session = visit(shop.of_cluster(3))
    got = search(proxy, shop, "", {"query": RED, "sort": sort, "size": 50}, session)
    assert got.reason == ""
    assert untimed(got.body) == untimed(search(proxy, shop, "", {"query": RED, "size": 50}, session).body)


def test_a_page_past_the_window_is_wrapped_but_not_ranked(proxy: Ask, direct: Ask, shop: Shop, visit: Visit) -> None:
    body = {"query": {"match_all": {}}, "from": 100, "size": 50}
    got = search(proxy, shop, "", body, visit(shop.of_cluster(3)))
    assert got.reason == "beyond-window"
    wrapped = body | {"query": ScriptScore().wrap({"match_all": {}}, field="popularity", weight=1.0)}
    assert untimed(got.body) == untimed(search(direct, shop, "", wrapped).body)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no-session"),
        ({"X-Session-Id": "never-seen-before"}, "empty-session"),
        ({"X-Session-Id": "x" * 10_000}, "bad-session"),
        ({"X-Session-Id": "a b"}, "bad-session"),
        ({"X-Session-Id": "caf\u00e9"}, "bad-session"),
        ({"X-Session-Id": ""}, "bad-session"),
        ({"X-Session-Id": "tab\tinside"}, "bad-session"),
    ],
)
def test_a_session_that_tells_nothing_gets_the_plain_answer(
    proxy: Ask, shop: Shop, headers: dict[str, str], reason: str
) -> None:
    got = search(proxy, shop, "?q=red", None, headers)
    assert got.reason == reason
    assert untimed(got.body) == untimed(search(proxy, shop, "?q=red").body)


def test_a_session_of_unknown_products_has_no_vector(proxy: Ask, shop: Shop, visit: Visit) -> None:
    assert search(proxy, shop, "?q=red", None, visit(["no-such-product"])).reason == "no-vector"
    assert search(proxy, shop, "?q=red", None, visit(shop.without_vector[:3])).reason == "no-vector"


def test_hits_of_which_none_has_a_vector_say_so(proxy: Ask, shop: Shop, visit: Visit) -> None:
    query = {"terms": {"sku": list(shop.without_vector[:4])}}
    assert search(proxy, shop, "", {"query": query}, visit(shop.of_cluster(0))).reason == "no-known-hits"


def test_the_session_may_be_named_by_another_header(proxy_with: Callable[..., Ask], shop: Shop, visit: Visit) -> None:
    ask, session = proxy_with(session_header="X-Visit"), visit(shop.of_cluster(0))
    assert search(ask, shop, "?q=red", None, session).reason == "no-session"
    assert search(ask, shop, "?q=red", None, {"X-Visit": session["X-Session-Id"]}).reason == ""
