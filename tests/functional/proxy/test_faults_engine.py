"""An engine on a bad day: the client gets the right status in the engine's own shape, and nothing is left behind."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.nginx import free_port
from tests.support.processes import wait_until
from tests.support.raw_client import RawAnswer, RawClient, said
from tests.support.raw_engine import OK, RawEngine, raw_engine
from tests.support.served import serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HALF = HEAD + b'Content-Length: 500\r\n\r\n{"hits":'
HALF_CHUNKED = HEAD + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"hits":\r\n'
#: A search that is to be changed, one that is not, and what is no search.
CHANGED, LEFT, COUNT = b"/catalog/_search", b"/catalog/_search?sort=price", b"/catalog/_count"
ALL = pytest.mark.parametrize("target", [CHANGED, LEFT, COUNT], ids=["changed", "left", "count"])


def request(target: bytes, method: bytes = b"POST") -> bytes:
    return (
        method
        + b" "
        + target
        + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


@contextmanager
def before(*urls: str, **settings: str) -> Iterator[int]:
    """The port of a proxy before these nodes, which gives the engine a second."""
    given = {"SESSIONRANK_UPSTREAM": ",".join(urls), "SESSIONRANK_REDIS_URL": "memory://"}
    given["SESSIONRANK_ENGINE_TIMEOUT_S"] = "1"
    with serving(given | settings) as running:
        yield running.port


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, RawEngine]]:
    with raw_engine() as engine, before(engine.url, SESSIONRANK_MAX_IN_FLIGHT="2") as port:
        yield port, engine


@pytest.fixture
def engine(served: tuple[int, RawEngine]) -> RawEngine:
    served[1].asked.clear()
    served[1].answer = OK
    return served[1]


@pytest.fixture
def port(served: tuple[int, RawEngine]) -> int:
    return served[0]


def sending(*pieces: bytes, then_wait: bool) -> Callable[[socket.socket], None]:
    """Send these and close the connection; or keep it, and wait for the proxy to close it."""

    def behave(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        while then_wait and connection.recv(65536):
            pass

    return behave


@pytest.mark.parametrize("target", [CHANGED, COUNT, b"/"])
def test_an_engine_that_is_not_there_is_a_502(target: bytes) -> None:
    with before(f"http://127.0.0.1:{free_port()}") as port:
        got = said(port, request(target, b"GET"))
    assert got.error() == (502, "engine_unreachable_exception", "failed; reason=unreachable")


@ALL
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_engine_that_does_not_answer_in_time_is_a_504(
    port: int, engine: RawEngine, target: bytes, begun: bytes
) -> None:
    engine.answer = sending(begun, then_wait=True)
    got = said(port, request(target))
    assert got.error() == (504, "engine_timeout_exception", "failed; reason=timeout")
    wait_until("the connection to the engine is given up", lambda: not engine.open)
    assert len(engine.asked) == 1


@ALL
@pytest.mark.parametrize(
    "answer",
    [
        b"", b"HTTP/1.1 200 O", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno\r\n\r\n", b"\x15\x03\x01\0\x02\x02\x46\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_a_502(port: int, engine: RawEngine, target: bytes, answer: bytes) -> None:
    engine.answer = sending(answer, then_wait=False)
    got = said(port, request(target))
    assert got.error() == (502, "engine_broken_exception", "failed; reason=broken")
    wait_until("the connection to the engine is given up", lambda: not engine.open)


@pytest.mark.parametrize("half", [HALF, HALF_CHUNKED, HALF_CHUNKED + b"x\r\n"], ids=["length", "chunks", "bad chunk"])
@pytest.mark.parametrize(
    ("slow", "status", "kind", "reason"),
    [(False, 502, "engine_broken_exception", "broken"), (True, 504, "engine_timeout_exception", "timeout")],
)
def test_half_an_answer_to_a_changed_search_is_an_error(
    port: int, engine: RawEngine, half: bytes, slow: bool, status: int, kind: str, reason: str
) -> None:
    if half.endswith(b"x\r\n") and slow:
        status, kind, reason = 502, "engine_broken_exception", "broken"
    engine.answer = sending(half, then_wait=slow)
    assert said(port, request(CHANGED)).error() == (status, kind, f"failed; reason={reason}")
    wait_until("the connection to the engine is given up", lambda: not engine.open)


@pytest.mark.parametrize("slow", [False, True], ids=["broken", "slow"])
@pytest.mark.parametrize("half", [HALF, HALF_CHUNKED, HALF_CHUNKED + b"x\r\n"], ids=["length", "chunks", "bad chunk"])
def test_half_of_a_stream_is_never_taken_for_the_whole(port: int, engine: RawEngine, half: bytes, slow: bool) -> None:
    engine.answer = sending(half, then_wait=slow)
    with RawClient(port) as client:
        client.send(request(COUNT))
        _, headers = client.head()
        rest = client.rest()
    if half == HALF:
        assert ("Content-Length", "500") in headers
        assert rest == b'{"hits":'
    else:
        assert ("Transfer-Encoding", "chunked") in headers
        assert rest == b'8\r\n{"hits":\r\n'
    wait_until("the connection to the engine is given up", lambda: not engine.open)


@pytest.mark.parametrize("half", [HALF_CHUNKED, HALF_CHUNKED + b"x\r\n"], ids=["chunks", "bad chunk"])
def test_half_of_a_stream_breaks_the_connection_of_a_client_that_knows_no_chunks(
    port: int, engine: RawEngine, half: bytes
) -> None:
    engine.answer = sending(half, then_wait=False)
    with RawClient(port) as client:
        client.send(b"GET /catalog/_count HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.answer()


@ALL
@pytest.mark.parametrize(
    ("status", "body"),
    [("429 Too Many Requests", b'{"error":"x","status":429}'), ("503 Service Unavailable", b"<html>\xff</html>")],
)
def test_an_engine_that_is_too_busy_says_so_itself_and_is_asked_once(
    port: int, engine: RawEngine, target: bytes, status: str, body: bytes
) -> None:
    head = f"HTTP/1.1 {status}\r\nRetry-After: 120\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: {len(body)}\r\n\r\n"
    engine.answer = head.encode() + body
    got = said(port, request(target))
    assert (got.status_line, got.body) == (f"HTTP/1.1 {status}", body)
    assert (got.all("retry-after"), got.all("x-a")) == (["120"], ["1", "2"])
    assert got.all("x-sessionrank")[0].startswith("plain; reason=")
    assert len(engine.asked) == 1


@ALL
@pytest.mark.parametrize("status", ["200 OK", "500 Oh", "502 Bad Gateway", "404 Nothing"])
def test_an_answer_that_is_not_json_passes_as_it_is(port: int, engine: RawEngine, target: bytes, status: str) -> None:
    """What a load balancer before the engine says, for one; the client's own request gets it."""
    engine.answer = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<h1>x\n\n\n\n".encode()
    got = said(port, request(target))
    assert (got.status_line, got.all("content-type"), got.body) == (
        f"HTTP/1.1 {status}", ["text/html"], b"<h1>x\n\n\n\n",
    )  # fmt: skip
    assert got.all("x-sessionrank")[0].startswith("plain; reason=")
    assert engine.asked[-1].startswith(b"POST " + target + b" ")
    assert engine.asked[-1].endswith(b"\r\n\r\n{}")


