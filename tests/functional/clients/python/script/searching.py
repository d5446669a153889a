"""Searches in all their forms: by body, by URL, many at once, by template; and what the engine refuses."""

from __future__ import annotations

from typing import Any

from library import FAMILY, SOURCE, VERSION, raw
from transcript import Transcript

__all__ = ["searching"]

_HEART = {"match": {"name": "heart"}}
_GROUPS = {"groups": {"terms": {"field": "group", "size": 5}, "aggs": {"mean": {"avg": {"field": "popularity"}}}}}

#: Name → body of a search.
_BODIES: dict[str, dict[str, Any]] = {
    "all": {"query": {"match_all": {}}},
    "empty": {},
    "match": {"query": _HEART},
    "page": {"query": _HEART, "from": 3, "size": 4},
    "bool": {"query": {"bool": {"must": [_HEART], "filter": [{"exists": {"field": "popularity"}}],
                                "should": [{"term": {"group": "holder"}}], "must_not": [{"term": {"sku": "85123A"}}]}}},
    "multi-match": {"query": {"multi_match": {"query": "red heart", "fields": ["name^2", "group"]}}},
    "phrase": {"query": {"match_phrase": {"name": "hanging heart"}}},
    "query-string": {"query": {"query_string": {"query": "name:(heart AND white)"}}},
    "terms": {"query": {"terms": {"sku": ["85123A", "71053", "none"]}}},
    "ids": {"query": {"ids": {"values": ["85123A", "71053"]}}},
    "range": {"query": {"range": {"popularity": {"gte": 5, "lt": 20}}}, "size": 3},
    "prefix": {"query": {"prefix": {"sku": "85"}}, "size": 3},
    "wildcard": {"query": {"wildcard": {"name": {"value": "he*t"}}}, "size": 3},
    "fuzzy": {"query": {"fuzzy": {"name": "hearf"}}, "size": 3},
    "dis-max": {"query": {"dis_max": {"queries": [_HEART, {"match": {"name": "red"}}], "tie_breaker": 0.3}}},
    "function-score": {"query": {"function_score": {"query": _HEART, "weight": 3}}, "size": 3},
    "script-score": {"query": {"script_score": {"query": _HEART, "script": {"source": "_score * 2"}}}, "size": 3},
    "more-like-this": {"query": {"more_like_this": {"fields": ["name"], "like": "white heart", "min_term_freq": 1}}},
    "sort": {"query": _HEART, "sort": [{"popularity": {"order": "desc", "missing": "_last"}}, "sku"], "size": 5},
    "sort-score": {"query": _HEART, "sort": ["_score", {"sku": "asc"}], "track_scores": True, "size": 5},
    "search-after": {"query": _HEART, "sort": ["sku"], "search_after": ["5"], "size": 3},
    "aggs": {"size": 0, "aggs": _GROUPS},
    "aggs-with-hits": {"query": _HEART, "size": 2, "aggs": {
        **_GROUPS,
        "steps": {"histogram": {"field": "popularity", "interval": 50}},
        "all": {"global": {}, "aggs": {"skus": {"cardinality": {"field": "sku"}}}},
        "best": {"top_hits": {"size": 1, "_source": ["sku"]}},
    }},
    "highlight": {"query": _HEART, "highlight": {"fields": {"name": {}}}, "size": 4},
    "highlight-fvh": {"query": _HEART, "highlight": {"fields": {"name": {"type": "fvh"}}}, "size": 4},
    "collapse": {"query": _HEART, "collapse": {"field": "group"}, "size": 5},
    "collapse-inner-hits": {
        "query": _HEART, "size": 3,
        "collapse": {"field": "group", "inner_hits": {"name": "more", "size": 2, "_source": False}},
    },
    "source-none": {"query": _HEART, "_source": False},
    "source-filter": {"query": _HEART, "_source": {"includes": ["s*"], "excludes": ["group"]}, "size": 3},
    "fields": {"query": _HEART, "fields": ["name", "group"], "_source": False, "size": 3},
    "docvalue-fields": {"query": _HEART, "docvalue_fields": ["sku", "popularity"], "_source": False, "size": 3},
    "stored-none": {"query": _HEART, "stored_fields": "_none_", "size": 3},
    "script-fields": {"query": _HEART, "script_fields": {"x": {"script": "1 + 1"}}, "size": 2},
    "runtime-mappings": {"query": _HEART, "runtime_mappings": {"other": {"type": "keyword"}}, "size": 2},
    "post-filter": {"query": _HEART, "post_filter": {"term": {"group": "holder"}}, "aggs": _GROUPS},
    "suggest": {"suggest": {"s": {"text": "hearf", "term": {"field": "name"}}}, "size": 0},
    "rescore": {"query": _HEART, "rescore": {"window_size": 10, "query": {"rescore_query": {"term": {"name": "red"}}}}},
    "explain": {"query": _HEART, "explain": True, "size": 1},
    "min-score": {"query": _HEART, "min_score": 2.5},
    "total-exact": {"query": {"match_all": {}}, "track_total_hits": True, "size": 1},
    "total-none": {"query": {"match_all": {}}, "track_total_hits": False, "size": 1},
    "total-up-to": {"query": {"match_all": {}}, "track_total_hits": 5, "size": 1},
    "named": {"query": {"match": {"name": {"query": "heart", "_name": "first"}}}, "size": 2},
    "versions": {"query": _HEART, "version": True, "seq_no_primary_term": True, "size": 2},
    "terminate-after": {"query": {"match_all": {}}, "terminate_after": 3, "size": 1},
    "timeout": {"query": _HEART, "timeout": "20s", "size": 1},
    "indices-boost-old": {"query": _HEART, "indices_boost": {"*": 2.0}, "size": 1},
    "retriever": {"retriever": {"standard": {"query": _HEART}}, "size": 2},
    # The engine refuses these.
    "unknown-query": {"query": {"no_such_query": {}}},
    "unknown-member": {"query": _HEART, "no_such_member": 1},
    "unknown-field-sort": {"sort": ["no_such_field"]},
    "unknown-aggregation": {"aggs": {"a": {"no_such_kind": {}}}},
    "beyond-result-window": {"from": 10_000, "size": 1},
    "negative-size": {"size": -2},
}  # fmt: skip

