"""A TCP server in the engine's place that behaves as badly as a test says: it stalls, breaks off, sends for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["StubUpstream", "stub_upstream"]

#: Gets the connection after a request's head was read.
Behaviour = Callable[[socket.socket], None]


@dataclass
class StubUpstream:
    """Where it listens, and the heads of the requests that came."""

    port: int
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def stub_upstream(behave: Behaviour) -> Iterator[StubUpstream]:
    """Listen until the block ends; each connection has a thread, and is closed when ``behave`` returns."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stub = StubUpstream(listener.getsockname()[1])
        open_connections: set[socket.socket] = set()
        threads: list[threading.Thread] = []

        def answer(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
                    head += piece
                stub.heads.append(head)
                if head:
                    behave(connection)
            open_connections.discard(connection)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    open_connections.add(connection)
                    threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield stub
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(timeout=10)
            for connection in list(open_connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(timeout=10)
