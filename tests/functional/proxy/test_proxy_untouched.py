"""Form (a): what is not touched is the engine's own answer: status, headers and body."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.asking import Ask, Got, Over, untimed
from tests.support.raw_client import RawClient
from tests.support.recorder import Recorder, recorder
from tests.support.served import Served, serving
from tests.support.shop import Shop
from tests.support.stack import TestStack

Visit = Callable[[Sequence[str]], dict[str, str]]
OFF = {"X-Sessionrank": "off"}


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Ask, Recorder]]:
    """A proxy before an engine that keeps what it was asked."""
    with recorder() as record:
        settings = {"SESSIONRANK_UPSTREAM": f"http://127.0.0.1:{record.port}", "SESSIONRANK_REDIS_URL": "memory://"}
        with serving(settings) as running:
            yield Over(f"http://127.0.0.1:{running.port}"), record


def assert_same(got: Got, expected: Got) -> None:
    assert got.status == expected.status
    assert untimed(got.body) == untimed(expected.body)
    assert got.engine_headers() == expected.engine_headers()
    if len(got.body) == len(expected.body):
        assert got.header("Content-Length") == expected.header("Content-Length")


#: (method, target, body); `{shop}` is the alias, `{index}` the concrete index.
UNTOUCHED: dict[str, tuple[str, str, Any]] = {
    "root": ("GET", "/", None),
    "root-head": ("HEAD", "/", None),
    "index": ("GET", "/{shop}", None),
    "index-head": ("HEAD", "/{shop}", None),
    "index-head-missing": ("HEAD", "/no-such-index", None),
    "mapping": ("GET", "/{shop}/_mapping", None),
    "settings": ("GET", "/{shop}/_settings?flat_settings=true", None),
    "alias": ("GET", "/{shop}/_alias", None),
    "count": ("GET", "/{shop}/_count?q=name:red", None),
    "count-body": ("POST", "/{shop}/_count", {"query": {"match": {"name": "red"}}}),
    "mget": ("POST", "/{shop}/_mget", {"ids": ["85123A", "71053", "missing"]}),
    "doc": ("GET", "/{shop}/_doc/85123A", None),
    "doc-pretty": ("GET", "/{shop}/_doc/85123A?pretty", None),
    "doc-head": ("HEAD", "/{shop}/_doc/85123A", None),
    "doc-missing": ("GET", "/{shop}/_doc/nothing", None),
    "doc-head-missing": ("HEAD", "/{shop}/_doc/nothing", None),
    "source": ("GET", "/{shop}/_source/85123A", None),
    "explain": ("GET", "/{shop}/_explain/85123A?q=heart", None),
    "termvectors": ("GET", "/{shop}/_termvectors/85123A?fields=name", None),
    "field-caps": ("GET", "/{shop}/_field_caps?fields=*", None),
    "validate": ("POST", "/{shop}/_validate/query?explain=true", {"query": {"match": {"name": "red"}}}),
    "analyze": ("POST", "/{shop}/_analyze", {"text": "White hanging heart"}),
    "shards": ("GET", "/{shop}/_search_shards", None),
    "cat-count": ("GET", "/_cat/count/{shop}?h=count", None),
    "cat-aliases": ("GET", "/_cat/aliases/{shop}", None),
    "cat-indices": ("GET", "/_cat/indices/{index}?v&h=index,docs.count", None),
    "cat-indices-json": ("GET", "/_cat/indices/{index}?format=json&h=index,health", None),
    "cat-indices-yaml": ("GET", "/_cat/indices/{index}?format=yaml&h=index,health", None),
    "search-sort": ("POST", "/{shop}/_search", {"sort": ["sku"], "size": 3}),
    "search-size-0": ("POST", "/{shop}/_search", {"size": 0, "aggs": {"g": {"terms": {"field": "group"}}}}),
    "search-yaml": ("GET", "/{shop}/_search?format=yaml&size=2&q=red", None),
    "search-unmanaged": ("GET", "/{index}/_search?q=red", None),
    "search-all": ("GET", "/_search?q=nothingatallofthiskind", None),
    "search-missing": ("GET", "/no-such-index/_search", None),
    "bad-query": ("POST", "/{shop}/_search", {"query": {"no_such_query": {}}}),
    "bad-json": ("POST", "/{shop}/_search", b'{"query": {'),
    "no-json": ("POST", "/{shop}/_search", b"hello"),
    "twice-the-same-name": ("POST", "/{shop}/_search", b'{"size":1,"size":2}'),
    "unknown-member": ("POST", "/{shop}/_search", {"no_such_member": 1}),
    "bad-size": ("GET", "/{shop}/_search?size=-3", None),
    "bad-parameter": ("GET", "/{shop}/_search?no_such_parameter=1", None),
    "past-the-result-window": ("GET", "/{shop}/_search?from=9999&size=10", None),
    "method-not-allowed-on-count": ("POST", "/{shop}/_count?q=", None),
    "scroll-of-nothing": ("POST", "/_search/scroll", {"scroll_id": "bm90aGluZw==", "scroll": "1m"}),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_the_engines_own_answer_comes_back(proxy: Ask, direct: Ask, shop: Shop, visit: Visit, name: str) -> None:
    method, target, body = UNTOUCHED[name]
    target = target.replace("{shop}", shop.alias).replace("{index}", shop.index)
    got = proxy(method, target, body, visit(shop.of_cluster(0)))
    assert_same(got, direct(method, target, body))
    assert got.told.startswith("plain; reason=")


@pytest.mark.parametrize(
    "target", ["?q=red", "?q=red&size=40&from=30", "?pretty&size=5", "", "?q=red&filter_path=hits"]
)
@pytest.mark.parametrize(
    "body", [None, {"query": {"match": {"name": "heart"}}, "aggs": {"g": {"terms": {"field": "group"}}}}]
)
def test_a_search_that_says_off_is_the_engines_own(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, target: str, body: object
) -> None:
    got = proxy("POST", f"/{shop.alias}/_search{target}", body, visit(shop.of_cluster(0)) | OFF)
    assert_same(got, direct("POST", f"/{shop.alias}/_search{target}", body))
    assert got.reason == "off"


def test_off_in_other_letters_is_off_and_anything_else_is_not(proxy: Ask, shop: Shop) -> None:
    assert proxy("GET", f"/{shop.alias}/_search", None, {"x-sessionrank": " OFF "}).reason == "off"
    assert proxy("GET", f"/{shop.alias}/_search", None, {"x-sessionrank": "no"}).reason == "no-session"


def test_a_multi_search_passes_as_it_is(proxy: Ask, direct: Ask, shop: Shop) -> None:
    lines = [{}, {"query": {"match": {"name": "red"}}, "size": 2}, {}, {"query": {"no_such_query": {}}}]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    target = f"/{shop.alias}/_msearch"
    assert_same(proxy("POST", target, body, headers), direct("POST", target, body, headers))


def test_a_scroll_shows_every_hit_once_and_can_be_closed(proxy: Ask, shop: Shop, visit: Visit) -> None:
    session = visit(shop.of_cluster(0))
    answer = proxy("POST", f"/{shop.alias}/_search?scroll=1m", {"size": 250}, session)
    seen: list[str] = []
    while answer.ids():
        assert answer.reason in ("walk", "endpoint")
        seen += answer.ids()
        scroll = answer.json()["_scroll_id"]
        answer = proxy("POST", "/_search/scroll", {"scroll_id": scroll, "scroll": "1m"}, session)
    assert len(seen) == len(set(seen)) == 600
    closed = proxy("DELETE", "/_search/scroll", {"scroll_id": [scroll]})
    assert (closed.status, closed.json()["num_freed"]) == (200, 1)
    assert proxy("DELETE", "/_search/scroll", {"scroll_id": [scroll]}).status == 404


def test_a_point_in_time_is_opened_searched_and_closed(proxy: Ask, direct: Ask, shop: Shop) -> None:
    opened = proxy("POST", f"/{shop.alias}/_search/point_in_time?keep_alive=1m")
    pit = opened.json()["pit_id"]
    # Without an index in the path the search is nobody's whose order we may change.
    body = {"pit": {"id": pit, "keep_alive": "1m"}, "query": {"match": {"name": "red"}}, "size": 4}
    got = proxy("POST", "/_search", body)
    assert_same(got, direct("POST", "/_search", body))
    assert got.status == 200
    closed = proxy("DELETE", "/_search/point_in_time", {"pit_id": [pit]})
    assert (closed.status, closed.json()["pits"][0]["successful"]) == (200, True)


def test_a_gzipped_answer_passes_as_the_engine_packed_it(proxy: Ask, direct: Ask, shop: Shop) -> None:
    headers = {"Accept-Encoding": "gzip"}
    target = f"/{shop.alias}/_mget?pretty"
    body = {"ids": ["85123A", "71053", "84406B"] * 20}
    got, expected = proxy("POST", target, body, headers), direct("POST", target, body, headers)
    assert_same(got, expected)
    assert got.header("Content-Encoding") == "gzip"
    assert json.loads(gzip.decompress(got.body))["docs"][0]["found"]


def test_a_gzipped_request_body_reaches_the_engine(proxy: Ask, direct: Ask, shop: Shop) -> None:
    body = gzip.compress(json.dumps({"query": {"match": {"name": "red"}}}).encode())
    headers = {"Content-Encoding": "gzip"}
    target = f"/{shop.alias}/_count"
    assert_same(proxy("POST", target, body, headers), direct("POST", target, body, headers))


@pytest.mark.parametrize(
    "target",
    [
        "/catalog/_doc/a%2Fb+c%20d?routing=x%2By&routing=z",
        "/catalog/_doc/%C3%BC%e2%82%AC?_source_includes=a,b&_source_includes=c",
        "/catalog/_count?q=a+b%2Bc&q=d&ignore_unavailable",
        "/catalog/_search?sort=price&q=%22a+b%22&&x=&=y",
        "/logs%2A,other/_search?q=%F0%9F%98%80",
        "/catalog/_source/a%2fb%2F%2Fc",
        "/catalog/_search?q=" + "x" * 4500 + "&sort=a",
    ],
)
def test_the_target_arrives_letter_by_letter(recording: tuple[Ask, Recorder], target: str) -> None:
    ask, record = recording
    assert ask("GET", target).status == 200
    assert record.asked[-1].target == target


def test_the_answer_says_how_long_the_engine_took(proxy: Ask, shop: Shop) -> None:
    timing = proxy("GET", f"/{shop.alias}/_count").header("Server-Timing") or ""
    assert re.fullmatch(r"engine;dur=\d+\.\d+", timing)


PACKED = gzip.compress(b'{"query":{"match":{"name":"red"}}}')
#: Requests in bytes; `{shop}` is the alias.
BYTES: dict[str, bytes] = {
    "raw utf-8": "GET /{shop}/_count?q=name:caf\xc3\xa9 HTTP/1.1\r\n\r\n".encode("latin-1"),
    "same parameter twice": b"GET /{shop}/_count?q=name:red&q=name:blue&pretty&ignore_unavailable HTTP/1.1\r\n\r\n",
    "http/1.0": b"GET /{shop}/_count HTTP/1.0\r\n\r\n",
    "http/1.0 kept alive": b"GET /{shop}/_count HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "no host": b"GET /{shop}/_count HTTP/1.1\r\n\r\n",
    "get with a body": b"GET /{shop}/_count HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n"
    b'{"query":{"match":{"name":"heart"}}}',
    "body without a type": b"POST /{shop}/_count HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    "empty body": b"POST /{shop}/_count HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two types": b"POST /{shop}/_count HTTP/1.1\r\nContent-Type: application/json\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    "unknown type": b"POST /{shop}/_search HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
    "chunked": b"POST /{shop}/_count HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'12\r\n{"query":{"match":\r\n12\r\n{"name":"heart"}}}\r\n0\r\n\r\n',
    "gzipped": b"POST /{shop}/_count HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
    "not gzipped": b"POST /{shop}/_count HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    "several accepts": b"GET /_cat/count/{shop}?h=count HTTP/1.1\r\nAccept: text/plain\r\nAccept: */*\r\n\r\n",
    "an accept list": b"GET /_cat/count/{shop}?h=count HTTP/1.1\r\nAccept: application/yaml, text/plain;q=0.5\r\n\r\n",
    "an unknown accept": b"GET /_cat/count/{shop}?h=count HTTP/1.1\r\nAccept: x/y\r\n\r\n",
    "an id of the request": b"GET /{shop}/_count?no_such=1 HTTP/1.1\r\nX-Opaque-Id: 7\r\nX_Under: 1\r\n\r\n",
    "a header of 9 KB": b"GET /{shop}/_count HTTP/1.1\r\nX-Long: " + b"y" * 9000 + b"\r\n\r\n",
    "a header of 20 KB": b"GET /{shop}/_count HTTP/1.1\r\nX-Long: " + b"y" * 20_000 + b"\r\n\r\n",
    "head": b"HEAD /{shop}/_doc/85123A HTTP/1.1\r\n\r\n",
    "head of nothing": b"HEAD /{shop}/_doc/nothing HTTP/1.1\r\n\r\n",
    "options": b"OPTIONS /{shop}/_search HTTP/1.1\r\n\r\n",
    "options of the root": b"OPTIONS / HTTP/1.1\r\n\r\n",
    "no handler": b"POST /_query HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "another engine's": b"GET /_async_search/x HTTP/1.1\r\n\r\n",
    "pit the elastic way": b"POST /{shop}/_pit?keep_alive=1m HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "a mistyped parameter": b"GET /{shop}/_search?form=1 HTTP/1.1\r\n\r\n",
}  # fmt: skip


def test_a_request_that_the_engine_cannot_read_costs_no_other_client_anything(server: Served, shop: Shop) -> None:
    """The engine leaves its connection open then, and reads nothing more of it."""
    for _ in range(3):
        assert _in_bytes(server.port, BYTES["a header of 20 KB"], shop)[0] == "HTTP/1.1 400 Bad Request"
        assert _in_bytes(server.port, BYTES["http/1.0 kept alive"], shop)[0] == "HTTP/1.0 200 OK"


def _in_bytes(port: int, request: bytes, shop: Shop) -> tuple[str, list[tuple[str, str]], bytes]:
    with RawClient(port) as client:
        client.send(request.replace(b"{shop}", shop.alias.encode()))
        answer = client.answer(head_only=request.startswith(b"HEAD"))
    framing = {"date", "connection", "x-sessionrank", "server-timing"}
    headers = [header for header in answer.headers if header[0].lower() not in framing]
    return answer.status_line, headers, untimed(answer.body)


@pytest.mark.parametrize("case", BYTES)
def test_what_is_asked_in_bytes_is_answered_in_the_engines_own(
    server: Served, stack: TestStack, shop: Shop, case: str
) -> None:
    """Status line, header lines in their order and spelling, and body."""
    request = BYTES[case]
    if b"_search HTTP" in request or b"_search?" in request:
        request = request.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\r\nX-Sessionrank: off\r\n")
    engine = urlsplit(stack.upstream).port or 0
    assert _in_bytes(server.port, request, shop) == _in_bytes(engine, BYTES[case], shop)
