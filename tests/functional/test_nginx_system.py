"""The shipped nginx configuration, run by a real nginx."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from sessionrank.vectors import VectorsFile
from tests.support.nginx import Nginx, nginx
from tests.support.raw_client import said
from tests.support.recorder import Recorder, recorder
from tests.support.served import served

pytestmark = pytest.mark.system


def ask(
    port: int, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request with the target exactly as given; names of headers in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": "127.0.0.1", "Content-Length": str(len(body or b"")), **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def far_end() -> Iterator[Recorder]:
    """In the engine's place: it keeps every request as it came."""
    with recorder() as record:
        yield record


@pytest.fixture(scope="module")
def proxy(far_end: Recorder) -> Iterator[int]:
    """A real proxy before it, told to forward everything."""
    environment = {
        "SESSIONRANK_UPSTREAM": f"http://127.0.0.1:{far_end.port}",
        "SESSIONRANK_REDIS_URL": "memory://",
        "SESSIONRANK_ALLOW_WRITES": "true",
        "SESSIONRANK_INDICES": "managed",
    }
    with served(environment) as port:
        yield port


@pytest.fixture
def web(far_end: Recorder, proxy: int, tmp_path: Path) -> Iterator[Nginx]:
    far_end.asked.clear()
    far_end.answer = b'{"acknowledged":true}'
    with nginx(tmp_path, upstream=f"127.0.0.1:{proxy}") as server:
        yield server


@pytest.mark.parametrize(
    "target",
    [
        "/catalog/_doc/a%2Fb",
        "//catalog//_search",
        "/catalog/_search?q=name:caf%C3%A9%20au%2flait&x=a+b",
        "/a/./b/../_search",
        "/catalog/_doc/%e4%bd%a0%25",
        "/" + "x" * 4100 + "/_search",
    ],
)
def test_the_target_arrives_as_it_was_sent(web: Nginx, far_end: Recorder, target: str) -> None:
    status, _, _ = ask(web.port, "GET", target)
    assert status == 200
    assert [a.target for a in far_end.asked] == [target]


def test_a_header_of_16_kb_passes(web: Nginx, far_end: Recorder) -> None:
    status, _, _ = ask(web.port, "GET", "/catalog/_search", headers={"X-Opaque-Id": "x" * 16_384})
    assert status == 200
    assert ("X-Opaque-Id", "x" * 16_384) in far_end.asked[0].headers


def test_a_header_with_an_underscore_passes_and_is_not_taken_for_another(web: Nginx, far_end: Recorder) -> None:
    status, _, _ = ask(web.port, "GET", "/catalog/_count", headers={"X_Trace": "1", "Content_Length": "7"})
    assert status == 200
    assert ("X_Trace", "1") in far_end.asked[0].headers
    assert not any(name.lower() == "content_length" for name, _ in far_end.asked[0].headers)


def test_the_proxy_is_told_who_asks(web: Nginx, far_end: Recorder) -> None:
    ask(web.port, "POST", "/catalog/_search", b"{}", {"Host": "shop.example", "Connection": "close"})
    sent = {name.lower(): value for name, value in far_end.asked[0].headers}
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert sent["x-forwarded-host"] == "shop.example"
    assert sent["x-forwarded-proto"] == "http"


@pytest.mark.parametrize("accepts", [True, False])
def test_long_answers_are_compressed_for_who_takes_it(web: Nginx, far_end: Recorder, accepts: bool) -> None:
    far_end.answer = json.dumps({"text": "velvet " * 1000}).encode()
    status, headers, body = ask(
        web.port, "GET", "/catalog/_search", headers={"Accept-Encoding": "gzip"} if accepts else {}
    )
    assert status == 200
    assert headers.get("content-encoding") == ("gzip" if accepts else None)
    assert (gzip.decompress(body) if accepts else body) == far_end.answer


def test_a_body_beyond_the_limit_is_refused_in_the_engines_shape(web: Nginx, far_end: Recorder) -> None:
    status, headers, body = ask(web.port, "POST", "/catalog/_search", b"x" * (16 * 1024 * 1024 + 1))
    assert status == 413
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["status"] == 413
    assert headers["x-sessionrank"] == "refused; reason=too-large"
    assert far_end.asked == []


