"""Requests that hang together: scrolls, points in time, slices, search_after, async searches."""

from __future__ import annotations

from typing import Any

from tests.conformance.rows import FRESH, NO_ID, Row, Step, asks, search, step, walk

__all__ = ["ROWS"]

_RED: dict[str, Any] = {"query": {"match": {"name": "red"}}, "size": 4}
_SORT = [{"price": "asc"}, {"sku": "desc"}]
_SCROLL = {"scroll_id": "_scroll_id"}
#: What async searches and points in time tell of the clock.
_CLOCK = (r'(?P<kept>"(?:start|expiration|completion)_time(?:_in_millis)?":)(?:\d+|"[^"]*")',
          r'(?P<kept>"creation_time":)\d+', r'(?P<kept>"keep_alive":)\d+')  # fmt: skip


def _opened(body: Any, url: str = "scroll=1m") -> Step:
    return step("POST", f"/{{index}}/_search?{url}", body, FRESH, _SCROLL)


def _scroll(**more: Any) -> Step:
    return step("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": "{scroll_id}", **more}, FRESH, _SCROLL)


_CLOSED = step("DELETE", "/_search/scroll", {"scroll_id": ["{scroll_id}"]})


def _pit_of_elasticsearch(*steps: Step) -> tuple[Step, ...]:
    opened = step("POST", "/{index}/_pit?keep_alive=1m", None, None, {"pit": "id"})
    return (opened, *steps, step("DELETE", "/_pit", {"id": "{pit}"}))


def _pit_of_opensearch(*steps: Step) -> tuple[Step, ...]:
    opened = step("POST", "/{index}/_search/point_in_time?keep_alive=1m", None, None, {"pit": "pit_id"})
    return (opened, *steps, step("DELETE", "/_search/point_in_time", {"pit_id": ["{pit}"]}))


def _within(**more: Any) -> Step:
    body = {**_RED, "pit": {"id": "{pit}", "keep_alive": "1m"}, **more}
    return step("POST", "/_search", body, None, {"pit": "pit_id"})


_PAGES = (
    step("POST", "/_search", {**_RED, "pit": {"id": "{pit}", "keep_alive": "1m"}, "sort": _SORT}, None,
         {"pit": "pit_id", "last_price": "hits.hits.3.sort.0", "last_sku": "hits.hits.3.sort.1"}),
    step("POST", "/_search", b'{"size":4,"query":{"match":{"name":"red"}},"sort":[{"price":"asc"},{"sku":"desc"}],'
         b'"pit":{"id":"{pit}"},"search_after":[{last_price},"{last_sku}"]}', None, {"pit": "pit_id"}),
)  # fmt: skip
_ASYNC = {"id": "id"}


def _async(name: str, url: str, *more: Step) -> Row:
    started = step("POST", f"/{{index}}/_async_search?{url}", _RED, FRESH, _ASYNC)
    return walk(name, started, *more, masks=_CLOCK)


