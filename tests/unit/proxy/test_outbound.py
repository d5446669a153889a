"""Answers go out framed for the client that asked, and never look whole when they are not."""

from __future__ import annotations

import sys

import pytest

from proxy.framing import Source
from proxy.inbound import request_from
from proxy.outbound import Outbound

DATED = ("Date", "today")


def outbound(request: bytes = b"GET / HTTP/1.1", *, may_keep: bool = True) -> tuple[Outbound, list[bytes]]:
    pieces = [request + b"\r\nHost: x\r\n\r\n"]
    head = request_from(Source(lambda _: pieces.pop() if pieces else b""), lambda _: None, 0)
    sent: list[bytes] = []
    return Outbound(head, sent.append, may_keep=may_keep), sent


def test_head_and_first_piece_leave_together() -> None:
    answer, sent = outbound()
    answer.start("200 OK", [DATED, ("Content-Length", "4")])
    assert sent == []
    answer.write(b"")
    answer.write(b"ab")
    answer.write(b"cd")
    answer.end()
    assert sent == [b"HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 4\r\n\r\nab", b"cd"]
    assert answer.keeps


def test_chunks_end_with_an_empty_one() -> None:
    answer, sent = outbound()
    answer.start("200 OK", [DATED])
    answer.write(b"x" * 16)
    answer.end()
    framed = b"10\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"
    assert b"".join(sent) == b"HTTP/1.1 200 OK\r\nDate: today\r\nTransfer-Encoding: chunked\r\n\r\n" + framed


@pytest.mark.parametrize("pieces", [[], [b"a"]])
def test_less_than_was_promised_is_an_error(pieces: list[bytes]) -> None:
    answer, _ = outbound()
    answer.start("200 OK", [DATED, ("Content-Length", "2")])
    for piece in pieces:
        answer.write(piece)
    with pytest.raises(ValueError, match="shorter"):
        answer.end()


def test_more_than_was_promised_is_not_sent() -> None:
    answer, sent = outbound()
    answer.start("200 OK", [DATED, ("Content-Length", "2")])
    answer.write(b"abc")
    answer.write(b"d")
    answer.end()
    assert b"".join(sent).endswith(b"\r\n\r\nab")


@pytest.mark.parametrize(
    ("request_", "status", "headers", "kept"),
    [
        (b"HEAD / HTTP/1.1", "200 OK", [("Content-Length", "9")], [b"Content-Length: 9"]),
        (b"HEAD / HTTP/1.1", "200 OK", [], []),
        (b"GET / HTTP/1.1", "304 Not Modified", [("Content-Length", "9")], [b"Content-Length: 9"]),
        (b"GET / HTTP/1.1", "204 No Content", [("Content-Length", "0")], []),
    ],
)
def test_where_there_is_no_body_none_is_sent(
    request_: bytes, status: str, headers: list[tuple[str, str]], kept: list[bytes]
) -> None:
    answer, sent = outbound(request_)
    answer.start(status, [DATED, *headers])
    answer.write(b"a body")
    answer.end()
    assert b"".join(sent).split(b"\r\n")[2:] == [*kept, b"", b""]
    assert answer.keeps
    assert not answer.ends_with_connection


@pytest.mark.parametrize(
    ("request_", "length", "may_keep", "framing"),
    [
        (b"GET / HTTP/1.0", True, True, [b"Connection: close"]),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True, True, [b"Connection: keep-alive"]),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", False, True, [b"Connection: close"]),
        (b"GET / HTTP/1.1\r\nConnection: close", True, True, [b"Connection: close"]),
        (b"GET / HTTP/1.1", True, False, [b"Connection: close"]),
        (b"GET / HTTP/1.1", True, True, []),
        (b"POST / HTTP/1.1\r\nContent-Length: 70000", True, True, [b"Connection: close"]),
        (b"POST / HTTP/1.1\r\nContent-Length: 700", True, True, []),
    ],
)
def test_the_end_of_a_connection_is_announced(
    request_: bytes, length: bool, may_keep: bool, framing: list[bytes]
) -> None:
    answer, sent = outbound(request_, may_keep=may_keep)
    answer.start("200 OK", [DATED, *([("Content-Length", "1")] if length else []), ("Connection", "keep-alive")])
    answer.write(b"x")
    answer.end()
    assert [line for line in sent[0].split(b"\r\n") if line.startswith(b"Connection")] == framing
    assert answer.keeps is (b"Connection: close" not in framing)


@pytest.mark.parametrize("header", [("X-A", "1\r\nX-B: 2"), ("X-A\n", "1"), ("X-A", "\r"), ("X-A", "\0")])
def test_a_header_cannot_become_two(header: tuple[str, str]) -> None:
    answer, sent = outbound()
    with pytest.raises(ValueError, match="line break"):
        answer.start("200 OK", [header])
    assert sent == []


def test_no_answer_at_all_is_an_error() -> None:
    answer, sent = outbound()
    with pytest.raises(ValueError, match="no answer"):
        answer.end()
    assert sent == []


def test_an_error_may_replace_an_answer_that_has_not_begun() -> None:
    answer, sent = outbound()
    answer.start("200 OK", [DATED, ("Content-Length", "9")])
    try:
        raise LookupError("late")
    except LookupError:
        answer.start("500 Oh", [DATED, ("Content-Length", "0")], sys.exc_info())
    answer.end()
    assert b"".join(sent) == b"HTTP/1.1 500 Oh\r\nDate: today\r\nContent-Length: 0\r\n\r\n"
    try:
        raise LookupError("too late")
    except LookupError:
        with pytest.raises(LookupError, match="too late"):
            answer.start("500 Oh", [], sys.exc_info())


def test_a_date_is_added_where_there_is_none() -> None:
    answer, sent = outbound()
    answer.start("200 OK", [("Content-Length", "0")])
    answer.end()
    assert sent[0].count(b"\r\nDate: ") == 1
    assert b" GMT\r\n" in sent[0]
