"""The WSGI application in front: places, limits, headers, encodings and errors, without a server."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app

from proxy.app import create_app
from proxy.backends.base import BackendRequest, BackendResponse
from proxy.framing import BrokenOff, ChunkTooLarge, NotHttp
from proxy.sessions.memory import MemorySessions
from proxy.settings import OWN_PLACES, ProxySettings
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable
from tests.support.fake_backend import FakeBackend, FakeResponse

HITS = {"_shards": {"failed": 0}, "hits": {"hits": [{"_index": "x", "_id": str(i)} for i in range(100)]}}


def client(handler: Callable[[BackendRequest], Any] | None = None, **settings: Any) -> tuple[Client, FakeBackend]:
    backend = FakeBackend(handler=handler or (lambda _: FakeResponse(HITS)))
    app = create_app(
        ProxySettings(redis_url="memory://", **settings), backend=backend, store=MemorySessions(cap=20, ttl=60)
    )
    return Client(app), backend


def error_of(response: TestResponse) -> tuple[int, str]:
    body = json.loads(response.data)
    assert body["status"] == response.status_code
    assert body["error"]["root_cause"][0]["type"] == body["error"]["type"]
    return response.status_code, body["error"]["type"]


def raw_error(web: Client, environ: dict[str, Any]) -> tuple[int, str]:
    """As ``error_of``, for an environment that must not be put in order on the way."""
    pieces, status, _ = run_wsgi_app(web.application, environ)
    body = json.loads(b"".join(pieces))
    assert body["status"] == int(status.split()[0])
    return body["status"], body["error"]["type"]


def test_what_passes_through_keeps_status_headers_and_body() -> None:
    headers = [("Warning", "one"), ("Warning", "two"), ("Content-Type", "application/json"), ("X-Elastic-Product", "E")]
    web, backend = client(lambda _: FakeResponse(b'{"found":false}', status=404, reason="Not Found", headers=headers))
    answer = web.get("/catalog/_doc/a%2Fb?x=%20+&x=2", headers={"X-Opaque-Id": "7", "X-Session-Id": "s"})
    assert (answer.status, answer.data) == ("404 Not Found", b'{"found":false}')
    assert answer.headers.getlist("Warning") == ["one", "two"]
    assert answer.headers["X-Sessionrank"] == "plain; reason=endpoint"
    (asked,) = backend.requests
    assert asked.target == "/catalog/_doc/a%2Fb?x=%20+&x=2"
    assert dict(asked.headers) == {"X-Opaque-Id": "7"}


def test_hop_by_hop_headers_go_neither_way() -> None:
    back = [
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "5"),
        ("Transfer-Encoding", "chunked"),
        ("X-End", "1"),
    ]
    web, backend = client(lambda _: FakeResponse(b"{}", headers=back))
    sent = {"Connection": "close, X-Secret", "X-Secret": "1", "TE": "trailers", "Upgrade": "h2c", "X-Kept": "1"}
    answer = web.get("/", headers=sent)
    assert {name for name, _ in backend.requests[0].headers} == {"X-Kept"}
    assert set(answer.headers.keys()) == {"X-End", "X-Sessionrank", "Server-Timing"}


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (BackendUnreachable("nobody"), 502, "engine_unreachable_exception"),
        (BackendTimeout("slow"), 504, "engine_timeout_exception"),
        (BackendError("cut off"), 502, "engine_broken_exception"),
    ],
)
@pytest.mark.parametrize("path", ["/catalog/_search", "/catalog/_count"])
def test_an_engine_that_fails_is_told_in_its_own_shape(error: Exception, status: int, kind: str, path: str) -> None:
    web, _ = client(lambda _: error)
    assert error_of(web.post(path)) == (status, kind)


def test_what_the_gate_refuses_never_reaches_the_engine() -> None:
    web, backend = client()
    assert error_of(web.put("/catalog/_doc/1", data=b"{}")) == (403, "security_exception")
    assert backend.requests == []


@pytest.mark.parametrize("path", ["/catalog/_search", "/_sessionrank/events"])
def test_a_body_above_the_limit_is_refused_unread(path: str) -> None:
    web, backend = client(max_body_bytes=1024)
    assert error_of(web.post(path, data=b"x" * 1025, content_type="application/json"))[0] == 413
    assert backend.requests == []


def test_a_chunked_body_above_the_limit_is_refused() -> None:
    web, backend = client(max_body_bytes=1024)
    environ = EnvironBuilder("/catalog/_search", method="POST", data=b"x" * 5000).get_environ()
    del environ["CONTENT_LENGTH"]
    environ["wsgi.input_terminated"] = True
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    assert raw_error(web, environ)[0] == 413
    assert backend.requests == []


@pytest.mark.parametrize("path", ["/catalog/_search", "/catalog/_count", "/_sessionrank/events"])
def test_a_body_that_was_cut_off_is_never_passed_on(path: str) -> None:
    web, backend = client()
    environ = EnvironBuilder(path, method="POST", data=b'{"size":1}', content_type="application/json").get_environ()
    environ["CONTENT_LENGTH"] = "500"
    assert raw_error(web, environ) == (400, "illegal_argument_exception")
    assert backend.requests == []


class Failing:
    """A body whose reading fails as a server's does."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, _: int) -> bytes:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "kind", "reason"),
    [
        (TimeoutError(), 408, "request_timeout_exception", "too-slow"),
        (BrokenOff(), 400, "illegal_argument_exception", "cut-off"),
        (ChunkTooLarge(), 413, "content_too_long_exception", "too-large"),
        (NotHttp(), 400, "illegal_argument_exception", "not-http"),
    ],
)
@pytest.mark.parametrize("path", ["/catalog/_search", "/_sessionrank/events"])
def test_a_body_that_cannot_be_read_is_refused_and_holds_no_place(
    error: Exception, status: int, kind: str, reason: str, path: str
) -> None:
    web, backend = client(max_in_flight=1)
    environ = EnvironBuilder(path, method="POST", data=b"{}").get_environ()
    environ["wsgi.input"] = Failing(error)
    assert raw_error(web, environ) == (status, kind)
    assert run_wsgi_app(web.application, environ)[2]["X-Sessionrank"] == f"refused; reason={reason}"
    assert backend.requests == []
    assert web.post("/catalog/_search").status_code == 200


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/catalog/_async_search?x=1", ("POST", "/catalog/_async_search?x=1&ignore_unavailable=false")),
        ("/catalog/_terms_enum", ("GET", "/catalog/_terms_enum")),
    ],
)
def test_an_error_about_a_request_that_we_put_otherwise_names_the_clients_own(
    target: str, asked: tuple[str, str]
) -> None:
    def unknown(request: BackendRequest) -> FakeResponse:
        text = f"no handler found for uri [{request.target}] and method [{request.method}]"
        return FakeResponse({"error": text}, status=400)

    web, backend = client(unknown)
    response = web.post(target, data="{}", content_type="application/json")
    assert (backend.requests[0].method, backend.requests[0].target) == asked
    assert json.loads(response.data) == {"error": f"no handler found for uri [{target}] and method [POST]"}