def test_an_engine_that_refuses_a_body_before_its_end_is_heard() -> None:
    """It answers at the head and closes: what is still to be sent finds no reader."""
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, before(f"http://127.0.0.1:{listener.getsockname()[1]}") as port, RawClient(port) as client:
        size = 8_000_000
        client.send(b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b" " * size)
        connection, _ = listener.accept()
        assert connection.recv(100)
        connection.sendall(refusal)
        connection.close()
        assert client.answer().status_line == "HTTP/1.1 413 Too Large"


def closing_once(answer: bytes) -> Callable[[socket.socket], None]:
    """Closes without an answer the first time, then answers on each connection."""
    first = [True]

    def behave(connection: socket.socket) -> None:
        if first.pop() if first else False:
            return
        connection.sendall(answer)

    return behave


def test_a_read_is_sent_once_more_where_a_kept_connection_closes_under_it(port: int, engine: RawEngine) -> None:
    # On one connection: before the proxy reads from it again, it has put the engine's away.
    with RawClient(port) as client:
        client.send(request(COUNT))
        assert client.answer().status == 200
        engine.answer = closing_once(OK)
        client.send(request(COUNT))
        assert client.answer().status == 200
    assert len(engine.asked) == 3


def test_a_read_that_kills_every_connection_is_sent_no_more_than_twice(port: int, engine: RawEngine) -> None:
    engine.answer = OK
    clients = [RawClient(port) for _ in range(2)]
    for client in clients:
        client.send(request(COUNT))
    assert [client.answer().status for client in clients] == [200, 200]
    engine.answer = sending(b"", then_wait=False)
    engine.asked.clear()
    assert said(port, request(COUNT)).error()[0] == 502
    assert len(engine.asked) <= 2
    for client in clients:
        client.close()


