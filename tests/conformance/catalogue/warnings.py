"""Features that engines call deprecated: their warnings arrive, each in a line of its own."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, Row, asks, search

__all__ = ["ROWS"]

_RED: dict[str, Any] = {"query": {"match": {"name": "red"}}, "size": 3}


def _warns(name: str, body: Any, url: str = "", **more: Any) -> Row:
    return search(name, body, url, headers=FRESH, **more)


_OLD_INTERVAL = {"date_histogram": {"field": "added", "interval": "month"}}

ROWS = [
    _warns("interval of date_histogram", {**_RED, "aggs": {"a": _OLD_INTERVAL}}),
    _warns("two warnings", {"query": {"type": {"value": "_doc"}}, "aggs": {"a": _OLD_INTERVAL}}),
    _warns("indices_boost as an object", {**_RED, "indices_boost": {"{index}": 2}}),
    _warns("indices_boost as an object and an old interval", {**_RED, "indices_boost": {"{index}": 2},
                                                              "aggs": {"a": _OLD_INTERVAL}}),
    _warns("order by _term", {**_RED, "aggs": {"a": {"terms": {"field": "group", "order": {"_term": "asc"}}}}}),
    _warns("cutoff_frequency", {"query": {"match": {"name": {"query": "red", "cutoff_frequency": 0.01}}}}),
    _warns("use_field_mapping", {**_RED, "docvalue_fields": [{"field": "price", "format": "use_field_mapping"}]}),
    _warns("common terms", {"query": {"common": {"name": {"query": "red heart", "cutoff_frequency": 0.001}}}}),
    _warns("a script's old name for its document", {"query": {"script": {"script": {
        "source": "params._source != null || true"}}}}),
    _warns("geo_bounding_box type", {"query": {"geo_bounding_box": {
        "type": "indexed", "place": {"top_left": [2, 52], "bottom_right": [7, 48]}}}}),
    _warns("range with from and to", {"query": {"range": {"price": {"from": 10, "to": 30, "include_upper": False}}}}),
    _warns("nested sort by nested_path", {**_RED, "sort": [{"variants.size": {"nested_path": "variants"}}]},
           expect="untouched"),
    _warns("random_score with a seed alone", {"query": {"function_score": {"random_score": {"seed": 3}}}}),
    _warns("regexp value length", {"query": {"regexp": {"group": {"value": "h.*", "max_determinized_states": 1000}}}}),
    _warns("a walk that warns", {**_RED, "indices_boost": {"{index}": 2}, "sort": ["sku"]}, expect="untouched"),
    asks("ignore_throttled", "GET", "/{other}/_search?ignore_throttled=true&size=1", headers=FRESH),
    asks("a count that warns", "GET", "/{index}/_count?ignore_throttled=true", headers=FRESH),
    asks("local of _cat/aliases", "GET", "/_cat/aliases/{alias}?local=true", headers=FRESH),
    asks("master_timeout", "GET", "/_cat/indices/{index}?h=index&master_timeout=1m", headers=FRESH),
    asks("master_timeout of health", "GET", "/_cluster/health/{index}?master_timeout=1m", headers=FRESH),
    asks("include_type_name", "GET", "/{index}/_mapping?include_type_name=true", headers=FRESH),
    asks("a template that warns", "POST", "/{index}/_search/template", {"source": {
        "indices_boost": {"{index}": 2}, "size": 1}, "params": {}}, headers=FRESH),
    asks("a multi search that warns", "POST", "/{other}/_msearch",
         b'{}\n{"aggs":{"a":{"date_histogram":{"field":"day","interval":"month"}}},"size":0}\n',
         headers={"Content-Type": "application/x-ndjson", **FRESH}),
]  # fmt: skip
