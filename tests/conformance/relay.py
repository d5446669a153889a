"""A server between two others: it keeps what it is asked, passes it on, and may spoil it where a test wants that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.asking import Got
from tests.support.recorder import Asked

from .peers import SILENCE, Peer

__all__ = ["Relay", "relay"]

_OWN_LINES = {"host", "connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass
class Relay:
    """Where it listens, and the requests that came, in their order."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _unchanged_request(asked: Asked) -> Asked:
    return asked


def _unchanged_answer(_asked: Asked, got: Got) -> Got:
    return got


@contextmanager
def relay(
    behind: str,
    *,
    request: Callable[[Asked], Asked] = _unchanged_request,
    answer: Callable[[Asked, Got], Got] = _unchanged_answer,
) -> Iterator[Relay]:
    """Listen on a free port of loopback and pass all on to the URL ``behind``, until the block ends."""
    record, peer = Relay(), Peer(behind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def parse_request(self) -> bool:
            # The base class joins leading slashes; the wire's own target is what goes on.
            parsed = super().parse_request()
            words = self.requestline.split(" ")
            self.target = words[1] if len(words) > 1 else ""
            return parsed

        def pass_on(self) -> None:
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length or 0))
            asked = Asked(self.command, self.target, tuple(self.headers.items()), body)
            record.asked.append(asked)
            sent = request(asked)
            lines = [(name, value) for name, value in sent.headers if name.lower() not in _OWN_LINES]
            got = peer.ask(sent.method, sent.target, lines, sent.body if sent.body or length is not None else None)
            if got.status == SILENCE.status:
                self.close_connection = True
            else:
                self._give(answer(asked, got))

        def _give(self, got: Got) -> None:
            self.send_response_only(got.status)
            for name, value in got.headers:
                if name.lower() not in _OWN_LINES or (self.command == "HEAD" and name.lower() == "content-length"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(got.body)))
            self.end_headers()
            self.wfile.write(got.body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = pass_on  # noqa: N815 - base class

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        record.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield record
        finally:
            server.shutdown()
            thread.join()
