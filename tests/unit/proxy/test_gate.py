"""The gate lets reads of the search side through, and nothing that could be read as something else."""

from __future__ import annotations

import gzip
from urllib.parse import quote

import pytest

from proxy.gate import Gate, Refused, Route
from proxy.request import ClientRequest
from proxy.settings import ProxySettings

GATE = Gate(ProxySettings())


def admit(method: str, target: str, **settings: object) -> Route | Refused:
    return Gate(ProxySettings(**settings)).admit(method, target, own_credentials=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "target", "names"),
    [
        ("GET", "/", ()),
        ("HEAD", "/", ()),
        ("POST", "/catalog/_search?q=a", ("catalog",)),
        ("OPTIONS", "/catalog/_search", ("catalog",)),
        ("POST", "/catalog/_search/", ("catalog",)),
        ("POST", "/a,b/_search", ("a", "b")),
        ("GET", "/a%2Cb/_search", ("a", "b")),
        ("GET", "/%3Clogs-%7Bnow%7D%3E/_search", ("<logs-{now}>",)),
        ("GET", "/%3Clogs-%7Bnow%2Fd%7D%3E/_search", ("<logs-{now/d}>",)),
        (
            "GET",
            "/%3Ca-%7Bnow%2Fd-1M%7Byyyy.MM%7C%2B02:00%7D%7D%3E%2Cb/_count",
            ("<a-{now/d-1M{yyyy.MM|+02:00}}>", "b"),
        ),
        ("GET", "/_all/_search", ("_all",)),
        ("POST", "/_msearch", ()),
        ("GET", "/catalog/_doc/a%2Fb", ("catalog",)),
        ("GET", "/catalog/_doc/_x", ("catalog",)),
        ("HEAD", "/catalog/_source/1", ("catalog",)),
        ("GET", "/_async_search/status/abc", ()),
        ("DELETE", "/_search/scroll", ()),
        ("DELETE", "/_search/scroll/abc", ()),
        ("DELETE", "/_pit", ()),
        ("GET", "/_cat/indices/catalog", ("catalog",)),
        ("GET", "/_cluster/health", ()),
        ("HEAD", "/catalog/_search", ("catalog",)),
        ("GET", "/catalog/_doc/..a", ("catalog",)),
        ("GET", "/catalog/_doc/100%25", ("catalog",)),
        ("GET", "/catalog/_doc/a%3Bb%3F%23", ("catalog",)),
        ("POST", "/catalog/_explain/%5Fbulk", ("catalog",)),
        ("GET", "/catalog/shoe/_search", ("catalog",)),
        ("POST", "/catalog/shoe/_count", ("catalog",)),
        ("GET", "/_resolve/index/*", ("*",)),
        ("POST", "/_search?q=_method", ()),
        ("GET", "/_eql/search/status/abc", ()),
    ],
)
def test_a_read_of_the_search_side_passes(method: str, target: str, names: tuple[str, ...]) -> None:
    route = admit(method, target)
    assert isinstance(route, Route)
    assert route.names == names
    assert route.repeatable


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/catalog"),
        ("DELETE", "/catalog"),
        ("POST", "/catalog/_doc/1"),
        ("PUT", "/catalog/_doc/1"),
        ("POST", "/catalog/_bulk"),
        ("POST", "/_bulk"),
        ("POST", "/catalog/_delete_by_query"),
        ("POST", "/_aliases"),
        ("POST", "/_scripts/painless/_execute"),
        ("GET", "/_nodes/http"),
        ("GET", "/_cluster/state"),
        ("GET", "/_cat/nodes"),
        ("DELETE", "/_search/scroll/_all"),
        ("DELETE", "/_search/scroll/%5Fall"),
        ("DELETE", "/_search/point_in_time/_all"),
        ("GET", "//"),
        ("POST", "//catalog/_search"),
        ("POST", "/catalog//_search"),
        ("POST", "/./catalog/_search"),
        ("POST", "/catalog/../_bulk/_search"),
        ("POST", "/catalog/%2e%2e/_search"),
        ("POST", "/catalog/%2E/_search"),
        ("POST", "/catalog/%5Fsearch"),
        ("POST", "/%5Fall/_search"),
        ("GET", "/catalog%2F_search"),
        ("GET", "/a%2Fb/_search"),
        ("GET", "/a%5Cb/_search"),
        ("GET", "/catalog/_search%00"),
        ("GET", "/catalog/_SEARCH"),
        ("GET", "/catalog/_search;x"),
        ("GET", "http://other/catalog/_search"),
        ("GET", "catalog/_search"),
        ("TRACE", "/catalog/_search"),
        ("PATCH", "/catalog/_search"),
        # Once more decoded, or overlong, or cut at a fragment, they are other paths.
        ("GET", "/catalog/%252e%252e/_search"),
        ("GET", "/catalog/%25252e%25252E/_search"),
        ("GET", "/catalog/_doc/a%2F..%2F..%2F_bulk"),
        ("GET", "/catalog/_doc/%c0%ae%C0%AE"),
        ("GET", "/catalog/_doc/%C1%9c"),
        ("GET", "/catalog/_doc/1#/../_bulk"),
        ("GET", "/catalog/_search?a#b"),
        ("GET", "/catalog/_search//"),
        ("GET", "/catalog;a=b/_search"),
        ("GET", "/%3Ca-%7Bnow%2F..%2F_bulk%7D%3E/_search"),
        ("GET", "/%3Ca-%7Bnow%2F_bulk%7D%3E/_search"),
        ("GET", "/%3Ca%2Fb-%7Bnow%2Fd%7D%3E/_search"),
        ("POST", "/catalog\\_bulk/_search"),
        # Another method for who listens.
        ("POST", "/catalog/_search?_method=DELETE"),
        ("POST", "/catalog/_search?a;=%5Fmethod=DELETE"),
        # A document of that name on one engine, an endpoint on another.
        ("POST", "/catalog/_update/_search"),
        ("POST", "/catalog/_create/_search"),
        ("POST", "/catalog/%5Fdoc/_search"),
        ("POST", "/catalog/_explain/_bulk"),
        ("POST", "/catalog/_termvectors/_bulk"),
        ("POST", "/catalog/_explain/_mapping"),
        ("GET", "/catalog/_source/_mget"),
        ("GET", "/catalog/_alias/_mget"),
        ("POST", "/catalog/_render/template"),
        ("DELETE", "/_search/scroll/_all,"),
        ("DELETE", "/_search/scroll/a,_all"),
        ("DELETE", "/_search/scroll/%5fall%2c"),
        ("GET", "/_search/point_in_time/_all"),
        ("get", "/catalog/_search"),
    ],
)
def test_everything_else_is_refused(method: str, target: str) -> None:
    assert isinstance(admit(method, target), Refused)


