"""HTTP, exactly: what the engine answers is what the client reads, but for what belongs to the connection."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from tests.support.raw_client import RawClient, said
from tests.support.raw_engine import OK, RawEngine, proxied_raw_engine

GET = b"GET /catalog/_count HTTP/1.1\r\nHost: shop\r\n\r\n"
OLD = b"GET /catalog/_count HTTP/1.0\r\nHost: shop\r\n"
CHUNKED = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"a":\r\n2\r\n1}\r\n0\r\nX-Trailer: 1\r\n\r\n'
OURS = {"x-sessionrank", "server-timing", "date"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, RawEngine]]:
    with proxied_raw_engine() as (running, engine):
        yield running.port, engine


@pytest.fixture
def port(served: tuple[int, RawEngine]) -> int:
    return served[0]


@pytest.fixture
def engine(served: tuple[int, RawEngine]) -> RawEngine:
    served[1].asked.clear()
    served[1].answer = OK
    return served[1]


def test_status_phrase_and_header_list_come_as_they_were_sent(port: int, engine: RawEngine) -> None:
    lines = [
        ("X-elastic-product", "Elasticsearch"), ("content-TYPE", "application/json; charset=UTF-8"), ("Warning", "one"),
        ("warning", '299 Elasticsearch-8 "a,b"'), ("X_Under", "1"), ("X-Latin", "caf\xe9"), ("Set-Cookie", "a"),
        ("Set-Cookie", "b"), ("X-Empty", ""), ("X-Opaque-Id", "7"), ("Allow", "GET,POST"),
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Server", "an engine"), ("content-length", "4"),
    ]  # fmt: skip
    text = "".join(f"{name}: {value}\r\n" for name, value in lines)
    engine.answer = f"HTTP/1.1 405 Not Like This\r\n{text}\r\n{{ }}\n".encode("latin-1").replace(b"{ }\n", b"{  }")
    answer = said(port, GET)
    assert answer.status_line == "HTTP/1.1 405 Not Like This"
    assert [header for header in answer.headers if header[0] not in ("X-Sessionrank", "Server-Timing")] == lines
    assert answer.body == b"{  }"


def test_a_date_is_added_where_there_is_none_and_no_server_is_named(port: int, engine: RawEngine) -> None:
    answer = said(port, GET)
    assert len(answer.all("date")) == 1
    assert answer.all("server") == []


def test_what_belongs_to_the_connection_stays_there(port: int, engine: RawEngine) -> None:
    engine.answer = (
        b"HTTP/1.1 200 OK\r\nConnection: X-Named, close\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\n"
        b"Trailer: X-T\r\nProxy-Authenticate: Basic\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\n{}"
    )
    with RawClient(port) as client:
        for _ in range(2):
            client.send(GET)
            answer = client.answer()
            assert {name.lower() for name, _ in answer.headers} - OURS == {"x-kept", "content-length"}


@pytest.mark.parametrize(
    "status", ["200 OK", "201 Created", "400 Bad Request", "404 Not Found", "429 Too Many Requests", "299 ", "503 x y"]
)
def test_any_status_passes(port: int, engine: RawEngine, status: str) -> None:
    engine.answer = f"HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    answer = said(port, GET)
    assert (answer.status_line, answer.all("retry-after"), answer.body) == (f"HTTP/1.1 {status}", ["7"], b"{}")


@pytest.mark.parametrize("length", [b"Content-Length: 371\r\n", b""])
@pytest.mark.parametrize("target", [b"/catalog", b"/catalog/_search"])
def test_an_answer_to_head_has_the_length_and_no_body(
    port: int, engine: RawEngine, length: bytes, target: bytes
) -> None:
    engine.answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n" + length + b"\r\n"
    with RawClient(port) as client:
        for _ in range(2):
            client.send(b"HEAD " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = client.answer(head_only=True)
            assert (answer.status, answer.all("content-length")) == (404, ["371"] if length else [])
            assert answer.all("transfer-encoding") == []
        engine.answer = OK
        client.send(GET)
        assert client.answer().body == b"{}"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_leaves_the_connection_usable(port: int, engine: RawEngine, status: bytes) -> None:
    engine.answer = b"HTTP/1.1 " + status + b'\r\nETag: "x"\r\n\r\n'
    with RawClient(port) as client:
        for _ in range(2):
            client.send(GET)
            answer = client.answer()
            assert answer.status_line.encode() == b"HTTP/1.1 " + status
            assert answer.all("etag") == ['"x"']
            assert answer.all("transfer-encoding") == answer.all("content-length") == []


def test_a_chunked_answer_is_chunked_for_those_who_know_it(port: int, engine: RawEngine) -> None:
    engine.answer = CHUNKED
    with RawClient(port) as client:
        for _ in range(2):
            client.send(GET)
            answer = client.answer()
            assert (answer.all("transfer-encoding"), answer.body) == (["chunked"], b'{"a":1}')


@pytest.mark.parametrize("connection", [b"", b"Connection: keep-alive\r\n"])
def test_for_an_old_client_it_ends_with_the_connection(port: int, engine: RawEngine, connection: bytes) -> None:
    engine.answer = CHUNKED
    with RawClient(port) as client:
        client.send(OLD + connection + b"\r\n")
        answer = client.answer()
        assert answer.status_line == "HTTP/1.0 200 OK"
        assert (answer.all("transfer-encoding"), answer.all("connection"), answer.body) == ([], ["close"], b'{"a":1}')


def test_an_answer_that_ends_with_the_engines_connection_has_an_end_here(port: int, engine: RawEngine) -> None:
    engine.answer = lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
    with RawClient(port) as client:
        client.send(GET)
        assert client.answer().body == b"{}"
        client.send(GET)
        assert client.answer().body == b"{}"


def test_a_length_told_twice_is_told_once(port: int, engine: RawEngine) -> None:
    engine.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nContent-Length: 2\r\n\r\n{}"
    answer = said(port, GET)
    assert (answer.all("content-length"), answer.body) == (["2"], b"{}")


@pytest.mark.parametrize("target", [b"/catalog/_count", b"/catalog/_search?sort=price"])
def test_a_packed_answer_passes_as_the_engine_packed_it(port: int, engine: RawEngine, target: bytes) -> None:
    packed = gzip.compress(b'{"count":1}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-Length: %d\r\n\r\n"
    engine.answer = head % len(packed) + packed
    answer = said(port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
    assert (answer.body, answer.all("content-encoding"), answer.all("vary")) == (packed, ["gzip"], ["Accept-Encoding"])
    assert b"Accept-Encoding: gzip" in engine.heads()[0]


def test_answers_on_the_way_stay_here(port: int, engine: RawEngine) -> None:
    engine.answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK
    answer = said(port, GET)
    assert (answer.status, answer.all("link"), answer.body) == (200, [], b"{}")


def test_what_is_not_json_passes_as_it_is(port: int, engine: RawEngine) -> None:
    engine.answer = b"HTTP/1.1 500 Oh\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<h1>x\xff"
    for target in (b"/catalog/_count", b"/catalog/_search"):
        answer = said(port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (answer.status_line, answer.body) == ("HTTP/1.1 500 Oh", b"<h1>x\xff")
        assert answer.all("content-type") == ["text/html"]