ROWS = [
    walk("scroll to its end", _opened({**_RED, "size": 10}), _scroll(), _scroll(), _scroll(), _CLOSED),
    walk("scroll by the URL", _opened(_RED), step("GET", "/_search/scroll?scroll=1m&scroll_id={scroll_id}", None, FRESH,
                                                  _SCROLL), _CLOSED),
    walk("scroll by the path", _opened(_RED), step("GET", "/_search/scroll/{scroll_id}?scroll=1m", None, FRESH,
                                                   _SCROLL), _CLOSED),
    walk("scroll by _doc", _opened({**_RED, "sort": ["_doc"]}), _scroll(), _CLOSED),
    walk("scroll sorted, with aggregations", _opened({**_RED, "sort": ["price"], "aggs": {
        "g": {"terms": {"field": "group"}}}}), _scroll(), _CLOSED),
    walk("scroll with rest_total_hits_as_int", _opened(_RED, "scroll=1m&rest_total_hits_as_int=true"),
         step("POST", "/_search/scroll?rest_total_hits_as_int=true", {"scroll": "1m", "scroll_id": "{scroll_id}"},
              FRESH, _SCROLL), _CLOSED),
    walk("scroll with filter_path", _opened(_RED, "scroll=1m&filter_path=_scroll_id,hits.hits._id"), _scroll(),
         _CLOSED),
    walk("scroll in slices", _opened({**_RED, "slice": {"id": 0, "max": 2}}), _scroll(), _CLOSED),
    walk("scroll closed by the path", _opened(_RED), step("DELETE", "/_search/scroll/{scroll_id}", None, FRESH)),
    walk("scroll closed twice", _opened(_RED), _CLOSED, _CLOSED),
    walk("scroll with an unknown member", _opened(_RED), _scroll(no_such=1), _CLOSED),
    walk("scroll with from", _opened({**_RED, "from": 3})),
    walk("scroll with size 0", _opened({**_RED, "size": 0})),
    walk("scroll for too long", _opened(_RED, "scroll=100d")),
    walk("scroll without a time", _opened(_RED, "scroll=")),
    asks("scroll of an id that is none", "POST", "/_search/scroll", {"scroll": "1m", "scroll_id": NO_ID}),
    asks("scroll without an id", "POST", "/_search/scroll", {"scroll": "1m"}),
    asks("scroll without a body", "POST", "/_search/scroll"),
    asks("close a scroll that is none", "DELETE", "/_search/scroll", {"scroll_id": [NO_ID]}),
    walk("point in time of Elasticsearch", *_pit_of_elasticsearch(_within(), *_PAGES)),
    walk("point in time of Elasticsearch, closed twice",
         *_pit_of_elasticsearch(step("DELETE", "/_pit", {"id": "{pit}"}))),
    walk("point in time of Elasticsearch with an index in the path",
         *_pit_of_elasticsearch(step("POST", "/{index}/_search", {"pit": {"id": "{pit}"}}))),
    walk("point in time of OpenSearch", *_pit_of_opensearch(_within(), *_PAGES), masks=_CLOCK),
    walk("point in time of OpenSearch in slices",
         *_pit_of_opensearch(_within(slice={"id": 0, "max": 2}), _within(slice={"id": 1, "max": 2})), masks=_CLOCK),
    asks("point in time without keep_alive", "POST", "/{index}/_pit"),
    asks("point in time of a missing index", "POST", "/{missing}/_pit?keep_alive=1m"),
    asks("close a point in time that is none", "DELETE", "/_pit", {"id": "bm90aGluZw=="}),
    asks("close an OpenSearch point in time that is none", "DELETE", "/_search/point_in_time", {"pit_id": ["eA=="]}),
    asks("search in a point in time that is none", "POST", "/_search", {"pit": {"id": "bm90aGluZw=="}}),
    search("search_after", {**_RED, "sort": ["sku"], "search_after": ["SKU/010"]}, expect="untouched"),
    search("search_after with the URL's sort", {**_RED, "search_after": ["SKU/010"]}, "sort=sku", expect="untouched"),
    search("search_after by score", {**_RED, "sort": ["_score", "sku"], "search_after": [0.5, "SKU/010"]},
           expect="untouched"),
    search("search_after without a sort", {**_RED, "search_after": [1]}, expect="untouched"),
    search("search_after with from", {**_RED, "sort": ["sku"], "from": 5, "search_after": ["SKU/010"]},
           expect="untouched"),
    search("search_after with too many values", {**_RED, "sort": ["sku"], "search_after": ["a", "b"]},
           expect="untouched"),
    _async("async search that is done at once", "wait_for_completion_timeout=5s"),
    _async("async search that is kept", "wait_for_completion_timeout=5s&keep_on_completion=true",
           step("GET", "/_async_search/{id}", None, FRESH), step("GET", "/_async_search/status/{id}", None, FRESH),
           step("DELETE", "/_async_search/{id}", None, FRESH), step("GET", "/_async_search/{id}", None, FRESH)),
    asks("async search that is none", "GET", "/_async_search/bm90aGluZw=="),
    asks("async search closed that is none", "DELETE", "/_async_search/bm90aGluZw=="),
    asks("async search without an index", "POST", "/_async_search?wait_for_completion_timeout=5s", {"size": 0}),
]  # fmt: skip