#: Name → keyword arguments of a search, which the clients put into the URL or the body as they like.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "q": {"q": "name:heart"},
    "q-with-defaults": {"q": "white heart", "df": "name", "default_operator": "AND", "lenient": True},
    "q-odd-letters": {"q": 'name:"a+b & c/d?é" OR name:heart', "size": 2},
    "q-and-body": {"q": "name:red", "body": {"query": _HEART, "size": 2}},
    "size-from-sort": {"q": "heart", "size": 3, "from_": 2, "sort": "sku:desc"},
    "source-list": {"q": "heart", SOURCE: ["sku", "group"], "size": 2},
    "source-includes": {"q": "heart", "_source_includes" if SOURCE != "source" else "source_includes": "sku"},
    "filter-path": {"q": "heart", "filter_path": ["hits.total", "hits.hits._id"]},
    "filter-path-exclusion": {"q": "heart", "filter_path": "-hits.hits._source", "size": 2},
    "typed-keys": {"body": {"size": 1, "aggs": _GROUPS, "suggest": {"s": {"text": "hearf", "term": {"field": "name"}}}},
                   "typed_keys": True},
    "total-as-int": {"q": "heart", "rest_total_hits_as_int": True, "size": 1},
    "total-as-int-refused": {"q": "heart", "rest_total_hits_as_int": True, "track_total_hits": 3},
    "track-total-hits": {"q": "heart", "track_total_hits": True, "size": 1},
    "search-type": {"q": "heart", "search_type": "dfs_query_then_fetch", "size": 2},
    "preference": {"q": "heart", "preference": "visit-7", "size": 2},
    "routing": {"q": "heart", "routing": "a,b", "size": 2},
    "human-pretty": {"q": "heart", "human": True, "pretty": True, "size": 1},
    "request-cache": {"body": {"size": 0, "aggs": _GROUPS}, "request_cache": True},
    "shards": {"q": "heart", "batched_reduce_size": 2, "max_concurrent_shard_requests": 1, "pre_filter_shard_size": 1},
    "stats": {"q": "heart", "stats": ["a", "b"], "size": 1},
    "search-type-unknown": {"q": "heart", "search_type": "no_such_type"},
}  # fmt: skip

