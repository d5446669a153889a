"""Clients on a bad day: who leaves, stalls or never says anything keeps no connection to the engine and no thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.processes import wait_until
from tests.support.raw_client import RawClient, said
from tests.support.raw_engine import OK, RawEngine, proxied_raw_engine
from tests.support.served import Served

COUNT = b"GET /catalog/_count HTTP/1.1\r\nHost: x\r\n\r\n"
SEARCH = b"GET /catalog/_search HTTP/1.1\r\nHost: x\r\n\r\n"
SCROLL = b"GET /_search/scroll?scroll_id=x HTTP/1.1\r\nHost: x\r\n\r\n"
#: A proxy with two places has fewer threads than this.
MANY = 100


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Served, RawEngine]]:
    settings = {"SESSIONRANK_ENGINE_TIMEOUT_S": "1", "SESSIONRANK_MAX_IN_FLIGHT": "2"}
    with proxied_raw_engine(**settings) as running_and_engine:
        yield running_and_engine


@pytest.fixture
def port(served: tuple[Served, RawEngine]) -> int:
    return served[0].port


@pytest.fixture
def engine(served: tuple[Served, RawEngine]) -> Iterator[RawEngine]:
    engine = served[1]
    engine.asked.clear()
    engine.answer = OK
    yield engine
    engine.answer = OK
    assert_all_comes_back(served[0].port, engine)


def assert_all_comes_back(port: int, engine: RawEngine) -> None:
    """Both places and all threads serve again, and no connection hangs at the engine."""
    wait_until("no connection to the engine is busy", lambda: len(engine.open) <= 2)
    met = threading.Barrier(3)

    def together(connection: socket.socket) -> None:
        met.wait(10)
        connection.sendall(OK)

    engine.answer = together
    with RawClient(port) as one, RawClient(port) as other:
        one.send(COUNT)
        other.send(COUNT)
        met.wait(10)
        assert (one.answer().status, other.answer().status) == (200, 200)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while True:
        connection.sendall(piece)


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def stalling(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
    silent(connection)


@pytest.mark.parametrize("request_", [COUNT, SEARCH, SCROLL], ids=["count", "search", "scroll"])
def test_who_leaves_before_the_answer_leaves_nothing_behind(port: int, engine: RawEngine, request_: bytes) -> None:
    engine.answer = silent
    for _ in range(3):
        with ExitStack() as exits:
            clients = [exits.enter_context(RawClient(port)) for _ in range(2)]
            for client in clients:
                client.send(request_)
            wait_until("both requests are at the engine", lambda: len(engine.asked) == 2)
        wait_until("the engine is rid of both", lambda: not engine.open)
        engine.asked.clear()


@pytest.mark.parametrize("behave", [endless, stalling])
def test_who_leaves_in_the_middle_of_a_stream_leaves_nothing_behind(
    port: int, engine: RawEngine, behave: Callable[[socket.socket], None]
) -> None:
    engine.answer = behave
    for _ in range(3):
        with RawClient(port) as one, RawClient(port) as other:
            for client in (one, other):
                client.send(SCROLL)
                assert client.head()[0] == "HTTP/1.1 200 OK"
        wait_until("the engine is rid of both", lambda: not engine.open)


def test_who_takes_no_more_of_a_stream_is_given_up(port: int, engine: RawEngine) -> None:
    engine.answer = endless
    with RawClient(port, receive_buffer=4096) as one, RawClient(port, receive_buffer=4096) as other:
        for client in (one, other):
            client.send(SCROLL)
            assert client.head()[0] == "HTTP/1.1 200 OK"
        wait_until("the engine is rid of both", lambda: not engine.open)
        engine.answer = OK
        assert said(port, COUNT).status == 200
        with pytest.raises(ConnectionResetError):
            one.rest()


def test_who_takes_no_more_of_a_ranked_answer_is_given_up(port: int, engine: RawEngine) -> None:
    hit = b'{"_index":"catalog","_id":"1","_score":1.0,"_source":{"name":"' + b"x" * 3_000_000 + b'"}}'
    body = b'{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"hits":['
    body += b",".join([hit] * 5) + b"]}}"
    engine.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawClient(port, receive_buffer=4096) as one, RawClient(port, receive_buffer=4096) as other:
        for client in (one, other):
            client.send(SEARCH)
            assert client.head()[0] == "HTTP/1.1 200 OK"
        for client in (one, other):
            with pytest.raises(ConnectionResetError):
                _slept_through(client)


def _slept_through(client: RawClient) -> None:
    """Read nothing until the connection is broken."""
    error = 0
    while not error:
        error = client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    raise OSError(error, "broken")


def test_who_says_nothing_holds_no_thread(port: int, engine: RawEngine) -> None:
    with ExitStack() as exits:
        for _ in range(MANY):
            exits.enter_context(RawClient(port))
        with RawClient(port, timeout=4) as client:
            client.send(COUNT)
            assert client.answer().status == 200


def test_who_does_not_close_its_side_holds_up_nobody(port: int, engine: RawEngine) -> None:
    with ExitStack() as exits:
        clients = [exits.enter_context(RawClient(port)) for _ in range(MANY)]
        for client in clients:
            client.send(b"GET /_sessionrank/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert [client.answer().status for client in clients] == [200] * MANY
        with RawClient(port, timeout=10) as client:
            client.send(COUNT)
            assert client.answer().status == 200


@pytest.mark.parametrize(
    "beginning",
    [
        b"", b"GET /cata", b"GET /catalog/_count HTTP/1.1\r\nHost:",
        b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
        b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /_sessionrank/events HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
        b"POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{",
        b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n",
    ],
)  # fmt: skip
def test_who_leaves_in_the_middle_of_a_request_never_reaches_the_engine(
    port: int, engine: RawEngine, beginning: bytes
) -> None:
    for _ in range(50):
        with RawClient(port) as client:
            client.send(beginning)
    assert said(port, COUNT).status == 200
    assert engine.heads() == [[b"GET /catalog/_count HTTP/1.1"]]


def test_what_was_cut_off_is_told_to_whom_it_can_be_told(port: int, engine: RawEngine) -> None:
    for framing in (b"Content-Length: 50\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"):
        with RawClient(port) as client:
            client.send(b"POST /catalog/_count HTTP/1.1\r\nHost: x\r\n" + framing)
            client.sock.shutdown(socket.SHUT_WR)
            answer = client.answer()
            assert answer.error() == (400, "illegal_argument_exception", "refused; reason=cut-off")
            assert client.rest() == b""


def test_a_client_that_resets_its_connection_is_not_an_error_in_the_log(
    served: tuple[Served, RawEngine], port: int, engine: RawEngine
) -> None:
    engine.answer = endless
    for _ in range(3):
        client = RawClient(port)
        client.send(SCROLL)
        client.head()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
    wait_until("the engine is rid of all", lambda: not engine.open)
    assert "Traceback" not in served[0].log()
    assert "ERROR" not in served[0].log()


def test_two_hundred_clients_at_once_get_an_answer_each(port: int, engine: RawEngine) -> None:
    """Far more than places: some are told to come back, none is left without a word."""
    statuses: list[int] = []

    def ask() -> None:
        with contextlib.suppress(OSError):
            statuses.append(said(port, COUNT).status)

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(statuses) == 200
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 2
