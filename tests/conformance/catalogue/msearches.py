"""Multi searches: each item is answered as the search would be alone, whatever becomes of the others."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Row, asks, msearch

__all__ = ["ROWS"]

_RED = {"query": {"match": {"name": "red"}}, "size": 5}
_HEART = {"query": {"match": {"name": "heart"}}, "size": 12, "aggs": {"g": {"terms": {"field": "group"}}}}
_BAD: dict[str, Any] = {"query": {"no_such_query": {}}}
_TWO = [{}, _RED, {}, _HEART]
_NDJSON = {"Content-Type": "application/x-ndjson"}


def _lines(*lines: str, end: str = "\n") -> bytes:
    return (end.join(lines) + end).encode()


ROWS: list[Row] = [
    msearch("one item", [{}, _RED]),
    msearch("two items", _TWO),
    msearch("twenty items", [{}, _RED, {}, _HEART] * 10),
    msearch("an item without a query", [{}, {}, {}, _RED]),
    msearch("names in the headers", [{"index": "{index}"}, _RED, {"index": "{alias}"}, _HEART], target="/_msearch"),
    msearch("a list of names in a header", [{"index": ["{index}", "{second}"]}, _RED], target="/_msearch"),
    msearch("header name over the path's", [{"index": "{other}"}, _RED, {}, _RED]),
    msearch("managed and foreign items", [{"index": "{other}"}, _RED, {"index": "{index}"}, _HEART],
            target="/_msearch"),
    msearch("an item of a missing index", [{}, _RED, {"index": "{missing}"}, _RED, {}, _HEART]),
    msearch("an item of an unmanaged missing index", [{"index": "no-such"}, _RED, {}, _HEART]),
    msearch("an item of a closed index", [{"index": "{closed}"}, _RED, {}, _HEART]),
    msearch("an item with an unknown query", [{}, _BAD, {}, _RED]),
    msearch("an item with an unknown member", [{}, {"no_such": 1}, {}, _RED]),
    msearch("only items that fail", [{}, _BAD, {"index": "{missing}"}, _RED]),
    msearch("a header with a preference", [{"preference": "visitor"}, _RED, {}, _HEART]),
    msearch("a header with a routing", [{"routing": "p06"}, _RED, {}, _HEART]),
    msearch("a header with a search_type", [{"search_type": "dfs_query_then_fetch"}, _RED, {}, _HEART]),
    msearch("a header with request_cache", [{"request_cache": True}, _RED]),
    msearch("a header with ignore_unavailable", [{"index": "{missing},{index}", "ignore_unavailable": True}, _RED]),
    msearch("a header with allow_no_indices", [{"index": "{missing}*", "allow_no_indices": False}, _RED, {}, _RED]),
    msearch("a header with an unknown member", [{"no_such": 1}, _RED]),
    msearch("items with sort, size 0, search_after and min_score", [
        {}, {"sort": ["price"], "size": 2}, {}, {"size": 0}, {}, {"sort": ["sku"], "search_after": ["SKU/010"]},
        {}, {"min_score": 1, **_RED}, {}, _HEART]),
    msearch("items with pages", [{}, {"from": 5, "size": 5}, {}, {"from": 18, "size": 6}, {}, {"from": 30}]),
    msearch("items with highlight, suggest and collapse", [
        {}, {**_HEART, "highlight": {"type": "fvh", "fields": {"name": {}}}},
        {}, {**_RED, "suggest": {"s": {"text": "haert", "term": {"field": "name"}}}},
        {}, {"query": {"match": {"name": "red"}}, "collapse": {"field": "group"}}]),
    msearch("items that find nothing", [{}, {"query": {"match": {"name": "nothing"}}}, {}, _RED]),
    msearch("number texts and unicode", _lines("{}", '{"query":{"match":{"name":"r\\u0065d"}},"size":4.0}',
                                               "{ }", '{"query":{"match_all":{"boost":1.50}},"size":3}')),
    msearch("no newline at the end", _lines("{}", '{"query":{"match":{"name":"red"}}}')[:-1]),
    msearch("CRLF", _lines("{}", '{"query":{"match":{"name":"red"}}}', end="\r\n")),
    # Engines differ in what they make of an empty line at the beginning, so that passes as it is.
    msearch("an empty line first", _lines("", '{"query":{"match":{"name":"red"}}}', "{}", '{"size":2}'),
            headers={**_NDJSON, **FRESH}, expect="untouched"),
    msearch("an empty line first and CRLF", _lines("", '{"size":2}', end="\r\n"), headers={**_NDJSON, **FRESH},
            expect="untouched"),
    msearch("an empty header line", _lines("{}", '{"size":2}', "", '{"query":{"match":{"name":"red"}}}')),
    msearch("an empty header line and CRLF", _lines("{}", '{"size":2}', "", '{"size":3}', end="\r\n")),
    msearch("blank lines at the end", _lines("{}", '{"size":2}', "", "")),
    msearch("an empty body line", _lines("{}", "", "{}", '{"size":2}')),
    msearch("a header without its body", _lines("{}", '{"size":2}', "{}"), expect="untouched"),
    msearch("broken JSON in a header", _lines("{", '{"size":2}')),
    msearch("broken JSON in an item", _lines("{}", '{"size":', "{}", '{"size":2}')),
    msearch("no body", b"", expect="untouched"),
    asks("no body at all", "POST", "/{index}/_msearch", headers=_NDJSON),
    msearch("a single newline", b"\n", headers={**_NDJSON, **FRESH}, expect="untouched"),
    msearch("a JSON body without lines", b'{"query":{"match_all":{}}}', expect="untouched"),
    msearch("content type JSON", _TWO, headers={"Content-Type": "application/json"}),
    msearch("content type text", _TWO, headers={"Content-Type": "text/plain"}, expect="untouched"),
    msearch("no content type", _TWO, headers={"Content-Type": ""}, expect="untouched"),
    msearch("max_concurrent_searches", _TWO, "max_concurrent_searches=1"),
    msearch("max_concurrent_searches 0", _TWO, "max_concurrent_searches=0"),
    msearch("typed_keys", _TWO, "typed_keys=true"),
    msearch("rest_total_hits_as_int", _TWO, "rest_total_hits_as_int=true"),
    msearch("search_type", _TWO, "search_type=dfs_query_then_fetch"),
    msearch("pre_filter_shard_size", _TWO, "pre_filter_shard_size=1"),
    msearch("ccs_minimize_roundtrips", _TWO, "ccs_minimize_roundtrips=true"),
    msearch("pretty", _TWO, "pretty"),
    msearch("an unknown parameter", _TWO, "no_such=1"),
    msearch("filter_path of the responses", _TWO, "filter_path=responses.hits.hits._id"),
    msearch("filter_path of status and took", _TWO, "filter_path=took,responses.status"),
    msearch("format yaml", _TWO, "format=yaml", expect="untouched"),
    msearch("a list of names in the path", _TWO, target="/{index},{second}/_msearch"),
    msearch("a foreign index in the path", _TWO, target="/{other}/_msearch"),
    msearch("a wildcard in the path", _TWO, target="/{prefix}-s*/_msearch"),
    msearch("X-Opaque-Id", _TWO, headers={**_NDJSON, "X-Opaque-Id": "shop-front"}),
    asks("GET", "GET", "/{index}/_msearch", _lines("{}", '{"sort":["sku"],"size":1}'), headers=_NDJSON),
]  # fmt: skip