def test_what_the_gate_finds_inside_a_body_never_reaches_the_engine() -> None:
    web, backend = client(guard_scripts=True)
    response = web.post("/other/_count", json={"query": {"script": {"script": "1"}}})
    assert error_of(response) == (400, "illegal_argument_exception")
    assert response.headers["X-Sessionrank"] == "refused; reason=guard"
    assert backend.requests == []
    backend.has_credentials = True
    lines = b'{"index":"secret"}\n{}\n'
    response = web.post("/catalog/_msearch", data=lines, content_type="application/x-ndjson")
    assert error_of(response) == (403, "security_exception")
    assert response.headers["X-Sessionrank"] == "refused; reason=gate"
    assert backend.requests == []


def test_the_header_list_of_the_server_goes_on_as_it_came() -> None:
    web, backend = client()
    environ = EnvironBuilder("/catalog/_count").get_environ()
    environ["sessionrank.headers"] = [
        ("Host", "shop"), ("cookie", "a=1"), ("X_Under", "\xe9"), ("connection", "x-a, keep-alive"), ("X-A", "1"),
        ("Cookie", "b=2"), ("Connection", "X-B"), ("x-b", "2"), ("Content_Length", "9"), ("Expect", "100-continue"),
    ]  # fmt: skip
    run_wsgi_app(web.application, environ)
    assert backend.requests[0].headers == [("cookie", "a=1"), ("X_Under", "\xe9"), ("Cookie", "b=2")]


@pytest.mark.parametrize(("accepts", "packed"), [("gzip, br", True), ("*", True), ("gzip;q=0", False), ("br", False)])
def test_our_answers_are_gzipped_for_those_who_take_it(accepts: str, packed: bool) -> None:
    web, _ = client()
    answer = web.post("/catalog/_search", headers={"Accept-Encoding": accepts})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert json.loads(gzip.decompress(answer.data) if packed else answer.data) == HITS


