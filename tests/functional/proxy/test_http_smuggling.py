"""What two servers in a row could read differently is refused whole, and nothing of it reaches the engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.raw_client import RawClient
from tests.support.raw_engine import RawEngine, proxied_raw_engine

START = b"POST /catalog/_count HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
#: What an attacker wants the engine to read as a request of its own.
INNER = b"GET /catalog/_count?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = b"Content-Length: 2\r\n\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

HEADS: dict[str, bytes] = {
    "length, then chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks, then length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}",
    "twice the same length": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": b"Content-Length: +2\r\n\r\n{}",
    "a length below zero": b"Content-Length: -2\r\n\r\n{}",
    "a hexadecimal length": b"Content-Length: 0x2\r\n\r\n{}",
    "no length": b"Content-Length:\r\n\r\n{}",
    "a length in other digits": b"Content-Length: \xb2\r\n\r\n{}",
    "a length without end": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "another coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity, chunked": b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
    "no coding": b"Transfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
    "a coding after a control character": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a folded line": b"X-A: 1\r\n folded\r\n" + LENGTH,
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n{}",
    "a folded first line": b" X-A: 1\r\n" + LENGTH,
    "a bare LF in a header": b"X-A: 1\nX-B: 2\r\n" + LENGTH,
    "a bare CR in a header": b"X-A: 1\rX-B: 2\r\n" + LENGTH,
    "a head that ends with bare LFs": b"X-A: 1\n\n",
    "an LF before the empty line": b"X-A: 1\n\r\n" + LENGTH,
    "a CR too much": b"X-A: 1\r\r\n" + LENGTH,
    "a space before the colon": b"X-A : 1\r\n" + LENGTH,
    "a length with a space before the colon": b"Content-Length : 2\r\n\r\n{}",
    "a coding with a tab before the colon": b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a NUL": b"X-A: 1\0\r\n" + LENGTH,
    "a NUL in a name": b"X-A\0: 1\r\n" + LENGTH,
    "no colon": b"X-A\r\n" + LENGTH,
    "no name": b": x\r\n" + LENGTH,
    "a name of other letters": b"Transfer-Encod\xefng: chunked\r\n" + LENGTH,
    "two hosts": b"Host: other\r\n" + LENGTH,
}
CHUNKS: dict[str, bytes] = {
    "0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a sign": b"+2\r\n{}\r\n0\r\n\r\n",
    "below zero": b"-2\r\n{}\r\n0\r\n\r\n",
    "more than 64 bits": b"FFFFFFFFFFFFFFFF2\r\n{}\r\n0\r\n\r\n",
    "zeros without end": b"0" * 20 + b"2\r\n{}\r\n0\r\n\r\n",
    "a space before": b" 2\r\n{}\r\n0\r\n\r\n",
    "a space behind": b"2 \r\n{}\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
    "a bare LF": b"2\n{}\r\n0\r\n\r\n",
    "an LF in an extension": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "a CR in an extension": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "a NUL in an extension": b"2;a\0b\r\n{}\r\n0\r\n\r\n",
    "an extension without end": b"2;" + b"a" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
    "no size": b"\r\n{}\r\n0\r\n\r\n",
    "more than its size": b"2\r\n{}x\r\n0\r\n\r\n",
    "less than its size": b"3\r\n{}\r\n0\r\n\r\n",
    "a length behind it": b"2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n",
    "a coding behind it": b"2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a bare LF behind it": b"2\r\n{}\r\n0\r\nX: 1\nY: 2\r\n\r\n",
    "no header behind it": b"2\r\n{}\r\n0\r\nX 1\r\n\r\n",
    "too many headers behind it": b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 300 + b"\r\n",
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, RawEngine]]:
    with proxied_raw_engine(SESSIONRANK_MAX_BODY_BYTES="200000") as (running, engine):
        yield running.port, engine


def assert_refused(served: tuple[int, RawEngine], request: bytes, *statuses: tuple[int, str]) -> None:
    """Refused in the engine's shape, once; the connection ends, and what stood behind was never read as a request."""
    port, engine = served
    engine.asked.clear()
    with RawClient(port) as client:
        client.send(request)
        answer = client.answer()
        status, kind, told = answer.error()
        assert (status, told) in [(number, f"refused; reason={reason}") for number, reason in statuses]
        assert kind in ("illegal_argument_exception", "content_too_long_exception")
        assert answer.all("connection") == ["close"]
        assert client.rest() == b""
    assert engine.asked == []


