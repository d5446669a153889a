"""What clients ask about the cluster and its indices, HEAD and OPTIONS, and what the gate keeps back."""

from __future__ import annotations

from tests.conformance.rows import FRESH, Row, asks

__all__ = ["GATE_ROWS", "ROWS"]

_DOC = {"name": "new"}


def _get(name: str, target: str, method: str = "GET", **more: object) -> Row:
    return asks(name, method, target, headers=FRESH, **more)


def _closed(name: str, method: str, target: str, body: object = None) -> Row:
    """What the gate refuses; none of these changes anything that other rows look at."""
    return asks(name, method, target, body, expect="closed")


ROWS = [
    _get("/", "/"),
    _get("/ HEAD", "/", "HEAD"),
    _get("/ pretty", "/?pretty"),
    _get("/ filter_path", "/?filter_path=version.number"),
    _get("/ with an unknown parameter", "/?no_such=1"),
    _get("index", "/{index}"),
    _get("index pretty and flat_settings", "/{index}?pretty&flat_settings=true"),
    _get("index human", "/{index}?human"),
    _get("index HEAD", "/{index}", "HEAD"),
    _get("index HEAD missing", "/{missing}", "HEAD"),
    _get("index missing", "/{missing}"),
    _get("index with a slash at the end", "/{index}/"),
    _get("index include_type_name", "/{index}?include_type_name=true"),
    _get("indices by a wildcard", "/{prefix}-s*"),
    _get("_mapping", "/{index}/_mapping"),
    _get("_mapping by a wildcard", "/{prefix}-s*/_mapping"),
    _get("_mapping/field", "/{index}/_mapping/field/name,price"),
    _get("_mapping/field by a wildcard", "/{index}/_mapping/field/v*?include_defaults=true"),
    _get("_mapping of a missing index", "/{missing}/_mapping"),
    _get("_settings", "/{index}/_settings"),
    _get("_settings flat", "/{index}/_settings?flat_settings=true"),
    _get("_settings by name", "/{index}/_settings/index.number_*"),
    _get("_settings with defaults", "/{index}/_settings?include_defaults=true&filter_path=*.defaults.index.codec"),
    _get("_alias", "/{index}/_alias"),
    _get("_alias by name", "/_alias/{alias}"),
    _get("_alias HEAD", "/_alias/{alias}", "HEAD"),
    _get("_alias HEAD missing", "/_alias/no-such", "HEAD"),
    _get("_alias of index and name", "/{index}/_alias/{prefix}-*"),
    _get("_alias that is not there", "/_alias/no-such-alias"),
    _get("_resolve/index", "/_resolve/index/{prefix}-*"),
    _get("_cluster/health", "/_cluster/health/{index}"),
    _get("_cluster/health by level", "/_cluster/health/{index}?level=indices"),
    _get("_cluster/health HEAD", "/_cluster/health/{index}", "HEAD"),
    _get("_cluster/health of a missing index", "/_cluster/health/{missing}?timeout=100ms"),
    _get("_cat/indices", "/_cat/indices/{prefix}-*?h=index,health,status,docs.count&s=index"),
    _get("_cat/indices with a head", "/_cat/indices/{index}?v&h=index,pri,rep"),
    _get("_cat/indices help", "/_cat/indices?help"),
    _get("_cat/indices as JSON", "/_cat/indices/{index}?format=json&h=index,health"),
    _get("_cat/indices as YAML", "/_cat/indices/{index}?format=yaml&h=index,health"),
    _get("_cat/indices by an unknown column", "/_cat/indices/{index}?h=no_such&v"),
    _get("_cat/indices sorted by nothing", "/_cat/indices/{index}?s=no_such"),
    _get("_cat/indices bytes", "/_cat/indices/{index}?bytes=b&h=index"),
    _get("_cat/count", "/_cat/count/{index}?h=count"),
    _get("_cat/count with a head", "/_cat/count/{index}?v&h=count"),
    _get("_cat/aliases", "/_cat/aliases/{prefix}-*?v&s=alias"),
    _get("_cat/aliases as JSON", "/_cat/aliases/{alias}?format=json&pretty"),
    _get("_cat/health", "/_cat/health?h=cluster,status"),
    _get("_cat/health without timestamps", "/_cat/health?ts=false&h=cluster,status,node.total"),
    _get("OPTIONS of a search", "/{index}/_search", "OPTIONS"),
    _get("OPTIONS of a document", "/{index}/_doc/p01", "OPTIONS"),
    _get("OPTIONS of the root", "/", "OPTIONS"),
    _get("OPTIONS of an index", "/{index}", "OPTIONS"),
    asks("OPTIONS from a browser", "OPTIONS", "/{index}/_search", headers={
        "Origin": "http://shop.example", "Access-Control-Request-Method": "POST"}),
    _get("HEAD of a search", "/{index}/_search", "HEAD"),
    _get("HEAD of a count", "/{index}/_count", "HEAD"),
    asks("a search from a browser", "GET", "/{other}/_search?size=1", headers={"Origin": "http://shop.example"}),
]  # fmt: skip

GATE_ROWS = [
    _closed("DELETE of a search", "DELETE", "/{index}/_search"),
    _closed("PUT of a search", "PUT", "/{index}/_search", {}),
    _closed("PATCH of a search", "PATCH", "/{index}/_search", {}),
    _closed("DELETE of a count", "DELETE", "/{index}/_count"),
    _closed("PUT of a scroll", "PUT", "/_search/scroll", {}),
    _closed("POST of an index", "POST", "/{index}", {}),
    _closed("POST of a mapping, misspelt", "POST", "/{index}/_maping", {}),
    _closed("an endpoint that is not there", "GET", "/{index}/_no_such_endpoint"),
    _closed("an endpoint of the cluster that is not there", "GET", "/_no_such_endpoint"),
    _closed("_search in capitals", "GET", "/{index}/_SEARCH"),
    _closed("three segments that mean nothing", "GET", "/{index}/a/b/c"),
    _closed("_cat alone", "GET", "/_cat"),
    _closed("_doc without an id", "GET", "/{index}/_doc"),
    _closed("write of a document to a missing index's alias", "PUT", "/{missing}/_alias/new"),
    _closed("write to a closed index", "PUT", "/{closed}/_doc/1", _DOC),
    _closed("a bulk that is empty", "POST", "/_bulk"),
    _closed("delete by query without a query", "POST", "/{index}/_delete_by_query", {}),
    _closed("delete of a missing index", "DELETE", "/{missing}"),
    _closed("settings of a missing index", "PUT", "/{missing}/_settings", {"index": {"refresh_interval": "1s"}}),
    _closed("refresh of a missing index", "POST", "/{missing}/_refresh"),
    _closed("painless execute", "POST", "/_scripts/painless/_execute", {"script": {"source": "1"}}),
    _closed("stored script that is not there", "GET", "/_scripts/no-such"),
    _closed("_nodes", "GET", "/_nodes/http?filter_path=_nodes.total"),
    _closed("_cluster/settings", "GET", "/_cluster/settings"),
    _closed("_tasks of nothing", "GET", "/_tasks/no:1"),
]  # fmt: skip
