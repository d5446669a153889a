"""``filter_path``: what a client leaves out of an answer must neither come back nor cost the order."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import Expect, Row, search

__all__ = ["ROWS"]

_BODY = {"query": {"match": {"name": "heart"}}, "size": 6, "aggs": {"groups": {"terms": {"field": "group"}}}}


def _path(text: str, expect: Expect = "ranked", name: str = "", **more: Any) -> Row:
    return search(name or f"filter_path={text}", _BODY, f"filter_path={text}", expect=expect, **more)


ROWS = [
    _path("hits"),
    _path("hits.hits"),
    _path("hits.hits._id"),
    _path("hits.hits._source"),
    _path("hits.hits._source.name,hits.hits._score"),
    _path("hits.hits._id,hits.hits._index,hits.total"),
    _path("took,hits.hits._id"),
    _path("_shards,hits.hits._id"),
    _path("_shards.total,hits.hits._id"),
    _path("_shards.failed,hits.hits._id"),
    _path("hits.hits._*"),
    _path("hits.h*._id"),
    _path("*.hits._id"),
    _path("**._id"),
    _path("**"),
    _path("*"),
    _path("**.name"),
    _path("hits.hits.no_such"),
    _path("no_such", "wrapped"),
    _path("hits.total", "wrapped"),
    _path("hits.max_score,hits.total.value", "wrapped"),
    _path("aggregations", "wrapped"),
    _path("aggregations.groups.buckets.key", "wrapped"),
    _path("took", "wrapped"),
    _path("timed_out,_shards", "wrapped"),
    _path("-hits.hits._source"),
    _path("-hits.hits._id", "wrapped"),
    _path("-hits.hits", "wrapped"),
    _path("-hits", "wrapped"),
    _path("-took,-_shards"),
    _path("-**._source"),
    _path("hits.hits,-hits.hits._source"),
    _path("hits.hits,-hits.hits._index", "wrapped"),
    _path("-_shards,hits.hits._id"),
    _path("hits.hits._source.variants.colour"),
    _path("", name="filter_path empty"),
    _path("%20hits.hits._id%20", name="filter_path with blanks"),
    _path("hits.hits._id&filter_path=hits.hits._source.sku", name="filter_path twice"),
    _path("hits.hits._id%2Chits.total", name="filter_path with an encoded comma"),
    search("filter_path of nothing found", {"query": {"match": {"name": "nothing"}}}, "filter_path=hits.hits._id"),
    search("filter_path and from", _BODY, "filter_path=hits.hits._id&from=3"),
    search("filter_path of the sort", _BODY, "filter_path=hits.hits._id&sort=price", expect="untouched"),
    search("filter_path and pretty", _BODY, "filter_path=hits.hits._id,hits.hits._index,_shards.failed&pretty"),
    search("filter_path that hides the ids, and pretty", _BODY, "filter_path=hits.hits._source.name&pretty"),
    search("filter_path of an error", {"query": {"no_such": {}}}, "filter_path=error.type"),
    search("stored_fields none and filter_path", {**_BODY, "stored_fields": "_none_"}, "filter_path=hits.hits._score"),
]
