"""Every top-level member of the search body that shops use, and the forms that its values may have."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Row, search

__all__ = ["ROWS"]

_RED: dict[str, Any] = {"query": {"match": {"name": "red"}}}
_GROUPS = {"groups": {"terms": {"field": "group"}}}


def _red(name: str, expect: Any = "ranked", **more: Any) -> Row:
    """A search for one word, with more members of the body."""
    return search(name, {**_RED, **more}, expect=expect)


ROWS = [
    search("no body"),
    search("empty object", {}),
    search("empty object with blanks", b" { } "),
    search("GET with body", _RED, method="GET"),
    search("query alone", _RED),
    search("query null", {"query": None}),
    search("match_all", {"query": {"match_all": {}}}),
    search("match_none", {"query": {"match_none": {}}}),
    search("layout and number texts of the body", b'{\n "size" : 5 ,\t"query":{"match_all":{"boost":1.50}} }\r\n'),
    search("unicode and escapes in the query", b'{"query":{"match":{"name":"r\\u0065d \xc3\xa9 \\"x\\""}}}'),
    _red("size 1", size=1),
    _red("size 0", "untouched", size=0),
    _red("size beyond the window", size=30),
    _red("size as a text", size="4"),
    _red("size as a fraction", size=4.0),
    _red("from and size inside the window", **{"from": 5, "size": 5}),
    search("from and size across the window's edge", {"from": 15, "size": 10}),
    search("page that ends at the window's edge", {"from": 10, "size": 10}),
    search("page past the window", {"from": 20, "size": 10}, expect="wrapped"),
    search("page past the last hit", {"from": 500, "size": 10}, expect="wrapped"),
    search("whole index in one page", {"size": 200}),
    _red("sort by _score", sort=["_score"]),
    _red("sort by _score descending", sort=[{"_score": {"order": "desc"}}]),
    _red("sort by _score as a text", sort="_score"),
    _red("sort by _score as an object", sort={"_score": "desc"}),
    _red("sort by nothing", sort=[]),
    _red("sort by _score ascending", "untouched", sort=[{"_score": "asc"}]),
    _red("sort by a field", "untouched", sort=["price"]),
    _red("sort by a field, then _score", "untouched", sort=[{"price": "desc"}, "_score"]),
    _red("sort by _score, then a field", "untouched", sort=["_score", {"sku": "asc"}]),
    _red("sort by _doc", "untouched", sort=["_doc"]),
    _red("sort with missing, mode and unmapped_type", "untouched",
         sort=[{"stock": {"order": "asc", "missing": "_first", "mode": "max"}}, {"x": {"unmapped_type": "long"}}]),
    _red("sort by nested field", "untouched",
         sort=[{"variants.size": {"order": "desc", "nested": {"path": "variants"}}}, "sku"]),
    _red("sort by distance", "untouched",
         sort=[{"_geo_distance": {"place": [2.3, 48.8], "unit": "km"}}]),
    _red("sort by script", "untouched",
         sort={"_script": {"type": "number", "script": {"source": "doc['price'].value"}, "order": "asc"}}),
    _red("sort by date with format", "untouched", sort=[{"added": {"format": "yyyy-MM-dd", "order": "desc"}}]),
    _red("sort by a field that is not there", "untouched", sort=["no_such_field"]),
    _red("track_scores without sort", track_scores=True),
    _red("track_scores with sort", "untouched", track_scores=True, sort=["sku"]),
    _red("track_total_hits true", track_total_hits=True),
    _red("track_total_hits false", track_total_hits=False),
    _red("track_total_hits as a number", track_total_hits=3),
    _red("track_total_hits below -1", track_total_hits=-3),
    _red("min_score", "untouched", min_score=0.5),
    _red("post_filter", post_filter={"term": {"available": True}}, aggs=_GROUPS),
    _red("aggs", aggs=_GROUPS),
    _red("aggregations", aggregations=_GROUPS),
    _red("_source false", _source=False),
    _red("_source true", _source=True),
    _red("_source one field", _source="name"),
    _red("_source list with wildcard", _source=["name", "maker.*"]),
    _red("_source includes and excludes", _source={"includes": ["na*", "variants"], "excludes": ["variants.note"]}),
    _red("stored_fields", stored_fields=["stored"]),
    _red("stored_fields none", stored_fields="_none_"),
    _red("stored_fields none as a list", stored_fields=["_none_"]),
    _red("stored_fields empty", stored_fields=[]),
    _red("stored_fields with _source", stored_fields=["stored", "_source"]),
    _red("stored_fields none beside _source", "untouched", stored_fields="_none_", _source=True),
    _red("docvalue_fields", docvalue_fields=["price", "sku"]),
    _red("docvalue_fields with format", docvalue_fields=[{"field": "added", "format": "yyyy"}]),
    _red("fields", fields=["name", "price"], _source=False),
    _red("fields with wildcard and format", fields=["ma*", {"field": "added", "format": "epoch_millis"}]),
    _red("fields of nested documents", fields=["variants.*"], _source=False),
    _red("fields of an alias field", fields=["category"], _source=False),
    _red("explain", explain=True, size=2),
    _red("version", version=True),
    _red("seq_no_primary_term", seq_no_primary_term=True),
    _red("terminate_after", terminate_after=5),
    _red("timeout", timeout="10s"),
    _red("stats groups", stats=["shop", "front"]),
    _red("indices_boost", indices_boost=[{"{index}": 2.0}]),
    search("indices_boost as an object", {**_RED, "indices_boost": {"{index}": 2.0}}, headers=FRESH),
    _red("ext empty", ext={}),
    search("profile", {**_RED, "profile": True, "size": 1}, expect="untouched", masks=[r'(?<=:)\d+(?=[,}])']),
    _red("profile false", profile=False),
    _red("rescore", "untouched", rescore={"window_size": 5, "query": {"rescore_query": {"match_all": {}}}}),
    _red("slice without a walk", "untouched", slice={"id": 0, "max": 2}),
    _red("runtime_mappings", runtime_mappings={"day": {"type": "keyword", "script": "emit('x')"}}, fields=["day"]),
    _red("derived", derived={"day": {"type": "keyword", "script": {"source": "emit('x')"}}}, fields=["day"]),
    _red("script_fields", script_fields={"double": {"script": {"source": "doc['price'].value * 2"}}}),
    _red("named queries", query={"bool": {"should": [
        {"match": {"name": {"query": "red", "_name": "colour"}}}, {"term": {"group": {"value": "heart", "_name": "g"}}},
    ]}}),
    search("include_named_queries_score", {"query": {"match": {"name": {"query": "red", "_name": "n"}}}},
           "include_named_queries_score=true"),
]  # fmt: skip
