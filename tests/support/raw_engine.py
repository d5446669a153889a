"""An engine in bytes: it keeps every request as it came over the wire and answers with the bytes that a test gives."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .served import Served, serving

__all__ = ["OK", "RawEngine", "proxied_raw_engine", "raw_engine"]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)

#: What is sent for a request; a function gets the connection instead, and closes it by returning.
Answer = bytes | Callable[[socket.socket], None]


@dataclass
class RawEngine:
    """Where it listens; what came, head and body together; what it answers with."""

    port: int = 0
    answer: Answer = OK
    asked: list[bytes] = field(default_factory=list)
    #: How many connections the proxy made, and the ones that are open.
    made: int = 0
    open: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def heads(self) -> list[list[bytes]]:
        """The head lines of each request, without ``Host``."""
        lines = [request.partition(b"\r\n\r\n")[0].split(b"\r\n") for request in self.asked]
        return [[line for line in head if not line.startswith(b"Host: ")] for head in lines]


@contextmanager
def raw_engine() -> Iterator[RawEngine]:
    """Listen on a free port of loopback until the block ends; connections are kept as engines keep them."""
    engine = RawEngine()

    def talk(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            ahead = b""
            while (request := _request(connection, ahead)) is not None:
                found, ahead = request
                engine.asked.append(found)
                answer = engine.answer
                if callable(answer):
                    answer(connection)
                    break
                connection.sendall(answer)
        engine.open.discard(connection)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                engine.made += 1
                engine.open.add(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        engine.port = listener.getsockname()[1]
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield engine
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(timeout=10)
            for connection in list(engine.open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _request(connection: socket.socket, ahead: bytes) -> tuple[bytes, bytes] | None:
    """One request and what came behind it; None at the end of the connection."""
    while b"\r\n\r\n" not in ahead:
        if not (more := connection.recv(65536)):
            return None
        ahead += more
    head = ahead.partition(b"\r\n\r\n")[0]
    length = _LENGTH.search(head)
    size = len(head) + 4 + (int(length[1]) if length else 0)
    while len(ahead) < size:
        if not (more := connection.recv(65536)):
            return None
        ahead += more
    return ahead[:size], ahead[size:]


@contextmanager
def proxied_raw_engine(**settings: str) -> Iterator[tuple[Served, RawEngine]]:
    """One with a served proxy before it, its sessions in memory; ``settings`` are further environment variables."""
    with raw_engine() as engine:
        given = {"SESSIONRANK_UPSTREAM": engine.url, "SESSIONRANK_REDIS_URL": "memory://", **settings}
        with serving(given) as running:
            yield running, engine