def test_only_a_search_of_named_indices_is_a_search() -> None:
    searches = {
        t: admit("POST", t) for t in ("/catalog/_search", "/_search", "/catalog/_msearch", "/catalog/x/_search")
    }
    assert {t for t, route in searches.items() if isinstance(route, Route) and route.kind == "search"} == {
        "/catalog/_search"
    }


def test_writes_pass_when_allowed_and_are_not_repeated() -> None:
    route = admit("POST", "/catalog/_bulk", allow_writes=True)
    assert route == Route((), "other", repeatable=False)


def test_sniffing_passes_when_allowed() -> None:
    assert isinstance(admit("GET", "/_nodes/http", allow_sniff=True), Route)


@pytest.mark.parametrize(
    ("target", "opens"),
    [
        ("/catalog/_search", True),
        ("/public/_search", True),
        ("/secret/_search", False),
        ("/catalog,secret/_search", False),
        ("/catalog%2Csecret/_search", False),
        ("/catalog,/_search", False),
        ("/catalog,-catalog/_search", False),
        ("/-catalog/_search", False),
        ("/c*/_search", False),
        ("/pub*/_search", True),
        ("/elsewhere:public/_search", False),
        ("/%3Cpublic-%7Bnow%7D%3E/_search", False),
        ("/_all/_search", False),
        ("/catalog/_search?index=secret", True),
        ("/_analyze?index=secret", False),
        ("/_analyze?=index=secret", False),
        ("/_analyze?x;index=secret", False),
        ("/_analyze?%69ndex=secret", False),
        ("/_analyze", True),
        ("/_count", False),
        ("/_sql", False),
        ("/_query", False),
        ("/_mapping", False),
        ("/_alias/x", False),
        ("/_search/scroll", True),
        ("/_cat/indices", False),
        ("/_cluster/health", True),
        ("/_cluster/health?level=indices", False),
        ("/_cluster/health?pretty;level=indices", False),
    ],
)
def test_with_the_proxys_credentials_only_open_indices_are_read(target: str, opens: bool) -> None:
    gate = Gate(ProxySettings(readable_indices=("pub*",)))
    method = "GET" if target.startswith(("/_c", "/_m", "/_al")) and "count" not in target else "POST"
    assert isinstance(gate.admit(method, target, own_credentials=True), Route) is opens