_TEMPLATE = {"source": {"query": {"match": {"name": "{{word}}"}}, "size": "{{n}}"}, "params": {"word": "red", "n": 2}}
_RATED = {
    "requests": [{"id": "r", "request": {"query": _HEART}, "ratings": [{"_index": "x", "_id": "85123A", "rating": 1}]}],
    "metric": {"precision": {"k": 5}},
}


def searching(note: Transcript, client: Any, index: str) -> None:
    """Search ``index``, which holds products with ``name``, ``group``, ``sku`` and ``popularity``."""
    for name, body in _BODIES.items():
        note(f"search body {name}", client.search, index=index, body=body)
    for name, arguments in _ARGUMENTS.items():
        note(f"search {name}", client.search, index=index, **arguments)
    _indices(note, client, index)
    _many(note, client, index)
    _templates(note, client, index)
    _beside_search(note, client, index)
    _elsewhere(note, client, index)
    if FAMILY != "old":
        _language(note, client, index)


def _indices(note: Transcript, client: Any, index: str) -> None:
    note("search several", client.search, index=[index, index], q="heart", size=2)
    note("search by wildcard", client.search, index=f"{index[:-3]}*", q="heart", size=2)
    note("search missing", client.search, index="no-such-index", q="heart")
    note("search missing ignored", client.search, index=["no-such-index", index], q="red", ignore_unavailable=True)
    note("search nothing allowed", client.search, index="no-such*", allow_no_indices=True, expand_wildcards="open")
    note("search nothing refused", client.search, index="no-such*", allow_no_indices=False)
    note("search other cluster", client.search, index="elsewhere:things", q="heart")
    note("search bad name", client.search, index="Ünfit,_bad", q="heart")
    note("search unknown parameter", raw, client, "GET", f"/{index}/_search", params={"no_such_parameter": "1"})
    note("search with a type", raw, client, "GET", f"/{index}/_doc/_search", params={"q": "heart", "size": 1})
    note("search url over body", raw, client, "POST", f"/{index}/_search", params={"size": 2}, body={"size": 7})
    note("search by source parameter", raw, client, "GET", f"/{index}/_search",
         params={"source": '{"size": 1}', "source_content_type": "application/json"})  # fmt: skip


def _many(note: Transcript, client: Any, index: str) -> None:
    lines: list[dict[str, Any]] = [
        {}, {"query": _HEART, "size": 2},
        {"index": "no-such-index"}, {"query": {"match_all": {}}},
        {"index": index, "preference": "x"}, {"from": 20_000, "size": 1},
        {"index": index}, {"size": 0, "aggs": _GROUPS},
    ]  # fmt: skip
    note("msearch", client.msearch, body=lines, index=index)
    note("msearch without index", client.msearch, body=lines[2:])
    note("msearch with parameters", client.msearch, body=lines, index=index, typed_keys=True, max_concurrent_searches=1,
         rest_total_hits_as_int=True, filter_path="responses.hits,responses.error")  # fmt: skip
    note("msearch with a bad query", client.msearch, body=[{}, {}, {}, {"query": {"no_such_query": {}}}], index=index)
    note("msearch of nothing", raw, client, "POST", f"/{index}/_msearch")
    note("msearch unbalanced", client.msearch, body=[{}], index=index)
    templates: list[dict[str, Any]] = [{}, _TEMPLATE, {"index": "no-such-index"}, _TEMPLATE]
    note("msearch template", client.msearch_template, body=templates, index=index)


