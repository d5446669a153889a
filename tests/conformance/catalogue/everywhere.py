"""Endpoints without an index in their path, where they show nothing of other indices; and the typed paths of old."""

from __future__ import annotations

from tests.conformance.rows import FRESH, Row, asks

__all__ = ["ROWS"]

_NOTHING = {"query": {"match": {"name": "nothingofthiskind"}}}
_LINES = b'{"index":"{other}"}\n{"size":1}\n'
_NDJSON = {"Content-Type": "application/x-ndjson", **FRESH}
_TEMPLATE = {"source": {"query": {"term": {"sku": "{{sku}}"}}}, "params": {"sku": "nothing"}}
_TEMPLATES = b'{}\n{"source":"{\\"size\\":{{n}}}","params":{"n":1}}\n'


def _typed(endpoint: str, body: object = None, **more: object) -> Row:
    """By GET: where engines know no types they would take POST for a document."""
    return asks(f"/{{index}}/product/{endpoint}", "GET", f"/{{index}}/product/{endpoint}", body, **more)


def _get(target: str, name: str = "") -> Row:
    return asks(name or target.partition("?")[0], "GET", target, headers=FRESH)


ROWS = [
    asks("/_search/template", "POST", "/_search/template", _TEMPLATE),
    asks("/_msearch/template", "POST", "/_msearch/template",
         b'{"index":"{index}"}\n{"source":"{\\"size\\":{{n}}}","params":{"n":1}}\n', headers=_NDJSON),
    asks("/_msearch of a foreign index", "POST", "/_msearch", _LINES, headers=_NDJSON),
    _get("/_field_caps?fields=sku&filter_path=fields"),
    asks("/_validate/query", "POST", "/_validate/query?filter_path=valid", _NOTHING),
    _get("/_search_shards?routing=x&filter_path=indices.{index}"),
    asks("/_rank_eval", "POST", "/_rank_eval", {"requests": [], "metric": {"precision": {}}}),
    asks("/_terms_enum", "POST", "/_terms_enum", {"field": "no_such"}),
    asks("/_knn_search", "POST", "/_knn_search", {"knn": {}}),
    asks("/_eql/search", "POST", "/_eql/search", {"query": "any where true"}),
    _get("/_eql/search/none", "/_eql/search by id"),
    _get("/_eql/search/status/none", "/_eql/search/status"),
    _get("/_mapping?filter_path={index}.mappings.dynamic"),
    _get("/_mapping/field/sku?filter_path={index}", "/_mapping/field"),
    _get("/_settings?filter_path={index}.settings.index.number_of_shards"),
    _get("/_settings/index.number_of_replicas?filter_path={index}", "/_settings by name"),
    _get("/_alias?filter_path={index}"),
    _get("/_cluster/health?filter_path=cluster_name,timed_out"),
    _get("/_cat/count?h=count"),
    _get("/_cat/aliases?h=alias,index&s=alias,index"),
    _typed("_search?q=sku:nothing", headers=FRESH),
    _typed("_msearch", b'{}\n{"size":1}\n', headers=_NDJSON),
    _typed("_count", headers=FRESH),
    _typed("_search/template", _TEMPLATE),
    _typed("_msearch/template", _TEMPLATES, headers=_NDJSON),
    _typed("_validate/query", headers=FRESH),
    _typed("_mget", {"ids": ["p01"]}),
    _typed("_mtermvectors", {"ids": ["p01"]}),
    _typed("_termvectors", {"doc": {"name": "red"}}),
]  # fmt: skip
