"""The shipped nginx configuration, run by a real nginx."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nginx import Nginx, nginx
from tests.support.recorder import Recorder, recorder

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
def engine() -> Iterator[Recorder]:
    with recorder() as record:
        yield record


@pytest.fixture
def web(engine: Recorder, tmp_path: Path) -> Iterator[Nginx]:
    engine.asked.clear()
    with nginx(tmp_path, upstream=f"127.0.0.1:{engine.port}") as server:
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
def test_the_target_arrives_as_it_was_sent(web: Nginx, engine: Recorder, target: str) -> None:
    status, _, _ = ask(web.port, "GET", target)
    assert status == 200
    assert [a.target for a in engine.asked] == [target]


def test_a_header_of_16_kb_passes(web: Nginx, engine: Recorder) -> None:
    status, _, _ = ask(web.port, "GET", "/catalog/_search", headers={"X-Opaque-Id": "x" * 16_384})
    assert status == 200
    assert ("X-Opaque-Id", "x" * 16_384) in engine.asked[0].headers


def test_the_proxy_is_told_who_asks_and_keeps_the_connection(web: Nginx, engine: Recorder) -> None:
    ask(web.port, "POST", "/catalog/_search", b"{}", {"Host": "shop.example", "Connection": "close"})
    sent = {name.lower(): value for name, value in engine.asked[0].headers}
    assert sent["host"] == "shop.example"
    assert sent["x-forwarded-for"] == "127.0.0.1"
    assert sent["x-forwarded-proto"] == "http"
    assert "connection" not in sent


@pytest.mark.parametrize("accepts", [True, False])
def test_long_answers_are_compressed_for_who_takes_it(web: Nginx, engine: Recorder, accepts: bool) -> None:
    engine.answer = json.dumps({"text": "velvet " * 1000}).encode()
    status, headers, body = ask(
        web.port, "GET", "/catalog/_search", headers={"Accept-Encoding": "gzip"} if accepts else {}
    )
    assert status == 200
    assert headers.get("content-encoding") == ("gzip" if accepts else None)
    assert (gzip.decompress(body) if accepts else body) == engine.answer


def test_a_body_beyond_the_limit_is_refused_in_the_engines_shape(web: Nginx, engine: Recorder) -> None:
    status, headers, body = ask(web.port, "POST", "/catalog/_search", b"x" * (16 * 1024 * 1024 + 1))
    assert status == 413
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["status"] == 413
    assert engine.asked == []


def test_a_body_within_the_limit_passes_whole(web: Nginx, engine: Recorder) -> None:
    sent = b"x" * (4 * 1024 * 1024)
    status, _, _ = ask(web.port, "POST", "/catalog/_search", sent)
    assert status == 200
    assert engine.asked[0].body == sent


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
        "http://127.0.0.1/_sessionrank/metrics",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_own_endpoints_are_closed_however_they_are_spelt(
    web: Nginx, engine: Recorder, method: str, target: str
) -> None:
    status, headers, body = ask(web.port, method, target)
    assert status == 403
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["error"]["type"] == "security_exception"
    assert engine.asked == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/_sessionrank/events"),
        ("POST", "/_sessionrank/events?refresh"),
        ("GET", "/_sessionrank/items/85123A/similar"),
        ("GET", "/_sessionrank/items/a%2Fb/similar?n=5"),
        ("GET", "/_sessionrank/health/live"),
    ],
)
def test_events_similar_items_and_liveness_are_open(web: Nginx, engine: Recorder, method: str, target: str) -> None:
    status, _, _ = ask(web.port, method, target, b"{}" if method == "POST" else None)
    assert status == 200
    assert [(a.method, a.target) for a in engine.asked] == [(method, target)]


def test_a_session_in_a_url_reaches_no_log(web: Nginx) -> None:
    ask(web.port, "GET", "/_sessionrank/sessions/secret-visit")
    ask(web.port, "GET", "/catalog/_search", headers={"X-Session-Id": "secret-visit"})
    access = web.access_log.read_text()
    assert "/catalog/_search" in access
    assert "secret-visit" not in access + web.error_log.read_text()


def test_events_from_one_address_are_limited(engine: Recorder, tmp_path: Path) -> None:
    """One a minute instead of twenty a second, so that the burst is all that passes however slow the machine is."""
    engine.asked.clear()
    with nginx(tmp_path, upstream=f"127.0.0.1:{engine.port}", replacements={"rate=20r/s": "rate=1r/m"}) as server:
        statuses = [ask(server.port, "POST", "/_sessionrank/events", b"{}")[0] for _ in range(45)]
        assert statuses == [200] * 41 + [429] * 4
        assert ask(server.port, "GET", "/catalog/_search")[0] == 200
    assert len(engine.asked) == 42


def test_a_proxy_that_is_down_gives_502_in_the_engines_shape(tmp_path: Path) -> None:
    with nginx(tmp_path, upstream="127.0.0.1:1") as server:
        status, headers, body = ask(server.port, "GET", "/catalog/_search")
    assert (status, headers["content-type"], json.loads(body)["status"]) == (502, "application/json", 502)
