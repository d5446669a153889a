"""The worker's reading and sending over a pair of connected sockets: whatever a client does, it ends in time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus

import pytest

from proxy import worker
from proxy.inbound import RequestRefused

POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The server's side and the client's."""
    server, client = socket.socketpair()
    with server, client:
        yield server, client


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_HEAD_SECONDS", "_BODY_SECONDS", "_SKIP_SECONDS", "_LINGER_SECONDS"):
        monkeypatch.setattr(worker, name, 0.3)


class Drip:
    """Sends a byte again and again, faster than any single wait ends, until told to stop."""

    def __init__(self, client: socket.socket, byte: bytes) -> None:
        self._stopped = threading.Event()
        self._client, self._byte = client, byte
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with suppress(OSError):
            while not self._stopped.wait(0.02):
                self._client.sendall(self._byte)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()


def test_a_head_that_drips_is_refused_when_its_time_is_over(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    client.sendall(b"GET / HTTP/1.1\r\nX: ")
    with Drip(client, b"x"), pytest.raises(RequestRefused) as refused:
        next(worker._Requests(server, 1000))
    assert refused.value.status is HTTPStatus.REQUEST_TIMEOUT


@pytest.mark.parametrize("framing", [b"Content-Length: 9000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1f4\r\n"])
def test_a_body_that_drips_is_given_up_when_its_time_is_over(
    pair: tuple[socket.socket, socket.socket], framing: bytes
) -> None:
    server, client = pair
    client.sendall(POST + framing)
    requests = worker._Requests(server, 1000)
    body = next(requests).body
    with Drip(client, b"x"), pytest.raises(TimeoutError):
        b"".join(iter(lambda: body.read(1000), b""))
    assert not requests.finish_body(0)


def test_a_body_that_nobody_wanted_is_not_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    client.sendall(POST + b"Content-Length: 900\r\n\r\n")
    requests = worker._Requests(server, 1000)
    next(requests)
    with Drip(client, b"x"):
        assert not requests.finish_body(0)


def test_what_was_read_ahead_is_the_next_request(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    client.sendall(POST + b"Content-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\n\r\n")
    requests = worker._Requests(server, 1000)
    assert next(requests).target == "/a"
    assert requests.finish_body(0)
    assert requests.unreader.buf.getvalue() == b"GET /b HTTP/1.1\r\n\r\n"
    assert next(requests).target == "/b"


def test_a_client_that_has_closed_has_no_more_requests(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    client.close()
    with pytest.raises(StopIteration):
        next(worker._Requests(server, 1000))


def test_who_takes_nothing_is_given_up_in_the_middle_of_a_long_answer(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with pytest.raises(TimeoutError):
        worker._send(pair[0], b"x" * 50_000_000, 0.1)


def test_a_long_answer_goes_out_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    data = bytes(range(256)) * 10_000
    came = bytearray()

    def take() -> None:
        while piece := client.recv(65536):
            came.extend(piece)

    taking = threading.Thread(target=take)
    taking.start()
    worker._send(server, data, 5)
    server.shutdown(socket.SHUT_WR)
    taking.join()
    assert came == data


def test_hanging_up_waits_only_so_long_for_a_client_that_goes_on(pair: tuple[socket.socket, socket.socket]) -> None:
    server, client = pair
    with Drip(client, b"x"):
        worker._hang_up(server)
    assert server.fileno() < 0
    with suppress(ConnectionResetError):  # what came behind the end was not read
        assert client.recv(1) == b""
