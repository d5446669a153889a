"""A forwarder that loses something on the way: what a comparison of clients must notice."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

__all__ = ["lossy_forwarder"]

#: Headers that belong to one hop.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class _Losses:
    request_headers: Collection[str]
    headers: Collection[str]
    query: bool
    statuses: bool


class _Forwarder(BaseHTTPRequestHandler):
    """Forwards one connection's requests; a class of its own for every server says where, and what to lose."""

    protocol_version = "HTTP/1.1"
    upstream: ClassVar[str]
    losses: ClassVar[_Losses]

    def forward(self) -> None:
        body = self.body()
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=60)
        try:
            target = self.path.partition("?")[0] if self.losses.query else self.path
            connection.putrequest(self.command, target, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in {*_HOP, *self.losses.request_headers}:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            self.give(answer, answer.read())
        finally:
            connection.close()

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def give(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(200 if self.losses.statuses else answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP, *self.losses.headers}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = forward  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Twenty connections may come at once.
    request_queue_size = 64


@contextmanager
def lossy_forwarder(
    upstream: str,
    *,
    request_headers: Collection[str] = (),
    headers: Collection[str] = (),
    query: bool = False,
    statuses: bool = False,
) -> Iterator[str]:
    """Forward to ``upstream`` until the block ends; gives the URL to ask.

    Args:
        request_headers: headers of requests to lose, in lower case.
        headers: headers of answers to lose, in lower case.
        query: lose query strings.
        statuses: answer 200 where the engine did not.
    """
    losses = _Losses(request_headers, headers, query, statuses)
    handler = type("Forwarder", (_Forwarder,), {"upstream": upstream, "losses": losses})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
