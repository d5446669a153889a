"""Requests are read byte for byte, however they are cut; bodies are read once, and say when nothing can follow."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.framing import BrokenOff, ChunkTooLarge, NotHttp, Source
from proxy.inbound import RequestHead, RequestRefused, request_from

POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"


def receiving(*pieces: bytes, then: Exception | None = None) -> Callable[[int], bytes]:
    """A connection that brings these pieces, then ends or fails."""
    left = list(pieces)

    def receive(most: int) -> bytes:
        if not left:
            if then is not None:
                raise then
            return b""
        piece, rest = left[0][:most], left[0][most:]
        left[:1] = [rest] if rest else []
        return piece

    return receive


def read(*pieces: bytes, told: list[bool] | None = None, largest: int = 1000) -> RequestHead:
    return request_from(Source(receiving(*pieces)), (told if told is not None else []).append, largest)


def whole(request: RequestHead, step: int = 7) -> bytes:
    pieces = []
    while piece := request.body.read(step):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_request_is_the_same_however_its_bytes_arrive(step: int) -> None:
    raw = b"\r\nPOST /a%2F?\xe9 HTTP/1.0\r\nX_a:  b \r\nx-A:\r\nContent-Length: 5\r\n\r\nhello"
    request = read(*[raw[start : start + step] for start in range(0, len(raw), step)])
    assert (request.method, request.target, request.minor) == ("POST", "/a%2F?\xe9", 0)
    assert request.headers == [("X_a", "b"), ("x-A", ""), ("Content-Length", "5")]
    assert whole(request) == b"hello"


def test_what_stands_behind_a_request_stays_for_the_next() -> None:
    source = Source(receiving(POST + b"Content-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\n\r\n"))
    assert whole(request_from(source, lambda _: None, 9)) == b"{}"
    assert request_from(source, lambda _: None, 9).target == "/b"
    assert source.ahead == b""


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_connection_that_ends_before_a_request_is_no_request(raw: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        read(raw)


def test_a_head_that_does_not_come_is_told() -> None:
    with pytest.raises(RequestRefused) as refused:
        request_from(Source(receiving(b"GET / HT", then=TimeoutError())), lambda _: None, 9)
    assert refused.value.status is HTTPStatus.REQUEST_TIMEOUT


def test_a_line_that_does_not_end_as_lines_do_is_refused_before_anything_more_comes() -> None:
    waited = AssertionError("it waited for more")
    for raw in (b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nA: 1\rB", b"GET /\0"):
        with pytest.raises(NotHttp):
            request_from(Source(receiving(raw, then=waited)), lambda _: None, 9)
        with pytest.raises(NotHttp):
            request_from(Source(receiving(raw[:-1], raw[-1:], then=waited)), lambda _: None, 9)


def test_a_client_is_told_to_go_on_once_and_only_when_the_body_is_wanted() -> None:
    told: list[bool] = []
    request = read(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"{}", told=told)
    assert (told, request.body.lets_go_on) == ([], False)
    assert whole(request, step=1) == b"{}"
    assert (told, request.body.lets_go_on) == ([True], True)


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 2\r\n\r\n{}",
        POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_who_does_not_wait_is_not_told(raw: bytes) -> None:
    told: list[bool] = []
    assert whole(read(raw, told=told)) == b"{}"
    assert told == [False]


def test_no_body_is_nothing_to_wait_for() -> None:
    told: list[bool] = []
    for raw in (b"GET / HTTP/1.1\r\n\r\n", POST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"):
        request = read(raw, told=told)
        assert request.body.read(1) == b""
        assert request.body.lets_go_on
    assert told == []


@pytest.mark.parametrize(
    ("framing", "error"),
    [
        (b"Content-Length: 5\r\n\r\nhel", BrokenOff),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", BrokenOff),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", BrokenOff),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n", BrokenOff),
        (b"Transfer-Encoding: chunked\r\n\r\n3E9\r\n", ChunkTooLarge),
        (b"Transfer-Encoding: chunked\r\n\r\nx\r\n", NotHttp),
    ],
)
def test_behind_a_body_that_could_not_be_read_nothing_follows(framing: bytes, error: type[NotHttp]) -> None:
    request = read(POST + framing)
    with pytest.raises(error):
        whole(request)
    assert not request.body.lets_go_on
    assert not request.body.skip()


def test_a_body_that_nobody_wanted_is_skipped_when_it_is_short() -> None:
    short, long = b"Content-Length: 5\r\n\r\nhello", b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000
    assert read(POST + short).body.skip()
    assert not read(POST + long).body.skip()
    assert not read(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").body.skip()
    assert not read(POST + b"Content-Length: 5\r\n\r\nhel").body.skip()


@given(st.binary(max_size=400))
def test_no_bytes_are_more_than_a_refusal(raw: bytes) -> None:
    for start in (b"", POST, POST + b"Transfer-Encoding: chunked\r\n\r\n"):
        try:
            request = read(start + raw)
            whole(request)
        except (NotHttp, ConnectionResetError):
            continue
        assert request.method


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.integers(1, 40))
def test_a_chunked_body_is_its_pieces(pieces: list[bytes], step: int) -> None:
    framed = b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    raw = POST + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    request = read(*[raw[start : start + step] for start in range(0, len(raw), step)])
    assert whole(request, step) == b"".join(pieces)
    assert request.body.lets_go_on