ITEMS = [
    ("/catalog/_msearch", b"{}\n{}\n", True),
    ("/catalog/_msearch", b"\n{}\n", True),
    ("/catalog/_msearch", b'{"index":"public"}\n{}\n', True),
    ("/catalog/_msearch", b'{"index":"secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{}\n{}\n{"indices":["public","secret"]}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":"public,secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{"ind\\u0065x":"secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":"public","index":"secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":"secret","index":"public"}\n{}\n', False),
    ("/catalog/_msearch", b'\n{"index":"secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{}\n{"index":"secret"}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":[]}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":""}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":"*"}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":["public",["secret"]]}\n{}\n', False),
    ("/catalog/_msearch", b'{"index":null}\n{}\n', False),
    ("/catalog/_msearch", b'/* */{"index":"secret"}\n{}\n', False),
    ("/catalog/_msearch", '{"index":"secret"}\n{}\n'.encode("utf-16"), False),
    ("/_msearch", b'{"index":"catalog"}\n{}\n', True),
    ("/_msearch", b'{"index":"catalog"}\r\n{}\r\n{"index":["public"]}\n{}', True),
    ("/_msearch", b"{}\n{}\n", False),
    ("/_msearch", b'{"index":"catalog"}\n{}\n\n{}\n', False),
    ("/_msearch", b'\n{}\n{"index":"catalog"}\n{"index":"catalog"}\n', False),
    ("/_msearch", b"", False),
    ("/secret/_msearch", b'{"index":"catalog"}\n{}\n', False),
    ("/catalog/_mget", b'{"ids":["1"]}', True),
    ("/catalog/_mget", b'{"docs":[{"_id":"1"},{"_id":"2","_index":"public"}]}', True),
    ("/catalog/_mget", b'{"docs":[{"_id":"1"},{"_id":"2","_index":"secret"}]}', False),
    ("/catalog/x/_mget", b'{"docs":[{"_id":"2","_index":"secret"}]}', False),
    ("/_mget", b'{"docs":[{"_id":"2","_index":"public"}]}', True),
    ("/_mget", b'{"docs":[{"_id":"2","_index":"public"},{"_id":"3"}]}', False),
    ("/_mget", b'{"docs":[{"_id":"2","_index":"public"}],"docs":[{"_id":"2","_index":"secret"}]}', False),
    ("/_mget", b'{"ids":["1"]}', False),
    ("/_mget", b"[]", False),
    ("/catalog/_mtermvectors", b'{"ids":["1"],"parameters":{"_index":"secret"}}', False),
    ("/catalog/_mtermvectors", b'{"ids":["1"],"parameters":{"fields":["name"]}}', True),
    ("/_search", b'{"pit":{"id":"abc"}}', True),
    ("/_search", b'{"query":{"match_all":{}}}', False),
    ("/_search", b'{"pit":{"id":""}}', False),
    ("/_search", b'{"pit":null}', False),
    ("/_search", b"", False),
]


def look(gate: Gate, method: str, target: str, body: bytes, content_type: str = "application/json") -> Refused | None:
    route = gate.admit(method, target, own_credentials=True)
    if isinstance(route, Refused):
        return route
    assert route.unseen
    return gate.look_inside(
        ClientRequest(method, target, [("Content-Type", content_type)] if body else [], body), route
    )


@pytest.mark.parametrize(("target", "body", "opens"), ITEMS)
def test_with_the_proxys_credentials_only_items_that_name_open_indices_pass(
    target: str, body: bytes, opens: bool
) -> None:
    gate = Gate(ProxySettings(readable_indices=("pub*",)))
    assert (look(gate, "POST", target, body) is None) is opens


