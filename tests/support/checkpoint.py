"""A real engine behind a door: it takes an API key, a user or a client certificate, and keeps who came."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["TLS", "Checkpoint", "Visitor", "checkpoint"]

TLS = Path(__file__).with_name("tls")
_REFUSED = (
    b'{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate"}],'
    b'"type":"security_exception","reason":"unable to authenticate"},"status":401}'
)


@dataclass(frozen=True)
class Visitor:
    """A request that came to the door."""

    method: str
    target: str
    headers: dict[str, str]
    #: The name in the client's certificate, or nothing.
    certificate: str


@dataclass
class Checkpoint:
    """Where it listens, and who came."""

    url: str = ""
    visitors: list[Visitor] = field(default_factory=list)

    def authorizations(self) -> set[str | None]:
        """What they showed."""
        return {visitor.headers.get("authorization") for visitor in self.visitors}


def _common_name(connection: socket.socket) -> str:
    if not isinstance(connection, ssl.SSLSocket):
        return ""
    subject: Any = (connection.getpeercert() or {}).get("subject", ())
    return next((value for ((name, value),) in subject if name == "commonName"), "")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever shows no certificate breaks its handshake; that is the test."""


def _demand_certificates(server: _Server) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(TLS / "client.pem")
    # The handshake belongs to the connection's thread, not to the one that accepts.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


@contextmanager
def checkpoint(engine_url: str, *, takes: str = "", certificate: bool = False) -> Iterator[Checkpoint]:
    """Listen until the block ends.

    Args:
        takes: the only ``Authorization`` that passes; none is asked for where it is empty.
        certificate: speak TLS, and take connections with ``tls/client.pem`` alone.
    """
    door = Checkpoint()
    engine = urlsplit(engine_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            door.visitors.append(Visitor(self.command, self.path, headers, _common_name(self.connection)))
            if takes and headers.get("authorization") != takes:
                self._send(401, [("Content-Type", "application/json")], _REFUSED)
                return
            connection = http.client.HTTPConnection(engine.hostname or "", engine.port, timeout=60)
            try:
                kept = {n: v for n, v in headers.items() if n not in ("host", "authorization", "connection")}
                connection.request(self.command, self.path, body, kept)
                answer = connection.getresponse()
                self._send(answer.status, answer.getheaders(), answer.read())
            finally:
                connection.close()

        def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    if certificate:
        _demand_certificates(server)
    door.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