def _templates(note: Transcript, client: Any, index: str) -> None:
    note("search template", client.search_template, index=index, body=_TEMPLATE)
    note("search template missing", client.search_template, index=index, body={"id": "no-such-template"})
    note("render template", client.render_search_template, body=_TEMPLATE)


def _beside_search(note: Transcript, client: Any, index: str) -> None:
    note("count", client.count, index=index, body={"query": _HEART})
    note("count all", client.count, index=index)
    note("count by q", client.count, index=index, q="heart")
    note("count missing", client.count, index="no-such-index")
    note("field caps", client.field_caps, index=index, fields="*")
    note("field caps of some", client.field_caps, index=index, fields=["name", "pop*"])
    note("validate", client.indices.validate_query, index=index, body={"query": _HEART}, explain=True)
    note("validate bad", client.indices.validate_query, index=index, body={"query": {"no": {}}}, rewrite=True)
    note("explain", client.explain, index=index, id="85123A", body={"query": _HEART})
    note("explain missing", client.explain, index=index, id="none", q="heart")
    note("shards of a search", client.search_shards, index=index)
    note("rank eval", client.rank_eval, index=index, body=_RATED)
    note("analyze", client.indices.analyze, index=index, body={"text": "White hanging heart"})


def _elsewhere(note: Transcript, client: Any, index: str) -> None:
    """What only some engines have; by path, so that all clients can ask."""
    asked = {
        "sql": ("/_sql", {"query": f'SELECT sku FROM "{index}" LIMIT 2'}),
        "eql": (f"/{index}/_eql/search", {"query": "any where true"}),
        "esql": ("/_query", {"query": f"FROM {index} | LIMIT 2"}),
        "terms enum": (f"/{index}/_terms_enum", {"field": "sku", "string": "85"}),
        "knn search": (f"/{index}/_knn_search", {"knn": {"field": "v", "query_vector": [1], "k": 1}}),
        "async search": (f"/{index}/_async_search", {"query": _HEART, "size": 2}),
    }
    for name, (path, body) in asked.items():
        note(name, raw, client, "POST", path, body=body)
    if FAMILY != "opensearch":
        note("async search submit", client.async_search.submit, index=index, body={"query": _HEART})
        note("async search get", client.async_search.get, id="FjFoeU8xMnpUUkZ1")
        note("async search delete", client.async_search.delete, id="FjFoeU8xMnpUUkZ1")
        note("sql query", client.sql.query, body={"query": f'SELECT sku FROM "{index}"'})
        note("eql search", client.eql.search, index=index, body={"query": "any where true"})
    if FAMILY == "new":
        note("esql query", client.esql.query, query=f"FROM {index}")
        note("vector tile", client.search_mvt, index=index, field="name", zoom=1, x=0, y=0)


def _language(note: Transcript, client: Any, index: str) -> None:
    """The client's own search language, which builds bodies and reads answers."""
    if FAMILY == "opensearch":
        from opensearchpy import Search
    elif VERSION.startswith("8.19") or not VERSION.startswith("8"):
        from elasticsearch.dsl import Search
    search = Search(using=client, index=index).query("match", name="heart").source(["sku"]).sort("sku")
    search.aggs.bucket("groups", "terms", field="group", size=3)
    note("language search", lambda: search[2:5].execute().to_dict())
    note("language count", search.count)
    walk = Search(using=client, index=index).query("match", name="red").params(scroll="1m")
    note("language scan", lambda: sorted(hit.meta.id for hit in walk.scan()))
    if FAMILY == "new":
        note("language iterate", lambda: [hit.meta.id for hit in search.extra(size=20).iterate()])
