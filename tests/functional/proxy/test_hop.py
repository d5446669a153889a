"""The hop against nodes that behave as nodes do on bad days: scripted servers on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from proxy.backends.base import AnswerTooLarge, BackendRequest
from proxy.backends.http import HttpBackend
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable
from tests.support.nginx import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASK = BackendRequest("GET", "/catalog/_search")

Script = Callable[[socket.socket, int], None]


class Node:
    """Runs a script for each connection; the script gets the socket and the connection's number, from 0."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._sockets.append(connection)
            threading.Thread(target=self._run, args=(connection, len(self._sockets) - 1), daemon=True).start()

    def _run(self, connection: socket.socket, number: int) -> None:
        try:
            self._script(connection, number)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._sockets:
            connection.close()


@contextmanager
def node(script: Script) -> Iterator[Node]:
    running = Node(script)
    try:
        yield running
    finally:
        running.close()


def answering(connection: socket.socket, _number: int) -> None:
    while connection.recv(65536):
        connection.sendall(OK)


def test_one_connection_serves_many_requests_read_or_streamed() -> None:
    with node(answering) as server:
        hop = HttpBackend([server.url])
        for _ in range(5):
            assert hop.send(ASK, timeout=5).read() == b"ok"
            assert b"".join(hop.send(ASK, timeout=5).stream()) == b"ok"
        assert server.connections == 1
        hop.close()


def test_an_answer_that_is_given_up_takes_its_connection_with_it() -> None:
    with node(answering) as server:
        hop = HttpBackend([server.url])
        hop.send(ASK, timeout=5).close()
        assert hop.send(ASK, timeout=5).read() == b"ok"
        assert server.connections == 2
        hop.close()


def test_a_kept_connection_that_the_node_has_closed_is_replaced() -> None:
    def once(connection: socket.socket, _number: int) -> None:
        connection.recv(65536)
        connection.sendall(OK)

    with node(once) as server:
        hop = HttpBackend([server.url])
        assert hop.send(ASK, timeout=5).read() == b"ok"
        time.sleep(0.1)
        assert hop.send(ASK, timeout=5).read() == b"ok"
        assert server.connections == 2
        hop.close()


def test_what_may_not_be_repeated_is_not_sent_again() -> None:
    def drops_the_second(connection: socket.socket, _number: int) -> None:
        connection.recv(65536)
        connection.sendall(OK)
        connection.recv(65536)

    with node(drops_the_second) as server:
        hop = HttpBackend([server.url])
        assert hop.send(ASK, timeout=5).read() == b"ok"
        with pytest.raises(BackendError, match="broke the exchange off"):
            hop.send(BackendRequest("POST", "/x", body=b"{}", repeatable=False), timeout=5)
        assert server.connections == 1


def test_a_node_that_takes_no_connection_is_passed_over() -> None:
    with node(answering) as server:
        hop = HttpBackend([f"http://127.0.0.1:{free_port()}", server.url])
        for _ in range(4):
            assert hop.send(ASK, timeout=5).read() == b"ok"
        hop.close()


def test_no_node_at_all_is_said_to_be_unreachable() -> None:
    with pytest.raises(BackendUnreachable, match="cannot be reached"):
        HttpBackend([f"http://127.0.0.1:{free_port()}"]).send(ASK, timeout=5)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_silent_node_costs_no_more_than_the_timeout(head: bytes) -> None:
    def silent(connection: socket.socket, _number: int) -> None:
        connection.sendall(head)
        connection.recv(65536)
        connection.recv(65536)

    with node(silent) as server, pytest.raises(BackendTimeout):
        HttpBackend([server.url]).send(ASK, timeout=0.2)


def test_a_body_that_drips_has_one_deadline_not_one_for_each_drop() -> None:
    def dripping(connection: socket.socket, _number: int) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.02)

    with node(dripping) as server:
        answer = HttpBackend([server.url]).send(ASK, timeout=0.5)
        with pytest.raises(BackendTimeout):
            answer.read()


@pytest.mark.parametrize(
    "answer", [OK[:-1], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", b"nonsense"]
)
def test_an_answer_that_breaks_off_is_an_error(answer: bytes) -> None:
    def breaking(connection: socket.socket, _number: int) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with node(breaking) as server, pytest.raises(BackendError):
        b"".join(HttpBackend([server.url]).send(ASK, timeout=5).stream())


def test_a_body_larger_than_the_limit_is_not_taken() -> None:
    with node(answering) as server, pytest.raises(AnswerTooLarge):
        HttpBackend([server.url]).send(ASK, timeout=5).read(1)


def test_the_request_arrives_as_it_was_given_with_the_credentials_of_the_url() -> None:
    received: list[bytes] = []

    def recording(connection: socket.socket, _number: int) -> None:
        received.append(connection.recv(65536))
        connection.sendall(OK)

    with node(recording) as server:
        address = server.url.removeprefix("http://")
        with closing(HttpBackend([f"http://user:pass%40word@{address}/es"])) as hop:
            hop.send(BackendRequest("POST", "/a%2Fb?x=%20", [("X-A", "1"), ("X-A", "2")], b"{}"), timeout=5).read()
    assert received == [
        b"POST /es/a%2Fb?x=%20 HTTP/1.1\r\nHost: " + address.encode() + b"\r\nX-A: 1\r\nX-A: 2\r\n"
        b"Authorization: Basic dXNlcjpwYXNzQHdvcmQ=\r\nContent-Length: 2\r\n\r\n{}"
    ]