START = b"POST /managed/_count HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /managed/_count?q=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (START + b"X: " + b"y" * 70_000 + b"\r\n\r\n", 400),
        (START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (START + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (START + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (START + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ],
    ids=range(9),
)
def test_what_is_no_http_is_refused_in_the_engines_shape(
    web: Nginx, far_end: Recorder, request_: bytes, status: int
) -> None:
    assert said(web.port, request_).error() == (status, "illegal_argument_exception", "refused; reason=not-http")
    assert far_end.asked == []


def test_a_body_within_the_limit_passes_whole(web: Nginx, far_end: Recorder) -> None:
    sent = b"x" * (4 * 1024 * 1024)
    status, _, _ = ask(web.port, "POST", "/catalog/_search", sent)
    assert status == 200
    assert far_end.asked[0].body == sent


def test_nginx_does_not_tell_its_version(web: Nginx) -> None:
    _, headers, _ = ask(web.port, "GET", "/_sessionrank/metrics")
    assert headers["server"] == "nginx"


@pytest.mark.parametrize(
    "target",
    [
        "/_sessionrank",
        "/_sessionrank/",
        "/_sessionrank/metrics",
        "/_sessionrank/metrics?a=/_sessionrank/events",
        "/_sessionrank/health/ready",
        "/_sessionrank/sessions/visit-1",
        "/_sessionrank/analogy?a=1&b=2&c=3",
        "//_sessionrank/metrics",
        "///_sessionrank//metrics",
        "/_SESSIONRANK/metrics",
        "/%5Fsessionrank/metrics",
        "/%5fsessionrank%2fmetrics",
        "/catalog/../_sessionrank/metrics",
        "/catalog/%2e%2e/_sessionrank/metrics",
        "/catalog/..%2f_sessionrank/metrics",
        "/./_sessionrank/metrics",
        "/_sessionrank/events/../metrics",
        "/_sessionrank/metrics/../events",
        "/_sessionrank/events/",
        "/_sessionrank/items/a/similar/../../../metrics",
        "/_sessionrank/items/a/b/similar",
        "/_sessionrank/sessions/visit-1/../../../x",
        "/_sessionrank/metrics/..%2f..%2fx",
        "/_sessionrank/sessions/visit-1/..%2F..%2F../catalog/_search",
        "//_sessionrank/sessions/visit-1/../../../catalog/_search?q=a",
        "http://127.0.0.1/_sessionrank/metrics",
        "http://127.0.0.1/_sessionrank/sessions/visit-1/../../../x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_own_endpoints_are_closed_however_they_are_spelt(
    web: Nginx, far_end: Recorder, method: str, target: str
) -> None:
    status, headers, body = ask(web.port, method, target)
    assert status == 403
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["error"]["reason"] == "this endpoint is not public"
    assert far_end.asked == []


@pytest.mark.parametrize(
    "target", ["/_sessionrank/items/85123A/similar?index=x", "/_sessionrank/items/a%2Fb/similar?index=x"]
)
def test_similar_items_are_open(web: Nginx, target: str) -> None:
    status, _, body = ask(web.port, "GET", target)
    assert (status, json.loads(body)["error"]["type"]) == (404, "index_not_found_exception")


def test_events_and_liveness_are_open(web: Nginx) -> None:
    event = b'[{"session":"visit-1","type":"view","sku":"1"}]'
    status, _, _ = ask(web.port, "POST", "/_sessionrank/events", event, {"Content-Type": "application/json"})
    assert status == 200
    assert ask(web.port, "GET", "/_sessionrank/health/live")[0] == 200


def test_a_session_in_a_url_reaches_no_log(far_end: Recorder, proxy: int, tmp_path: Path) -> None:
    with nginx(tmp_path, upstream=f"127.0.0.1:{proxy}") as server:
        ask(server.port, "GET", "/_sessionrank/sessions/secret-visit")
        ask(server.port, "GET", "/catalog/_search", headers={"X-Session-Id": "secret-visit"})
    access = server.access_log.read_text()
    assert "/catalog/_search" in access
    assert "secret-visit" not in access + server.error_log.read_text()


def test_events_from_one_address_are_limited(proxy: int, tmp_path: Path) -> None:
    """One a minute instead of twenty a second, so that the burst is all that passes however slow the machine is."""
    event = b'[{"session":"visit-1","type":"view","sku":"1"}]'
    with nginx(tmp_path, upstream=f"127.0.0.1:{proxy}", replacements={"rate=20r/s": "rate=1r/m"}) as server:
        answers = [
            ask(server.port, "POST", "/_sessionrank/events", event, {"Content-Type": "application/json"})
            for _ in range(45)
        ]
        assert [status for status, _, _ in answers] == [200] * 41 + [429] * 4
        assert json.loads(answers[-1][2])["status"] == 429
        assert ask(server.port, "GET", "/catalog/_search")[0] == 200


def test_a_proxy_that_is_down_gives_502_in_the_engines_shape(tmp_path: Path) -> None:
    with nginx(tmp_path, upstream="127.0.0.1:1") as server:
        status, headers, body = ask(server.port, "GET", "/catalog/_search")
    assert (status, headers["content-type"], json.loads(body)["status"]) == (502, "application/json", 502)
    assert headers["x-sessionrank"] == "failed; reason=unreachable"


@pytest.fixture(scope="module")
def shop(engine_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Nginx]]:
    """A small index on the real engine with published vectors, a real proxy and a real nginx before it."""
    index = f"nginx-{uuid.uuid4().hex[:8]}"
    port = urlsplit(engine_url).port or 80
    rows = [line for n in range(200) for line in ({"index": {"_id": str(n)}}, {"name": f"velvet cushion {n}"})]
    bulk = "".join(json.dumps(row) + "\n" for row in rows).encode()
    ask(port, "PUT", f"/{index}", b'{"settings":{"number_of_shards":1}}', {"Content-Type": "application/json"})
    ask(port, "POST", f"/{index}/_bulk?refresh=true", bulk, {"Content-Type": "application/x-ndjson"})
    folder = tmp_path_factory.mktemp("shop")
    ids = [str(n) for n in range(200)]
    circle = np.linspace(0, np.pi, 200)
    vectors = np.stack([np.cos(circle), np.sin(circle)], axis=1)
    VectorsFile.build(ids, vectors, [9] * 200, {"algorithm": "circle"}).save(folder / "vectors.npz")
    environment = {
        "SESSIONRANK_UPSTREAM": engine_url,
        "SESSIONRANK_REDIS_URL": redis_url,
        "SESSIONRANK_INDICES": index,
        "SESSIONRANK_POPULARITY": "none",
        "SESSIONRANK_STRATEGY": "cosine",
    }
    publish = [sys.executable, "-m", "sessionrank", "index", "vectors", str(folder / "vectors.npz"), "--index", index]
    subprocess.run(publish, env={**os.environ, **environment}, check=True, capture_output=True)
    with served(environment) as proxy, nginx(folder, upstream=f"127.0.0.1:{proxy}") as server:
        yield index, server
    ask(port, "DELETE", f"/{index}")


JSON = {"Content-Type": "application/json"}
QUERY = b'{"query":{"match":{"name":"velvet"}},"size":30}'


@pytest.mark.parametrize("headers", [{"X-Sessionrank": "off"}, {"X-Session-Id": "nobody", "Accept-Encoding": "gzip"}])
def test_a_plain_search_answers_as_the_engine_does(
    shop: tuple[str, Nginx], engine_url: str, headers: dict[str, str]
) -> None:
    index, server = shop
    through = ask(server.port, "POST", f"/{index}/_search", QUERY, {**JSON, **headers})
    direct = ask(urlsplit(engine_url).port or 80, "POST", f"/{index}/_search", QUERY, JSON)
    body = gzip.decompress(through[2]) if "Accept-Encoding" in headers else through[2]
    assert through[0] == direct[0] == 200
    assert {**json.loads(body), "took": 0} == {**json.loads(direct[2]), "took": 0}
    assert through[1]["content-type"] == direct[1]["content-type"]


def test_what_a_visit_looked_at_through_nginx_changes_its_search(shop: tuple[str, Nginx]) -> None:
    index, server = shop
    event = b'[{"session":"visit-1","type":"view","sku":"150"}]'
    assert ask(server.port, "POST", "/_sessionrank/events", event, JSON)[0] == 200
    query = b'{"query":{"match":{"name":"velvet"}},"size":100}'
    _, plain_headers, plain = ask(server.port, "POST", f"/{index}/_search", query, JSON)
    _, headers, body = ask(server.port, "POST", f"/{index}/_search", query, {**JSON, "X-Session-Id": "visit-1"})
    assert plain_headers["x-sessionrank"] == "plain; reason=no-session"
    assert headers["x-sessionrank"].startswith("personalised; window=100; moved=")
    before = [int(hit["_id"]) for hit in json.loads(plain)["hits"]["hits"]]
    after = [int(hit["_id"]) for hit in json.loads(body)["hits"]["hits"]]
    assert sorted(after) == sorted(before)
    assert after == sorted(before, key=lambda n: abs(n - 150))