def test_items_in_the_url_in_gzip_and_in_other_formats() -> None:
    gate = Gate(ProxySettings(readable_indices=("public",)))
    for name, opens in (("public", True), ("secret", False)):
        item = f'{{"index":"{name}"}}\n{{}}\n'
        target = "/_msearch?source_content_type=application/json&source=" + quote(item)
        assert (look(gate, "GET", target, b"") is None) is opens
        assert look(gate, "GET", target + "&source=%7B%7D", b"") is not None
        assert look(gate, "GET", target, b"{}\n{}\n") is not None
        assert look(gate, "POST", "/_msearch", item.encode(), "application/cbor") is not None
        packed = ClientRequest(
            "POST",
            "/_msearch",
            [
                ("Content-Type", "application/vnd.elasticsearch+x-ndjson; compatible-with=8"),
                ("Content-Encoding", "gzip"),
            ],
            gzip.compress(item.encode()),
        )
        route = gate.admit("POST", "/_msearch", own_credentials=True)
        assert isinstance(route, Route)
        assert (gate.look_inside(packed, route) is None) is opens


def test_a_search_of_named_indices_is_not_looked_into() -> None:
    route = Gate(ProxySettings()).admit("POST", "/catalog/_search", own_credentials=True)
    assert isinstance(route, Route)
    assert not route.unseen


def test_where_all_indices_are_readable_nothing_is_looked_into() -> None:
    gate = Gate(ProxySettings(readable_indices=("*",)))
    for target in ("/_msearch", "/_sql", "/_search", "/secret/_mget"):
        route = gate.admit("POST", target, own_credentials=True)
        assert isinstance(route, Route), target
        assert not route.unseen


@pytest.mark.parametrize(
    ("target", "body", "passes"),
    [
        ("/_search/scroll", b'{"scroll_id":["abc","d"]}', True),
        ("/_search/scroll", b'{"scroll_id":"_all"}', False),
        ("/_search/scroll", b'{"scroll_id":["abc","_\\u0061ll"]}', False),
        ("/_search/scroll", b'{"scroll_id":"_all,"}', False),
        ("/_search/scroll", b'{"scroll_id":"a","scroll_id":"_all"}', False),
        ("/_search/scroll?scroll_id=abc", b"", True),
        ("/_search/scroll?scroll_id=_all", b"", False),
        ("/_search/scroll?a=b;scroll_id=_all", b"", False),
        ("/_search/scroll?source=%7B%22scroll_id%22:%22_all%22%7D&source_content_type=application/json", b"", False),
        ("/_search/scroll/abc", b'{"scroll_id":"_all"}', False),
        ("/_search/point_in_time", b'{"pit_id":["abc"]}', True),
        ("/_search/point_in_time", b'{"pit_id":["_all"]}', False),
    ],
)
def test_contexts_are_let_go_one_by_one(target: str, body: bytes, passes: bool) -> None:
    """Engines take ``_all`` in the path, in the query and in the body for the contexts of everybody."""
    assert (look(GATE, "DELETE", target, body) is None) is passes


@pytest.mark.parametrize(
    ("target", "instead"),
    [
        ("/x/_pit?keep_alive=1m", ("POST", "/x/_pit?keep_alive=1m&ignore_unavailable=false")),
        ("/x/_async_search", ("POST", "/x/_async_search?ignore_unavailable=false")),
        ("/x/_async_search?ignore_unavailable", ("POST", "/x/_async_search?ignore_unavailable")),
        ("/x/_eql/search", ("POST", "/x/_eql/search?ignore_unavailable=false")),
        ("/x/_search/point_in_time?a=1", ("POST", "/x/_search/point_in_time?a=1&ignore_unavailable=false")),
        ("/x/_terms_enum", ("GET", "/x/_terms_enum")),
        ("/x/_knn_search", ("GET", "/x/_knn_search")),
        ("/x/_doc/_search?q=a", ("GET", "/x/_doc/_search?q=a")),
        ("/x/_doc/_msearch", ("GET", "/x/_doc/_msearch")),
        ("/x/y/_search", None),
        ("/x/_search", None),
    ],
)
def test_what_some_engine_would_take_for_a_document_is_asked_as_a_search(
    target: str, instead: tuple[str, str] | None
) -> None:
    route = admit("POST", target)
    assert isinstance(route, Route)
    assert route.instead == instead
    asked = admit("GET", target) if "_pit" not in target and "point_in" not in target else route
    assert isinstance(asked, Route)
    assert asked.instead == (instead if asked is route else None)


def test_where_writes_are_allowed_such_a_request_is_sent_as_it_came_and_once() -> None:
    assert admit("POST", "/x/_doc/_search", allow_writes=True) == Route((), "other", repeatable=False)
