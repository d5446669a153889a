"""A server that keeps what it was asked, byte for byte, and answers 200: an engine for tests of the way there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Asked", "Recorder", "recorder"]


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Recorder:
    """Where it listens, what it was asked, and the body that it answers with."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    answer: bytes = b'{"acknowledged":true}'


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Listen on a free port of loopback until the block ends."""
    record = Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def parse_request(self) -> bool:
            # The base class joins leading slashes; the wire's own target is what is wanted here.
            parsed = super().parse_request()
            words = self.requestline.split(" ")
            self.target = words[1] if len(words) > 1 else ""
            return parsed

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            record.asked.append(Asked(self.command, self.target, tuple(self.headers.items()), body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(record.answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(record.answer)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        record.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield record
        finally:
            server.shutdown()
            thread.join()
