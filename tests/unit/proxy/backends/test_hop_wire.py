"""What a node sends is read byte for byte, however it is cut; what two could read differently is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.backends.wire import head_of, reply_from
from proxy.framing import NotHttp


def receiving(*pieces: bytes) -> Callable[[int], bytes]:
    """A connection that brings these pieces, then ends."""
    left = list(pieces)

    def receive(most: int) -> bytes:
        if not left:
            return b""
        piece, rest = left[0][:most], left[0][most:]
        left[:1] = [rest] if rest else []
        return piece

    return receive


def body_of(answer: bytes, method: str = "GET", limit: int = 1000) -> bytes | None:
    return reply_from(receiving(answer), method).read(limit)


COUNTED = (
    b"HTTP/1.1 404 Not Found\r\nWarning: one\r\nX-Elastic-Product:Elasticsearch \r\nWarning: two\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\nB\r\n, the world\r\n0\r\nTrailer: 1\r\n\r\n"
)
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\nhello"


def test_status_and_headers_come_as_they_were_sent() -> None:
    reply = reply_from(receiving(COUNTED), "GET")
    assert (reply.status, reply.reason) == (404, "Not Found")
    assert reply.headers == [
        ("Warning", "one"),
        ("X-Elastic-Product", "Elasticsearch"),
        ("Warning", "two"),
        ("Content-Length", "5"),
    ]


@pytest.mark.parametrize(
    ("answer", "body", "reusable"),
    [(COUNTED, b"hello", True), (CHUNKED, b"hello, the world", True), (ENDLESS, b"hello", False)],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_body_is_the_same_however_its_bytes_arrive(answer: bytes, body: bytes, reusable: bool, step: int) -> None:
    cut = [answer[i : i + step] for i in range(0, len(answer), step)]
    reply = reply_from(receiving(*cut), "GET")
    assert b"".join(reply.pieces()) == body
    assert reply.is_reusable is reusable


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")]
)
def test_where_no_body_comes_none_is_waited_for(method: str, status: bytes) -> None:
    reply = reply_from(receiving(b"HTTP/1.1 " + status + b"\r\nContent-Length: 90\r\n\r\n"), method)
    assert reply.read(1000) == b""
    assert reply.is_reusable


def test_answers_on_the_way_are_left_out() -> None:
    reply = reply_from(
        receiving(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + COUNTED), "GET"
    )
    assert (reply.status, reply.read(10)) == (404, b"hello")


@pytest.mark.parametrize("answer", [COUNTED, CHUNKED, ENDLESS])
def test_more_than_the_limit_is_not_taken(answer: bytes) -> None:
    assert body_of(answer, limit=4) is None


@pytest.mark.parametrize(
    "headers", [b"Connection: close", b"Connection: x, Close", b"Connection: close\r\nConnection: x"]
)
def test_a_connection_that_the_node_closes_is_not_used_again(headers: bytes) -> None:
    reply = reply_from(receiving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + headers + b"\r\n\r\n"), "GET")
    assert reply.read(1) == b""
    assert not reply.is_reusable


@pytest.mark.parametrize(("status", "reusable"), [(400, False), (413, False), (431, False), (404, True), (500, True)])
def test_a_connection_on_which_a_request_was_not_understood_is_not_used_again(status: int, reusable: bool) -> None:
    reply = reply_from(receiving(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status), "GET")
    assert reply.read(1) == b""
    assert reply.is_reusable is reusable


def test_bytes_behind_an_answer_spoil_the_connection() -> None:
    reply = reply_from(receiving(COUNTED + b"HTTP/1.1 200 OK\r\n"), "GET")
    assert reply.read(10) == b"hello"
    assert not reply.is_reusable


def test_an_old_server_keeps_a_connection_only_when_it_says_so() -> None:
    old = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n"
    assert not reply_from(receiving(old + b"\r\n"), "GET").is_reusable
    assert reply_from(receiving(old + b"Connection: keep-alive\r\n\r\n"), "GET").is_reusable


def test_a_connection_closed_before_the_answer_is_told_from_one_that_breaks_off() -> None:
    with pytest.raises(ConnectionResetError):
        reply_from(receiving(), "GET")
    with pytest.raises(NotHttp):
        reply_from(receiving(b"HTTP/1.1 200"), "GET")


@pytest.mark.parametrize("answer", [COUNTED[:-1], CHUNKED[:-30], CHUNKED[:-22] + b"0\r\n"])
def test_a_body_that_breaks_off_is_not_given_out_as_whole(answer: bytes) -> None:
    with pytest.raises((NotHttp, ConnectionResetError)):
        body_of(answer)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200",
        b"SSH-2.0-OpenSSH",
        b"HTTP/1.1 99 Low",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\nname : value",
        b"HTTP/1.1 200 OK\r\nA: 1\r\n folded",
        b"HTTP/1.1 200 OK\r\nA: 1\nB: 2",
        b"HTTP/1.1 200 OK\r\nA: 1\rB: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x5",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000,
    ],
)
def test_what_is_no_answer_or_could_be_read_in_two_ways_is_refused(head: bytes) -> None:
    with pytest.raises(NotHttp):
        reply_from(receiving(head + b"\r\n\r\nhello"), "GET")


@pytest.mark.parametrize(
    "chunks", [b"x\r\n", b"-5\r\nhello\r\n", b"5\r\nhello!\r\n", b"5\r\nhel\r\n\r\n\r\n", b" 5\r\nhello\r\n"]
)
def test_chunks_that_do_not_fit_their_sizes_are_refused(chunks: bytes) -> None:
    with pytest.raises(NotHttp):
        body_of(CHUNKED.partition(b"5;")[0] + chunks + b"0\r\n\r\n")


def test_the_head_of_a_request_is_the_lines_as_given() -> None:
    lines = [("Host", "es:9200"), ("X-A", "1"), ("X-A", "\xe9")]
    assert (
        head_of("GET", "/a%2Fb?q=\xe9", lines)
        == b"GET /a%2Fb?q=\xe9 HTTP/1.1\r\nHost: es:9200\r\nX-A: 1\r\nX-A: \xe9\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["1\r\nX-B: 2", "1\nX-B: 2", "1\rX-B: 2", "1\0"])
def test_a_header_cannot_become_two(value: str) -> None:
    with pytest.raises(NotHttp):
        head_of("GET", "/", [("X-A", value)])


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: 1", "/a\tb", "/\x7f"])
def test_a_target_cannot_become_two_words(target: str) -> None:
    with pytest.raises(NotHttp):
        head_of("GET", target, [])