def test_the_length_of_an_answer_that_we_made_stands_where_the_engines_stood() -> None:
    headers = [("X-A", "1"), ("content-length", "1"), ("content-type", "application/json"), ("X-B", "2")]
    web, _ = client(lambda _: FakeResponse(HITS, headers=headers))
    answer = web.post("/catalog/_search", headers={"Accept-Encoding": "identity"})
    names = ["X-A", "content-length", "content-type", "X-B"]
    assert [name for name, _ in answer.headers][:4] == names
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_a_small_answer_is_not_packed_and_a_packed_one_passes_as_it_is() -> None:
    web, _ = client(lambda _: FakeResponse({"hits": {"hits": []}}))
    assert "Content-Encoding" not in web.post("/catalog/_search", headers={"Accept-Encoding": "gzip"}).headers
    raw = gzip.compress(b"{}")
    web, backend = client(lambda _: FakeResponse(raw, headers=[("Content-Encoding", "gzip")]))
    answer = web.get("/", headers={"Accept-Encoding": "gzip"})
    assert (answer.data, answer.headers["Content-Encoding"]) == (raw, "gzip")
    assert ("Accept-Encoding", "gzip") in backend.requests[0].headers


class Crowd:
    """An engine that answers when it is told to, and requests that wait for it."""

    def __init__(self, **settings: Any) -> None:
        self.go = threading.Event()
        self.inside = threading.Semaphore(0)
        self.web, _ = client(self._wait, **settings)

    def _wait(self, _: BackendRequest) -> BackendResponse:
        self.inside.release()
        assert self.go.wait(30)
        return FakeResponse(HITS)

    def send(self, count: int, method: str, path: str) -> list[threading.Thread]:
        threads = [threading.Thread(target=lambda: self.web.open(path, method=method).close()) for _ in range(count)]
        for thread in threads:
            thread.start()
            assert self.inside.acquire(timeout=30)
        return threads

    def release(self, threads: list[threading.Thread]) -> None:
        self.go.set()
        for thread in threads:
            thread.join(30)


@pytest.mark.parametrize("path", ["/catalog/_search", "/catalog/_count"])
def test_too_many_requests_in_flight_get_429_and_the_places_come_back(path: str) -> None:
    crowd = Crowd(max_in_flight=3)
    threads = crowd.send(3, "POST", path)
    assert error_of(crowd.web.post(path)) == (429, "too_many_requests_exception")
    crowd.release(threads)
    for _ in range(4):
        answer = crowd.web.post(path)
        assert answer.status_code == 200
        answer.close()


def test_a_request_waits_a_moment_for_a_place() -> None:
    crowd = Crowd(max_in_flight=1)
    threads = crowd.send(1, "POST", "/catalog/_search")
    threading.Timer(0.1, crowd.go.set).start()
    assert crowd.web.post("/catalog/_search").status_code == 200
    crowd.release(threads)


def test_a_stream_holds_its_place_until_it_is_closed() -> None:
    web, _ = client(max_in_flight=1)
    streaming = web.post("/catalog/_count")
    assert web.post("/catalog/_count").status_code == 429
    streaming.close()
    assert web.post("/catalog/_count").status_code == 200


class Breaking(FakeResponse):
    """Breaks off behind its first piece."""

    def stream(self) -> Iterator[bytes]:
        yield b"{"
        raise BackendTimeout("slow")


def test_a_stream_that_breaks_off_is_not_ended_and_is_counted() -> None:
    web, _ = client(lambda _: Breaking(), max_in_flight=1)
    before = failures("timeout")
    with pytest.raises(BackendTimeout):
        web.get("/catalog/_count", buffered=True)
    assert failures("timeout") == before + 1


def failures(reason: str) -> float:
    return REGISTRY.get_sample_value("sessionrank_requests_total", {"outcome": "failed", "reason": reason}) or 0.0


def test_our_own_endpoints_do_not_take_the_places_of_searches() -> None:
    crowd = Crowd()
    threads = crowd.send(OWN_PLACES, "GET", "/_sessionrank/health/ready")
    assert crowd.web.get("/_sessionrank/health/ready").status_code == 429
    assert crowd.web.get("/_sessionrank/health/live").status_code == 200
    crowd.go.set()
    assert crowd.web.post("/catalog/_search").status_code == 200
    crowd.release(threads)


def test_head_gets_no_body() -> None:
    web, _ = client()
    answer = web.head("/catalog/_bulk")
    assert (answer.status_code, answer.data) == (403, b"")
