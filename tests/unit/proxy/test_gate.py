"""The gate lets reads of the search side through, and nothing that could be read as something else."""

from __future__ import annotations

import pytest

from proxy.gate import Gate, Refused, Route
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
        ("/c*/_search", False),
        ("/_search", False),
        ("/catalog/_msearch", False),
        ("/catalog/_mget", False),
        ("/_search/scroll", True),
        ("/_cat/indices", False),
        ("/_cluster/health", True),
        ("/_cluster/health?level=indices", False),
    ],
)
def test_with_the_proxys_credentials_only_open_indices_are_read(target: str, opens: bool) -> None:
    gate = Gate(ProxySettings(readable_indices=("pub*",)))
    method = "GET" if target.startswith("/_c") else "POST"
    assert isinstance(gate.admit(method, target, own_credentials=True), Route) is opens
