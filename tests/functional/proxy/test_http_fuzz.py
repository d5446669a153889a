"""Requests put together at random from what real and hostile clients write: always an answer, never one too many."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.raw_client import RawAnswer, RawClient
from tests.support.raw_engine import RawEngine, proxied_raw_engine

METHODS = [b"GET", b"POST", b"PATCH", b"OPTIONS", b"PUT", b"DELETE", b"get", b"CONNECT", b"G\xe9T", b""]
TARGETS = [
    b"/", b"/catalog/_search", b"/catalog/_count?q=a", b"/catalog/_msearch", b"/_bulk", b"*", b"http://x/catalog/_count",
    b"/_sessionrank/health/live", b"/_sessionrank/events", b"//catalog/_search", b"/catalog/_search?q=\xc3\xa9", b"",
    b"/catalog/%2e%2e/_nodes", b"/catalog/_search?source={}", b"catalog", b"/catalog/_search HTTP/1.1\r\nX: ",
]  # fmt: skip
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b""]
HEADERS = [
    b"Host: x", b"Content-Length: 2", b"Content-Length: 0", b"Content-Length: 11", b"Content-Length: +2",
    b"Content-Length: 2, 2", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"transfer-encoding: CHUNKED", b"Transfer-Encoding : chunked", b"Transfer_Encoding: chunked",
    b"Connection: close", b"Connection: keep-alive",
    b"Connection: Content-Length", b"Connection: Transfer-Encoding, Host", b"Expect: 100-continue", b"Expect: 2",
    b"Content-Type: application/json", b"Content-Type: application/x-ndjson", b"Content-Encoding: gzip", b"Accept: */*",
    b"X-Session-Id: s", b"X-Session-Id: \xe9", b"X-Sessionrank: off", b"Upgrade: h2c", b" folded", b"no colon",
    b"X: \0", b"X: a\nY: b", b"X: a\rb", b": x", b"TE: trailers", b"Accept-Encoding: gzip",
    b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
]  # fmt: skip
BODIES = [
    b"", b"{}", b"2\r\n{}\r\n0\r\n\r\n", b"2;a=b\r\n{}\r\n0\r\nX: 1\r\n\r\n", b"0\r\n\r\n", b"fffffffff\r\n{}",
    b"2\r\n{}", b'{"size":1}\n', b'{}\n{"size":1}\n', b"\x1f\x8b\x08\0\0\0", b"2\n{}\n0\n\n", b"-1\r\n\r\n",
]  # fmt: skip
NEXT = b"GET /catalog/_count?next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

REQUESTS = st.builds(
    lambda method, target, version, headers, body, end: (
        method + b" " + target + b" " + version + end + end.join([*headers, b"", body])
    ),
    st.sampled_from(METHODS),
    st.sampled_from(TARGETS),
    st.sampled_from(VERSIONS),
    st.lists(st.sampled_from(HEADERS), max_size=6),
    st.sampled_from(BODIES),
    st.sampled_from([b"\r\n"] * 9 + [b"\n"]),
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, RawEngine]]:
    with proxied_raw_engine() as (running, engine):
        yield running.port, engine
        assert "Traceback" not in running.log()


def answers(port: int, request: bytes) -> list[RawAnswer]:
    """All answers to what is written on one connection, whose writing side is closed behind it."""
    found: list[RawAnswer] = []
    with RawClient(port, timeout=30) as client:
        client.send(request)
        client.sock.shutdown(socket.SHUT_WR)
        while client.peek():
            answer = client.answer()
            if answer.status != 100:
                found.append(answer)
    return found


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_=REQUESTS)
def test_whatever_is_written_there_is_an_answer_and_nothing_is_smuggled(
    served: tuple[int, RawEngine], request_: bytes
) -> None:
    port, engine = served
    engine.asked.clear()
    found = answers(port, request_ + NEXT)
    assert found
    assert all(answer.status < 500 for answer in found)
    assert all(answer.all("x-sessionrank") for answer in found)
    refused = [answer for answer in found if answer.all("x-sessionrank")[0].startswith("refused")]
    for answer in refused:
        assert not answer.body or answer.error()
    own = [answer for answer in found if answer.all("x-sessionrank") == ["plain; reason=own-endpoint"]]
    if not own:  # which ask the engine themselves
        assert len(engine.asked) <= len(found) - len(refused)
    assert sum(b"?next" in each.partition(b"\r\n")[0] for each in engine.asked) <= 1
    lines = [line.lower() for head in engine.heads() for line in head]
    assert not any(line.startswith((b"transfer", b"expect", b"upgrade")) for line in lines)
