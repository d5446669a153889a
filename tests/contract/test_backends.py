"""Every search backend: what is asked and what is answered passes unchanged, and errors are ours."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from proxy.backends.base import AnswerTooLarge, BackendRequest, SearchBackend
from proxy.backends.registry import BACKENDS, backend_from_urls
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable, ConfigurationError
from sessionrank.upstream import UpstreamAccess

TLS = Path(__file__).parents[1] / "support" / "tls"
BODY = b'{"hits":1.0E10}'
ANSWER = (
    b"HTTP/1.1 404 Nothing Here\r\nWarning: one\r\nwarning: two\r\nX-Odd:  a b \r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Engine:
    """Keeps what each connection sends and answers it with ``answer``."""

    def __init__(self, scheme: str) -> None:
        self.answer = ANSWER
        self.asked: list[bytes] = []
        self.connections = 0
        self._context: ssl.SSLContext | None = None
        if scheme == "https":
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        self.connections += 1
        with suppress(OSError), connection, self._secured(connection) as stream:
            while data := stream.recv(65536):
                self.asked.append(data)
                stream.sendall(self.answer)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._context.wrap_socket(connection, server_side=True) if self._context else connection

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture(params=sorted(BACKENDS))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with closing(Engine(request.param)) as made:
        yield made


@pytest.fixture
def connect() -> Iterator[Callable[..., SearchBackend]]:
    made: list[SearchBackend] = []

    def start(*urls: str, ca_file: str = str(TLS / "cert.pem")) -> SearchBackend:
        made.append(backend_from_urls(urls, pool_size=2, access=UpstreamAccess(ca_file=ca_file)))
        return made[-1]

    yield start
    for backend in made:
        backend.close()


def test_what_is_asked_goes_over_as_it_is(engine: Engine, connect: Callable[..., SearchBackend]) -> None:
    headers = [("X-Twice", "1"), ("x-twice", "2"), ("Accept", "*/*")]
    target = "/a%2Fb/_search?q=%20+&q=%C3%A9;x"
    connect(engine.url).send(BackendRequest("POST", target, headers, b"{ }"), timeout=10).read()
    lines = b"".join(engine.asked).split(b"\r\n")
    assert lines[0] == f"POST {target} HTTP/1.1".encode()
    assert [line for line in lines if line.lower().startswith(b"x-twice")] == [b"X-Twice: 1", b"x-twice: 2"]
    assert lines[-1] == b"{ }"
    assert b"Content-Length: 3" in lines


def test_what_is_answered_comes_as_it_is(engine: Engine, connect: Callable[..., SearchBackend]) -> None:
    answer = connect(engine.url).send(BackendRequest("GET", "/"), timeout=10)
    assert (answer.status, answer.reason) == (404, "Nothing Here")
    assert [value for name, value in answer.headers if name.lower() == "warning"] == ["one", "two"]
    assert answer.header("x-odd") == "a b"
    assert b"".join(answer.stream()) == BODY


def test_connections_are_used_again(engine: Engine, connect: Callable[..., SearchBackend]) -> None:
    backend = connect(engine.url)
    for _ in range(3):
        assert backend.send(BackendRequest("GET", "/"), timeout=10).read() == BODY
        assert b"".join(backend.send(BackendRequest("GET", "/"), timeout=10).stream()) == BODY
    assert len(engine.asked) == 6
    assert engine.connections == 1


def test_a_connection_is_not_used_again_where_a_request_was_not_understood(
    engine: Engine, connect: Callable[..., SearchBackend]
) -> None:
    engine.answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
    backend = connect(engine.url)
    for _ in range(3):
        assert backend.send(BackendRequest("GET", "/"), timeout=10).read() == b"{}"
    assert engine.connections == 3


def test_a_body_above_the_limit_is_given_up(engine: Engine, connect: Callable[..., SearchBackend]) -> None:
    backend = connect(engine.url)
    with pytest.raises(AnswerTooLarge):
        backend.send(BackendRequest("GET", "/"), timeout=10).read(limit=len(BODY) - 1)
    assert backend.send(BackendRequest("GET", "/"), timeout=10).read(limit=len(BODY)) == BODY


def test_errors_are_ours(engine: Engine, connect: Callable[..., SearchBackend]) -> None:
    backend = connect(engine.url)
    engine.answer = b"who is there?\r\n\r\n"
    with pytest.raises(BackendError):
        backend.send(BackendRequest("GET", "/"), timeout=10)
    engine.answer = b""
    with pytest.raises(BackendTimeout):
        backend.send(BackendRequest("GET", "/"), timeout=0.5)
    engine.close()
    with pytest.raises(BackendUnreachable):
        connect(engine.url).send(BackendRequest("GET", "/"), timeout=10)


def test_a_certificate_of_nobody_is_refused(connect: Callable[..., SearchBackend]) -> None:
    with closing(Engine("https")) as engine:
        with pytest.raises(BackendUnreachable):
            connect(engine.url, ca_file="").send(BackendRequest("GET", "/"), timeout=10)
        assert engine.asked == []


def test_urls_of_no_known_kind_are_told() -> None:
    with pytest.raises(ConfigurationError, match="http"):
        backend_from_urls(["ftp://a"], pool_size=1)
    with pytest.raises(ConfigurationError, match="http"):
        backend_from_urls([], pool_size=1)
