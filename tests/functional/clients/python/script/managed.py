"""Searches of an index whose hits follow the visit that a header of the client names."""

from __future__ import annotations

from typing import Any

from library import FAMILY, connect, exchange, helpers
from transcript import Transcript

__all__ = ["managed"]

_RED = {"match": {"name": "red"}}
_BODY = {
    "query": _RED,
    "size": 100,
    "aggs": {"groups": {"terms": {"field": "group", "size": 50}}},
    "highlight": {"fields": {"name": {}}},
}
_PAGE = 20


def managed(note: Transcript, given: dict[str, Any]) -> None:
    """Ask ``given["managed"]``, always for all hits, with the client's own option for headers."""
    url, index, headers = given["url"], given["managed"], given["headers"]
    client = connect(url, headers=headers)
    note("managed body", client.search, index=index, body=_BODY)
    note("managed q", client.search, index=index, q="name:red", size=100)
    note("managed source none", client.search, index=index, body={**_BODY, "_source": False})
    note("managed filter path", client.search, index=index, q="red", size=100, filter_path="hits.total,hits.hits._id")
    note("managed typed", client.search, index=index, body=_BODY, typed_keys=True, rest_total_hits_as_int=True)
    note("managed fields", client.search, index=index, body={**_BODY, "docvalue_fields": ["sku"], "_source": ["name"]})
    note(
        "managed filtered",
        client.search,
        index=index,
        body={**_BODY, "post_filter": {"range": {"popularity": {"gt": 3}}}},
    )
    note("managed one call's header", _once, connect(url), index, headers)
    compressed = connect(url, headers=headers, http_compress=True)
    note("managed compressed", compressed.search, index=index, body=_BODY)
    note("managed headers", exchange, client, f"/{index}/_search", body=_BODY)
    pages = range(0, 3 * _PAGE, _PAGE)
    note("managed pages", lambda: {"ids": [each for start in pages for each in _page(client, index, start)]})
    note("managed lines", client.msearch, index=index, body=[{}, _BODY, {}, {"from": 20_000, "size": 1}])
    note("managed scan", lambda: sorted(
        hit["_id"] for hit in helpers.scan(client, index=index, query={"query": _RED}, size=30)
    ))  # fmt: skip
    note("managed sorted", client.search, index=index, body={**_BODY, "sort": ["sku"]})
    note("managed count", client.count, index=index, body={"query": _RED})
    note("managed refused", client.search, index=index, body={"query": {"no_such_query": {}}})
    note("managed nothing found", client.search, index=index, q="nosuchwordanywhere")


def _once(client: Any, index: str, headers: dict[str, str]) -> Any:
    """The header for one call alone."""
    if FAMILY == "new":
        return client.options(headers=headers).search(index=index, body=_BODY)
    return client.search(index=index, body=_BODY, headers=headers)


def _page(client: Any, index: str, start: int) -> list[str]:
    found = client.search(index=index, body={"query": _RED, "from": start, "size": _PAGE})
    return [hit["_id"] for hit in found["hits"]["hits"]]
