"""HTTP, exactly: what a client writes is what the engine reads, but for what belongs to the connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.raw_client import RawClient, said
from tests.support.raw_engine import OK, RawEngine, proxied_raw_engine

COUNT = b"GET /catalog/_count HTTP/1.1\r\nHost: shop\r\n"
POST = b"POST /catalog/_count HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"


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


def test_the_header_list_arrives_as_it_was_written(port: int, engine: RawEngine) -> None:
    lines = [
        b"Warning: one", b"x-ODD: 1", b"warning: two", b"X_Under: 1", b"X-Latin: caf\xe9", b"cookie: a=1",
        b"Cookie: b=2", b"Accept: application/vnd.elasticsearch+json; compatible-with=8", b"Accept: text/*;q=0.3",
        b"X-Empty: ", b"X-Opaque-Id: 7", b"Accept-Encoding: gzip, br", b"User-Agent: curl", b"X-Long: " + b"y" * 9000,
    ]  # fmt: skip
    assert said(port, COUNT + b"\r\n".join(lines) + b"\r\n\r\n").status == 200
    assert engine.heads() == [[b"GET /catalog/_count HTTP/1.1", *lines]]


def test_what_belongs_to_the_connection_stays_here(port: int, engine: RawEngine) -> None:
    lines = (
        b"Keep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: X-T\r\nUpgrade: h2c\r\nProxy-Connection: keep-alive\r\n"
        b"connection: keep-alive, X-Named\r\nX-Named: 1\r\nX-Kept: 1\r\nConnection: x-other\r\nX-Other: 2\r\n"
        b"Transfer_Encoding: chunked\r\nContent_Length: 7\r\nProxy-Authorization: Basic eA==\r\nX-Session-Id: s\r\n"
    )
    assert said(port, COUNT + lines + b"\r\n").status == 200
    assert engine.heads() == [[b"GET /catalog/_count HTTP/1.1", b"X-Kept: 1"]]


@pytest.mark.parametrize(
    "target",
    [
        b"/catalog/_count?q=\xc3\xa9&q=d%C3%a9&flag&=&q=a+b%2Bc%20", b"/catalog/_doc/a%2Fb%2bc%2B?routing=%2f;x",
        b"/catalog/_doc/\xe2\x82\xac", b"/catalog/_count?q=\xff\xfe", b"/catalog/_count?q=[a]{b}|\\^`\"<>",
        b"/catalog/_count?q=" + b"x" * 4000, b"/catalog/_count?q=" + b"x" * 8000, b"/catalog/_count?q=" + b"x" * 60_000,
        b"/catalog/_count?a=http://b/c?d",
    ],
    ids=lambda target: target[:30].decode("latin-1"),
)  # fmt: skip
def test_a_target_arrives_byte_for_byte(port: int, engine: RawEngine, target: bytes) -> None:
    assert said(port, b"GET " + target + b" HTTP/1.1\r\nHost: shop\r\n\r\n").status == 200
    assert engine.heads() == [[b"GET " + target + b" HTTP/1.1"]]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (b"http://shop/catalog/_count?q=a%2Fb", b"/catalog/_count?q=a%2Fb"),
        (b"HTTPS://user@es:9200/catalog/_count", b"/catalog/_count"),
        (b"http://shop", b"/"),
        (b"http://shop?pretty", b"/?pretty"),
    ],
)
def test_of_a_whole_url_the_engine_is_asked_for_its_path(port: int, engine: RawEngine, url: bytes, path: bytes) -> None:
    assert said(port, b"GET " + url + b" HTTP/1.1\r\nHost: shop\r\n\r\n").status == 200
    assert engine.heads() == [[b"GET " + path + b" HTTP/1.1"]]


def test_the_gate_looks_at_the_path_of_a_whole_url(port: int, engine: RawEngine) -> None:
    for target in (
        b"http://x/_nodes",
        b"http://x//catalog/_count",
        b"http://x/catalog/../_nodes",
        b"http://x?/../_nodes",
    ):
        answer = said(port, b"GET " + target + b" HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert (answer.status == 403) is (target != b"http://x?/../_nodes")
    assert said(port, b"GET http://_nodes HTTP/1.1\r\nHost: shop\r\n\r\n").status == 200
    assert said(port, b"GET http://x/_sessionrank/health/live HTTP/1.1\r\nHost: shop\r\n\r\n").status == 200
    assert engine.heads() == [[b"GET /?/../_nodes HTTP/1.1"], [b"GET / HTTP/1.1"]]


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"query":{"match_all":{}}}', b"\x00\xff" * 1_000_000])
@pytest.mark.parametrize("coding", [b"", b"Content-Encoding: gzip\r\n"])
def test_a_body_arrives_as_it_was_sent(port: int, engine: RawEngine, method: bytes, body: bytes, coding: bytes) -> None:
    """Also one that calls itself gzipped; the engine unpacks it, or says why not."""
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert said(port, method + POST.removeprefix(b"POST") + coding + length + body).status == 200
    head, _, arrived = engine.asked[0].partition(b"\r\n\r\n")
    assert arrived == body
    assert coding.strip() in head
    assert (b"Content-Length: %d" % len(body) in head) is (method == b"POST" or body != b"")


@pytest.mark.parametrize(
    "chunks",
    [
        b"2\r\n{}\r\n0\r\n\r\n",
        b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        b'1;a\r\n{\r\n01 ; a = "b;c"\r\n}\r\n000\r\n\r\n',
        b"2\r\n{}\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 100])
def test_a_chunked_body_arrives_whole(port: int, engine: RawEngine, chunks: bytes, step: int) -> None:
    """Its trailers do not: the engine gets it with a length."""
    with RawClient(port) as client:
        client.send(POST + b"Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n")
        for start in range(0, len(chunks), step):
            client.send(chunks[start : start + step])
        assert client.answer().status == 200
        client.send(COUNT + b"\r\n")
        assert client.answer().status == 200
    assert engine.asked[0].endswith(b"Content-Length: 2\r\n\r\n{}")
    assert len(engine.asked) == 2


def test_who_waits_to_be_told_to_send_a_body_is_told_before_it_is_read(port: int, engine: RawEngine) -> None:
    with RawClient(port) as client:
        for framing, body in ((b"Content-Length: 2", b"{}"), (b"Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n")):
            client.send(POST + b"Expect: 100-Continue\r\n" + framing + b"\r\n\r\n")
            assert client.head() == ("HTTP/1.1 100 Continue", [])
            client.send(body)
            assert client.answer().status == 200
    assert [request.rpartition(b"\r\n\r\n")[2] for request in engine.asked] == [b"{}", b"{}"]
    assert b"xpect" not in b"".join(engine.asked)


@pytest.mark.parametrize(
    ("request_line", "length", "status", "reason"),
    [
        (b"POST /catalog/_count", b"999999999", 413, "too-large"),
        (b"POST /_bulk", b"2", 403, "gate"),
        (b"POST /_sessionrank/events", b"999999999", 413, "too-large"),
    ],
)
def test_a_body_that_is_not_wanted_is_not_asked_for(
    port: int, engine: RawEngine, request_line: bytes, length: bytes, status: int, reason: str
) -> None:
    with RawClient(port) as client:
        client.send(request_line + b" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " + length)
        client.send(b"\r\n\r\n")
        answer = client.answer()
        assert (answer.error()[0], answer.all("x-sessionrank")) == (status, [f"refused; reason={reason}"])
        assert answer.all("connection") == ["close"]
        assert client.rest() == b""
    assert engine.asked == []


def test_other_expectations_are_refused_and_an_old_client_expects_nothing(port: int, engine: RawEngine) -> None:
    assert said(port, POST + b"Expect: cake\r\nContent-Length: 2\r\n\r\n{}").status == 417
    old = b"POST /catalog/_count HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
    assert said(port, old).status == 200
    assert len(engine.asked) == 1


def test_requests_in_a_row_are_answered_in_order(port: int, engine: RawEngine) -> None:
    numbers = range(30)
    with RawClient(port) as client:
        client.send(
            b"".join(
                b"GET /catalog/_count?%d HTTP/1.1\r\nHost: x\r\n\r\n" % number
                if number % 3
                else b"POST /catalog/_count?%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" % number
                for number in numbers
            )
        )
        assert [client.answer().status for _ in numbers] == [200] * len(numbers)
    assert [int(request.split(b"?")[1].split(b" ")[0]) for request in engine.asked] == [*numbers]


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(port: int, engine: RawEngine) -> None:
    """Refused before its body was looked at; what is in the body looks like a request."""
    inner = b"GET /catalog/_count?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with RawClient(port) as client:
        refused = b"POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner)
        client.send(refused + inner + COUNT + b"\r\n")
        assert (client.answer().status, client.answer().status) == (403, 200)
    assert engine.heads() == [[b"GET /catalog/_count HTTP/1.1"]]


def test_a_connection_serves_many_requests(port: int, engine: RawEngine) -> None:
    made = engine.made
    with RawClient(port) as client:
        for _ in range(300):
            client.send(COUNT + b"\r\n")
            assert client.answer().body == b"{}"
    assert engine.made <= made + 1


def test_twenty_requests_at_once_are_all_answered(port: int, engine: RawEngine) -> None:
    statuses: list[int] = []

    def ask() -> None:
        for _ in range(5):
            statuses.append(said(port, POST + b"Content-Length: 2\r\n\r\n{}").status)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 100


@pytest.mark.parametrize(
    ("head", "stays"),
    [
        (b"HTTP/1.1\r\n", True),
        (b"HTTP/1.1\r\nConnection: keep-alive\r\n", True),
        (b"HTTP/1.1\r\nConnection: close\r\n", False),
        (b"HTTP/1.1\r\nConnection: Close, X-A\r\n", False),
        (b"HTTP/1.1\r\nConnection: x-a\r\nConnection: close\r\n", False),
        (b"HTTP/1.0\r\n", False),
        (b"HTTP/1.0\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/1.0\r\nConnection: keep-alive, close\r\n", False),
    ],
)
def test_a_connection_stays_open_when_the_client_wants_it(
    port: int, engine: RawEngine, head: bytes, stays: bool
) -> None:
    with RawClient(port) as client:
        client.send(b"GET /catalog/_count " + head + b"\r\n")
        answer = client.answer()
        assert answer.body == b"{}"
        assert ("close" in answer.all("connection")) is not stays
        if stays:
            client.send(COUNT + b"\r\n")
            assert client.answer().status == 200
        else:
            assert client.rest() == b""


def test_a_client_that_closes_its_side_gets_its_answer(port: int, engine: RawEngine) -> None:
    with RawClient(port) as client:
        client.send(COUNT + b"\r\n")
        client.sock.shutdown(1)
        assert client.answer().body == b"{}"
        assert client.rest() == b""


def test_options_is_the_engines_to_answer(port: int, engine: RawEngine) -> None:
    engine.answer = b"HTTP/1.1 200 OK\r\nAllow: GET,POST\r\ncontent-length: 0\r\n\r\n"
    answer = said(port, b"OPTIONS /catalog/_search HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status, answer.all("allow"), answer.body) == (200, ["GET,POST"], b"")
    assert engine.heads() == [[b"OPTIONS /catalog/_search HTTP/1.1"]]