@contextmanager
def two_nodes(**settings: str) -> Iterator[tuple[int, RawEngine, RawEngine]]:
    with ExitStack() as exits:
        nodes = [exits.enter_context(raw_engine()) for _ in range(2)]
        port = exits.enter_context(before(*(node.url for node in nodes), **settings))
        yield port, nodes[0], nodes[1]


def test_a_read_that_one_node_drops_is_answered_by_another(port: int) -> None:
    with two_nodes() as (proxy, dropping, sound):
        dropping.answer = sending(b"HTTP/1.1 2", then_wait=False)
        answers = [said(proxy, request(target)) for target in (COUNT, LEFT, CHANGED, COUNT)]
        assert [answer.status for answer in answers] == [200] * 4
        assert 1 <= len(dropping.asked) <= 4
        assert len(sound.asked) >= 4


def test_a_read_that_all_nodes_drop_is_sent_to_each_once() -> None:
    with two_nodes() as (proxy, one, other):
        one.answer = other.answer = sending(b"", then_wait=False)
        assert said(proxy, request(COUNT)).error()[0] == 502
        assert (len(one.asked), len(other.asked)) == (1, 1)


def test_a_write_is_never_sent_twice() -> None:
    with two_nodes(SESSIONRANK_ALLOW_WRITES="true") as (proxy, one, other):
        one.answer = other.answer = sending(b"", then_wait=False)
        for number in range(4):
            got = said(proxy, request(b"/catalog/_doc/%d" % number, b"PUT"))
            assert got.error() == (502, "engine_broken_exception", "failed; reason=broken")
        assert len(one.asked) + len(other.asked) == 4


def test_a_write_finds_another_node_where_one_takes_no_connection() -> None:
    with raw_engine() as sound, before(
        f"http://127.0.0.1:{free_port()}", sound.url, SESSIONRANK_ALLOW_WRITES="true"
    ) as port:  # fmt: skip
        assert [said(port, request(b"/catalog/_doc/1", b"PUT")).status for _ in range(3)] == [200] * 3
        assert len(sound.asked) == 3


def test_a_write_does_not_meet_a_connection_that_was_closed_meanwhile() -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(OK)

    with raw_engine() as engine, before(engine.url, SESSIONRANK_ALLOW_WRITES="true") as port:
        engine.answer = once
        for _ in range(3):
            assert said(port, request(b"/catalog/_doc/1", b"PUT")).status == 200
            wait_until("the engine has closed its connection", lambda: not engine.open)
        assert len(engine.asked) == 3


def test_all_nodes_share_one_deadline() -> None:
    """The first takes all the time that there is, so the second is not asked any more."""
    with two_nodes() as (proxy, one, other):
        one.answer = other.answer = sending(b"", then_wait=True)
        assert said(proxy, request(COUNT)).error() == (504, "engine_timeout_exception", "failed; reason=timeout")
        assert len(one.asked) + len(other.asked) == 1


@contextmanager
def deaf_node() -> Iterator[str]:
    """A node that drops whoever wants to connect: its queue is full."""
    with socket.socket() as listener, ExitStack() as exits:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = exits.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_node_that_does_not_even_refuse_leaves_time_for_the_next() -> None:
    with deaf_node() as deaf, raw_engine() as sound, before(deaf, sound.url) as port:
        assert [said(port, request(COUNT)).status for _ in range(4)] == [200] * 4
        assert len(sound.asked) == 4
    with deaf_node() as deaf, before(deaf) as port:
        assert said(port, request(COUNT)).error() == (504, "engine_timeout_exception", "failed; reason=timeout")


def test_an_error_tells_nobody_where_the_engine_is(port: int, engine: RawEngine) -> None:
    engine.answer = sending(b"", then_wait=False)
    got: RawAnswer = said(port, request(COUNT))
    assert got.status == 502
    assert str(engine.port).encode() not in got.body
    assert b"127.0.0.1" not in got.body


def test_places_and_connections_come_back_after_all_of_this(port: int, engine: RawEngine) -> None:
    """The proxy has two places; each of these faults would have kept one."""
    for answer in (b"", HALF, HALF_CHUNKED, b"nonsense\r\n\r\n"):
        engine.answer = sending(answer, then_wait=False)
        for target in (CHANGED, COUNT):
            with RawClient(port) as client:
                client.send(request(target))
                client.head()
                client.rest() if target == COUNT and answer in (HALF, HALF_CHUNKED) else None
    engine.answer = OK
    assert [said(port, request(COUNT)).status for _ in range(3)] == [200] * 3
