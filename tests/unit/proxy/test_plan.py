"""The plan of a search, request by request."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.plan import Extras, Page, PassThrough, Planner, Rewrite
from proxy.request import ClientRequest
from proxy.settings import ProxySettings

SESSION = "0123456789abcdef0123456789abcdef"
JSON = ("content-type", "application/json")
BAG = {"query": {"match": {"name": "bag"}}}


def plan(
    body: Any = None,
    target: str = "/catalog/_search",
    *,
    session: str | None = SESSION,
    headers: list[tuple[str, str]] | None = None,
    method: str = "POST",
    names: tuple[str, ...] = ("catalog",),
    **settings: Any,
) -> PassThrough | Rewrite:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = ClientRequest(method, target, [JSON] if headers is None else headers, raw)
    return Planner(ProxySettings(**{"pages": "follow", **settings})).plan(request, names, session)


def rewritten(*args: Any, **kwargs: Any) -> tuple[Rewrite, dict[str, Any], dict[str, list[str]]]:
    made = plan(*args, **kwargs)
    assert isinstance(made, Rewrite), made
    return made, json.loads(made.request.body), parse_qs(urlsplit(made.request.target).query, keep_blank_values=True)


def wrapped(body: dict[str, Any]) -> Any:
    return body["query"]["script_score"]["query"]


def test_a_search_is_wrapped_and_asks_for_the_window() -> None:
    made, body, url = rewritten(BAG)
    assert made.page == Page(start=0, size=10, window=100, text="bag")
    assert (body["from"], body["size"]) == (0, 100)
    assert wrapped(body) == BAG["query"]
    assert url == {"preference": [SESSION[:16]]}
    assert body["query"]["script_score"]["script"]["params"] == {"field": "popularity", "weight": 1.0}


def test_without_a_session_only_the_query_changes() -> None:
    made, body, url = rewritten({**BAG, "size": 3, "from": 5}, session=None)
    assert (made.page, made.reason) == (None, "no-session")
    assert (body["from"], body["size"], url) == (5, 3, {})
    assert wrapped(body) == BAG["query"]


def test_a_page_across_the_windows_edge_asks_for_both_parts() -> None:
    made, body, _ = rewritten({**BAG, "from": 95, "size": 20})
    assert made.page == Page(start=95, size=20, window=100, text="bag")
    assert body["size"] == 115


def test_a_page_past_the_window_keeps_its_numbers_and_the_preference() -> None:
    made, body, url = rewritten({**BAG, "from": 100})
    assert (made.page, made.reason) == (None, "beyond-window")
    assert body["from"] == 100
    assert "size" not in body
    assert url == {"preference": [SESSION[:16]]}


def test_the_url_wins_over_the_body_and_the_last_duplicate_wins() -> None:
    made, body, url = rewritten({**BAG, "size": 3}, "/catalog/_search?size=4&size=7&from=2&q=a+b&df=name")
    assert made.page == Page(start=2, size=7, window=100, text="a b")
    assert wrapped(body) == {"query_string": {"query": "a b", "default_field": "name"}}
    assert set(url) == {"preference"}


@pytest.mark.parametrize("query", [{"nonsense": {}}, [], None, "x", {}])
def test_a_query_in_the_url_does_not_hide_one_in_the_body_that_engines_refuse(query: Any) -> None:
    assert plan({"query": query}, "/catalog/_search?q=a") == PassThrough("unreadable")


def test_what_stays_in_the_url_stays_as_it_was_written() -> None:
    made = plan(BAG, "/catalog/_search?_source=na%6De&pretty&size=3&preference=mine")
    assert isinstance(made, Rewrite)
    assert made.request.target == "/catalog/_search?_source=na%6De&pretty&preference=mine"


@pytest.mark.parametrize("target", ["/catalog/_search", "/catalog/_search?size=2"])
def test_no_query_means_all_documents(target: str) -> None:
    _, body, _ = rewritten(None, target, headers=[], method="GET")
    assert wrapped(body) == {"match_all": {}}


def test_a_source_parameter_is_the_body() -> None:
    source = "/catalog/_search?source=%7B%22query%22%3A%7B%22match_all%22%3A%7B%7D%7D%2C%22size%22%3A3%7D"
    made, body, url = rewritten(None, source + "&source_content_type=application/json", headers=[], method="GET")
    assert made.page == Page(start=0, size=3, window=100)
    assert wrapped(body) == {"match_all": {}}
    assert set(url) == {"preference"}


def test_the_clients_bytes_stand_in_the_changed_body() -> None:
    query, aggs = b'{"range": {"price": {"gte": 1.0E2, "lt": 9007199254740993.0}}}', b'{"a":{"sum":{"field":"x"}}}'
    raw = b'{ "query": ' + query + b' , "aggs":' + aggs + b"}"
    made = plan(raw)
    assert isinstance(made, Rewrite)
    assert query in made.request.body
    assert aggs in made.request.body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({**BAG, "sort": ["price"]}, "sort"),
        ({**BAG, "sort": ["_score", "price"]}, "sort"),
        ({**BAG, "sort": {"_score": "asc"}}, "sort"),
        ({**BAG, "search_after": [1]}, "walk"),
        ({**BAG, "pit": {"id": "x"}}, "walk"),
        ({**BAG, "slice": {"id": 0, "max": 2}}, "walk"),
        ({**BAG, "rescore": {}}, "ranked-elsewhere"),
        ({"knn": {"field": "v"}}, "ranked-elsewhere"),
        ({"retriever": {}}, "ranked-elsewhere"),
        ({"query": {"hybrid": {"queries": []}}}, "ranked-elsewhere"),
        ({"query": {"pinned": {"ids": [], "organic": {}}}}, "paid-places"),
        ({"query": {"bool": {"must": [{"rule": {"organic": {}}}]}}}, "paid-places"),
        ({**BAG, "size": 0}, "no-hits-asked"),
        ({"suggest": {"s": {"text": "x", "term": {"field": "name"}}}}, "no-hits-asked"),
        ({**BAG, "profile": True}, "profile"),
        ({**BAG, "min_score": 1}, "min-score"),
        ({**BAG, "size": -1}, "unreadable"),
        ({**BAG, "size": "ten"}, "unreadable"),
        (b"{not json", "unreadable"),
        (b"[]", "unreadable"),
        (b"   ", "unreadable"),
        (b'{"size":1,"size":1}', "unreadable"),
        (b'{"size":1, "query":{"match_all":{}}, "size":2}', "unreadable"),
        (b'{"size":1} trailing', "unreadable"),
    ],
)
def test_what_is_not_ours_to_order_passes_untouched(body: Any, reason: str) -> None:
    assert plan(body) == PassThrough(reason)


@pytest.mark.parametrize(
    "sort", ["_score", ["_score"], {"_score": "desc"}, [{"_score": {"order": "desc"}}], [], [{"_score": {}}]]
)
def test_a_sort_by_score_alone_is_no_sort(sort: Any) -> None:
    assert isinstance(plan({**BAG, "sort": sort}), Rewrite)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/catalog/_search?scroll=1m", "walk"),
        ("/catalog/_search?sort=price:asc", "sort"),
        ("/catalog/_search?sort=_score:asc", "sort"),
        ("/catalog/_search?format=yaml", "format"),
        ("/catalog/_search?search_pipeline=p", "ranked-elsewhere"),
        ("/catalog/_search?size=0", "no-hits-asked"),
        ("/catalog/_search?size=x", "unreadable"),
        ("/catalog/_search?a=1;sort=price", "unreadable"),
        ("/catalog/_search?source=%7B%7D", "unreadable"),
    ],
)
def test_url_parameters_can_forbid_a_change(target: str, reason: str) -> None:
    assert plan(BAG, target) == PassThrough(reason)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([JSON, ("X-Sessionrank", "off")], "off"),
        ([JSON, ("Accept", "application/yaml")], "format"),
        ([JSON, ("Accept", "application/vnd.elasticsearch+cbor;compatible-with=8")], "format"),
        ([("Content-Type", "application/cbor")], "format"),
        ([("Content-Type", "application/x-ndjson")], "format"),
        ([], "format"),
        ([JSON, ("Content-Encoding", "br")], "unreadable"),
    ],
)
def test_headers_can_forbid_a_change(headers: list[tuple[str, str]], reason: str) -> None:
    assert plan(BAG, headers=headers) == PassThrough(reason)


def test_a_vendors_type_in_a_list_is_one_that_its_engine_does_not_see() -> None:
    accept = "application/vnd.elasticsearch+json; compatible-with=8,text/plain"
    made, _, _ = rewritten(None, headers=[("Accept", accept)], method="GET")
    assert {("Content-Type", "application/json"), ("Accept", accept)} <= set(made.request.headers)


@pytest.mark.parametrize("start", [b"10", b'"10"', b"10.0", b"10.9", b'"10.5"', b"1e1", b"1.05E+1"])
def test_pages_start_where_engines_see_it(start: bytes) -> None:
    made, _, _ = rewritten(b'{"from":' + start + b"}")
    assert made.page is not None
    assert made.page.start == 10
    made, _, _ = rewritten({}, "/catalog/_search?from=%2B10")
    assert made.page is not None
    assert made.page.start == 10


@pytest.mark.parametrize("start", [b"-1", b"null", b"true", b"[1]", b'" 1"', b"10000000000", b"1e99"])
def test_an_odd_start_is_left_to_the_engine(start: bytes) -> None:
    assert plan(b'{"from":' + start + b"}") == PassThrough("unreadable")


def test_versioned_media_types_are_kept() -> None:
    media = "application/vnd.elasticsearch+json; compatible-with=8"
    made, _, _ = rewritten(BAG, headers=[("Content-Type", media), ("Accept", media)])
    assert ("Content-Type", media) in made.request.headers
    made, _, _ = rewritten(None, headers=[("Accept", media)], method="GET")
    assert ("Content-Type", media) in made.request.headers


def test_our_headers_and_the_session_id_never_reach_the_engine() -> None:
    headers = [JSON, ("X-Session-Id", "secret"), ("X-Sessionrank-Explain", "true"), ("X-Opaque-Id", "7")]
    made, _, _ = rewritten(BAG, headers=headers)
    names = {name.lower() for name, _ in made.request.headers}
    assert names == {"content-type", "accept-encoding", "x-opaque-id"}
    own = Planner(ProxySettings()).own(ClientRequest("GET", "/", headers))
    assert own.headers == [JSON, ("X-Opaque-Id", "7")]


@pytest.mark.parametrize("names", [("other",), ("catalog", "other"), ("cat*",), ("-catalog",), ("c:catalog",), ()])
def test_an_index_that_is_not_managed_passes_untouched(names: tuple[str, ...]) -> None:
    assert plan(BAG, names=names) == PassThrough("not-managed")


def test_globs_of_ours_match_and_globs_of_clients_only_when_written_so() -> None:
    assert isinstance(plan(BAG, names=("shop-de", "shop-fr"), indices=("shop-*",)), Rewrite)
    assert isinstance(plan(BAG, names=("shop-*",), indices=("shop-*",)), Rewrite)
    assert plan(BAG, names=("shop-d*",), indices=("shop-*",)) == PassThrough("not-managed")


def test_a_gzipped_body_is_read_within_the_limit() -> None:
    headers = [JSON, ("Content-Encoding", "gzip")]
    made, body, _ = rewritten(gzip.compress(json.dumps(BAG).encode()), headers=headers)
    assert wrapped(body) == BAG["query"]
    assert not any(name.lower() == "content-encoding" for name, _ in made.request.headers)
    bomb = gzip.compress(b'{"query":' + b" " * 100_000 + b'{"match_all":{}}}')
    assert plan(bomb, headers=headers, max_body_bytes=10_000) == PassThrough("too-large")
    assert plan(bomb[:-20], headers=headers) == PassThrough("unreadable")


def test_highlights_are_made_by_the_clients_query() -> None:
    _, body, _ = rewritten({**BAG, "highlight": {"fields": {"name": {"type": "fvh"}}}})
    assert body["highlight"] == {"fields": {"name": {"type": "fvh"}}, "highlight_query": BAG["query"]}
    own = {"fields": {"name": {}}, "highlight_query": {"match_all": {}}}
    _, body, _ = rewritten({**BAG, "highlight": own})
    assert body["highlight"] == own


def test_filter_path_is_widened_and_the_extras_are_noted() -> None:
    made, _, url = rewritten(BAG, "/catalog/_search?filter_path=hits.total,hits.hits._source.name")
    assert url["filter_path"] == ["hits.total,hits.hits._source.name,hits.hits._id,hits.hits._index,_shards.failed"]
    assert made.extras == Extras(("_id", "_index"), "", "all", drops_empty=True)
    made, _, url = rewritten(BAG, "/catalog/_search?filter_path=**._id,hits.hits._*,_shards.total")
    assert made.extras == Extras((), "", "failed", drops_empty=True)
    made, _, _ = rewritten(BAG, "/catalog/_search?filter_path=hits,_shards")
    assert made.extras == Extras()


@pytest.mark.parametrize("wish", ["took", "hits.max_score,aggregations", "-hits.hits._id", "hits.hits,-hits.*._index"])
@pytest.mark.parametrize("session", [SESSION, None])
def test_where_hits_cannot_be_told_the_search_is_wrapped_all_the_same(wish: str, session: str | None) -> None:
    made, body, _ = rewritten(BAG, f"/catalog/_search?filter_path={wish}", session=session)
    assert (made.page, made.reason) == (None, "no-hits-asked" if session else "no-session")
    assert wrapped(body) == BAG["query"]


@pytest.mark.parametrize("name", ["content-type", "content-encoding"])
def test_headers_that_engines_refuse_twice_are_left_to_them(name: str) -> None:
    assert plan(BAG, headers=[JSON, (name, "application/json"), (name, "x")]) == PassThrough("unreadable")


def test_headers_that_mean_another_method_stay_here() -> None:
    overrides = [("X-HTTP-Method-Override", "DELETE"), ("x-method-override", "PUT"), ("X-Http-Method", "PUT")]
    made, _, _ = rewritten(BAG, headers=[JSON, *overrides])
    request = ClientRequest("POST", "/catalog/_search", [*overrides, ("a", "b")], b"")
    own = Planner(ProxySettings()).own(request)
    assert own.headers == [("a", "b")]
    assert not any("method" in name.lower() for name, _ in made.request.headers)


@pytest.mark.parametrize(
    ("wish", "tells"),
    [
        ("hits.hits.fields", True),
        ("hits.hits._id", True),
        ("hits.hits.fields.price", False),
        ("-hits.hits.fields", False),
    ],
)
def test_a_field_as_item_id_must_be_told_by_filter_path_as_well(wish: str, tells: bool) -> None:
    made, _, _ = rewritten(BAG, f"/catalog/_search?filter_path={wish}", item_id="sku")
    assert (made.page is not None) is tells


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"collapse": {"field": "sku"}}, ""),
        ({"stored_fields": ["sku"]}, ""),
        ({"stored_fields": "*"}, ""),
        ({}, "?stored_fields=a,sku"),
        ({"docvalue_fields": ["sku"]}, ""),
        ({"fields": ["s*"]}, ""),
    ],
)
def test_a_field_that_the_client_is_shown_anyway_is_not_taken_out(body: dict[str, Any], target: str) -> None:
    made, asked, _ = rewritten({**BAG, **body}, f"/catalog/_search{target}", item_id="sku")
    assert not made.extras.item_field
    assert asked.get("docvalue_fields") == body.get("docvalue_fields")


def test_a_completion_suggester_would_show_the_item_field_too() -> None:
    suggest = {"s": {"prefix": "a", "completion": {"field": "x"}}}
    assert plan({**BAG, "suggest": suggest}, item_id="sku") == PassThrough("unreadable")
    assert isinstance(plan({**BAG, "suggest": suggest}), Rewrite)


def test_a_script_called_like_the_item_id_is_left_alone() -> None:
    assert plan({**BAG, "script_fields": {"sku": {}}}, item_id="sku") == PassThrough("unreadable")


def test_no_stored_fields_still_tell_the_id() -> None:
    made, body, _ = rewritten({**BAG, "stored_fields": "_none_"})
    assert made.extras == Extras(("_id", "_routing", "_ignored"), "", "")
    assert body["_source"] is False
    assert "stored_fields" not in body
    made, body, url = rewritten(BAG, "/catalog/_search?stored_fields=_none_")
    assert (made.extras.hit_members, body["_source"], set(url)) == (
        ("_id", "_routing", "_ignored"),
        False,
        {"preference"},
    )


@pytest.mark.parametrize(
    "beside",
    [
        {"fields": ["a"]},
        {"suggest": {}},
        {"highlight": {}},
        {"_source": True},
        {"collapse": {"field": "a", "inner_hits": {"name": "b"}}},
        {"query": {"nested": {"path": "a", "query": {"match_all": {}}, "inner_hits": {}}}},
    ],
)
def test_what_stored_fields_of_none_means_for_more_than_the_hits_is_left_to_the_engine(beside: dict[str, Any]) -> None:
    assert plan({**BAG, "stored_fields": "_none_", **beside}) == PassThrough("unreadable")


@pytest.mark.parametrize(
    "query",
    [
        {"term": {"pinned": {"value": True}}},
        {"bool": {"filter": [{"term": {"rule": {"value": 1}}}]}},
        {"match": {"semantic": {"query": "x"}}},
        {"match": {"hybrid": {"query": "x", "boost": 2}}},
        {"range": {"knn": {"gte": 1}}},
        {"match": {"neural": {"query": "x"}}},
    ],
)
def test_a_field_may_be_called_like_a_query(query: dict[str, Any]) -> None:
    assert isinstance(plan({"query": query}), Rewrite)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"pinned": {"ids": ["1"], "organic": BAG["query"]}}, "paid-places"),
        (
            {"bool": {"must": [{"rule": {"organic": BAG["query"], "match_criteria": {}, "ruleset_ids": []}}]}},
            "paid-places",
        ),
        ({"knn": {"field": "v", "query_vector": [1]}}, "ranked-elsewhere"),
        ({"knn": {"v": {"vector": [1], "k": 3}}}, "ranked-elsewhere"),
        ({"hybrid": {"queries": []}}, "ranked-elsewhere"),
        ({"neural": {"v": {"query_text": "x", "model_id": "m"}}}, "ranked-elsewhere"),
        ({"semantic": {"field": "v", "query": "x"}}, "ranked-elsewhere"),
        ({"sparse_vector": {"field": "v", "inference_id": "m", "query": "x"}}, "ranked-elsewhere"),
        ({"text_expansion": {"v": {"model_id": "m", "model_text": "x"}}}, "ranked-elsewhere"),
        ({"neural_sparse": {"v": {"query_tokens": {}}}}, "ranked-elsewhere"),
    ],
)
def test_queries_that_rank_by_themselves_are_left_alone(query: dict[str, Any], reason: str) -> None:
    assert plan({"query": query}) == PassThrough(reason)


def test_percolated_highlights_are_left_to_the_engine() -> None:
    query = {"percolate": {"field": "q", "document": {"t": "a"}}}
    assert plan({"query": query, "highlight": {"fields": {"t": {}}}}) == PassThrough("unreadable")
    assert isinstance(plan({"query": query}), Rewrite)


def test_a_field_as_item_id_is_asked_for_beside_the_clients_fields() -> None:
    made, body, _ = rewritten({**BAG, "docvalue_fields": ["price"]}, item_id="sku")
    assert body["docvalue_fields"] == ["price", {"field": "sku"}]
    assert made.extras.item_field == "sku"


def test_the_strategy_none_and_no_popularity_leave_the_request_alone() -> None:
    made, _, _ = rewritten(BAG, strategy="none")
    assert (made.page, made.reason) == (None, "strategy-none")
    assert plan(BAG, strategy="none", popularity="none") == PassThrough("strategy-none")
    assert plan(BAG, session=None, popularity="none") == PassThrough("no-session")


def test_function_score_gives_the_same_wrap_without_a_script() -> None:
    _, body, _ = rewritten(BAG, popularity="function_score")
    assert body["query"]["function_score"]["query"] == BAG["query"]
    assert "script" not in json.dumps(body)