@pytest.mark.parametrize("case", HEADS)
def test_a_head_that_can_be_read_in_two_ways_is_refused(served: tuple[int, RawEngine], case: str) -> None:
    assert_refused(served, START + HEADS[case] + INNER, (400, "not-http"))


@pytest.mark.parametrize("case", CHUNKS)
def test_chunks_that_can_be_read_in_two_ways_are_refused(served: tuple[int, RawEngine], case: str) -> None:
    assert_refused(served, START + CHUNKED + CHUNKS[case] + INNER, (400, "not-http"))


@pytest.mark.parametrize("case", ["0x", "more than its size", "a length behind it"])
def test_our_own_endpoints_read_chunks_as_strictly(served: tuple[int, RawEngine], case: str) -> None:
    own = START.replace(b"/catalog/_count", b"/_sessionrank/events")
    assert_refused(served, own + CHUNKED + CHUNKS[case] + INNER, (400, "not-http"))


@pytest.mark.parametrize("size", [b"30D41", b"7FFFFFFF", b"FFFFFFFFFFFFFFFF"])
def test_a_chunk_larger_than_any_body_is_refused_without_waiting_for_it(
    served: tuple[int, RawEngine], size: bytes
) -> None:
    assert_refused(served, START + CHUNKED + size + b"\r\n{}", (413, "too-large"))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (START + b"".join(b"X-%d: 1\r\n" % number for number in range(210)) + LENGTH, 431),
        (START + b"X-A: " + b"y" * 70_000 + b"\r\n" + LENGTH, 431),
        (START + b"".join(b"X-%d: %b\r\n" % (number, b"y" * 60_000) for number in range(10)) + LENGTH, 431),
        (b"GET /catalog/_count?q=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /catalog/_count?q=" + b"x" * 1_000_000, 414),
        (b"POST /catalog/_count HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"CONNECT shop:9200 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET catalog/_count HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET ftp://x/catalog/_count HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/_count  HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/_count HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
        (b"GET\t/catalog/_count\tHTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/_count\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/_count HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/_count http/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /catalog/\x7f_count HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n" + b"\0" * 50, 400),
        (b"GET /catalog/_count HTTP/1.1\n\n", 400),
    ],
    ids=range(19),
)
def test_a_head_that_is_none_or_has_no_end_is_refused(
    served: tuple[int, RawEngine], request_: bytes, status: int
) -> None:
    assert_refused(served, request_, (status, "not-http"))


@pytest.mark.parametrize("header", [b"X : 1", b"Content-Length: 2\r\nContent-Length: 3", b"Expect: cake"])
def test_a_refusal_of_a_head_has_no_body(served: tuple[int, RawEngine], header: bytes) -> None:
    with RawClient(served[0]) as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        answer = client.answer(head_only=True)
        assert answer.all("x-sessionrank") == ["refused; reason=not-http"]
        assert client.rest() == b""


def test_an_empty_line_before_a_request_is_left_out(served: tuple[int, RawEngine]) -> None:
    port, engine = served
    with RawClient(port) as client:
        for _ in range(2):
            client.send(b"\r\n" + START + LENGTH)
            assert client.answer().status == 200
    assert engine.asked[-1].endswith(b"\r\n\r\n{}")


def test_refusals_are_counted(served: tuple[int, RawEngine]) -> None:
    port, _ = served
    with RawClient(port) as client:
        client.send(b"nothing\r\n\r\n")
        assert client.answer().status == 400
    with RawClient(port) as client:
        client.send(b"GET /_sessionrank/metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b'sessionrank_requests_total{outcome="refused",reason="not-http"}' in client.answer().body
