"""gunicorn's worker with our own reading of requests and writing of answers; everything that waits is bounded.

gunicorn stays what it is good at: processes, listening, the threads, connections that idle.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

from sessionrank.errors import BackendError

from .deadline import Deadline
from .errors import error_body
from .framing import NotHttp, Source
from .inbound import RequestBody, RequestHead, RequestRefused, request_from
from .outbound import Outbound

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["HttpWorker"]

#: Seconds that a request's head, its body, and a body that nobody wanted may take to come.
_HEAD_SECONDS, _BODY_SECONDS, _SKIP_SECONDS = 20.0, 20.0, 1.0
#: A client gets so much at a time, and each within the time that the engine has for an answer.
_SENT_AT_ONCE = 256 * 1024
#: After its last answer a connection is read for a moment, so that the client gets the answer before the end.
_LINGER_SECONDS, _LINGER_BYTES = 1.0, 256 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
#: Closing with this tells the other side that the connection broke.
_ABORTIVE = b"\x01\0\0\0\0\0\0\0"


class _Requests:
    """The requests of one client connection, as gunicorn's worker asks for them.

    Attributes:
        unreader: where gunicorn looks for bytes that were read ahead.
    """

    def __init__(self, sock: socket.socket, largest_chunk: int) -> None:
        self.unreader = SocketUnreader(sock)
        self._sock = sock
        self._largest_chunk = largest_chunk
        self._deadline = Deadline(_HEAD_SECONDS)
        self._source = Source(self._receive)
        self._body: RequestBody | None = None

    def __next__(self) -> RequestHead:
        self._deadline = Deadline(_HEAD_SECONDS)
        self._source = Source(self._receive, self.unreader.take_buffered())
        try:
            request = request_from(self._source, self._begin_body, self._largest_chunk)
        except ConnectionError:
            raise StopIteration from None
        self._body = request.body
        return request

    def finish_body(self, deadline: float) -> bool:
        """Skip what is left of the body; whether another request can follow. (The time is ours, and shorter.)"""
        self._deadline = Deadline(_SKIP_SECONDS)
        goes_on = self._body is not None and self._body.skip()
        self.unreader.unread(self._source.ahead)
        return goes_on

    def _begin_body(self, waits: bool) -> None:
        self._deadline = Deadline(_BODY_SECONDS)
        if waits:
            _send(self._sock, _CONTINUE, _BODY_SECONDS)

    def _receive(self, most: int) -> bytes:
        left = self._deadline.remaining()
        if left <= 0:
            raise TimeoutError("the time was used up")
        self._sock.settimeout(left)
        return self._sock.recv(most)


class HttpWorker(ThreadWorker):
    """Threads, as ``gthread``; ``app.limits`` says what a client may ask of them."""

    app: Any
    wsgi: Any

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection be served; a new one first waits here, where it holds no thread, until it says something."""
        if conn.parser is not None:
            super().enqueue_req(conn)
            return
        conn.parser = _Requests(conn.sock, self.app.limits.max_body_bytes)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _cap_keepalive(self, deadline: float) -> None:
        """At a stop: what has said nothing yet is waited for no longer than what was kept."""
        super()._cap_keepalive(deadline)  # type: ignore[misc]
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout or deadline, deadline)

    def handle(self, conn: Any) -> Any:
        """Serve one request, in a thread of the pool."""
        outcome = super().handle(conn)
        if outcome is False:
            # Here and not in `finish_request`, where it would hold up every other connection.
            _hang_up(conn.sock)
        return outcome

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take a connection back from its thread, which has closed it where it was to be closed."""
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer a request; whether the connection may be used again."""
        seconds: float = self.app.limits.engine_timeout_s
        may_keep = self.alive and len(self.keepalived_conns) < self.max_keepalived
        answer = Outbound(req, lambda data: _send(conn.sock, data, seconds), may_keep=may_keep)
        try:
            _write(answer, self.wsgi(_environ(req, conn, multiprocess=self.cfg.workers > 1), answer.start))
        except Exception as error:
            if not answer.begun and not isinstance(error, OSError):
                raise
            self._cut(conn.sock, answer, error)
            return False
        return answer.keeps

    def _cut(self, sock: socket.socket, answer: Outbound, error: Exception) -> None:
        """End an answer that cannot be finished, so that nobody takes it for a whole one."""
        if isinstance(error, BackendError):
            self.log.warning("an answer was cut: %s", error)
        elif isinstance(error, OSError):
            self.log.debug("a client went away, or took nothing more: %s", type(error).__name__)
        else:
            self.log.error("an answer was cut", exc_info=error)
        if answer.ends_with_connection or isinstance(error, OSError):
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
            sock.close()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no request, or what the application let through; the connection is closed after it."""
        # Not at the top: the metrics must not be made before the fork.
        from .metrics import count_answer

        if isinstance(exc, NotHttp):
            status = exc.status if isinstance(exc, RequestRefused) else HTTPStatus.BAD_REQUEST
            self.log.warning("a request that cannot be read: %s", exc)
            kind, reason, told = "illegal_argument_exception", f"the request cannot be read: {exc}", "not-http"
        else:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self.log.error("unexpected error", exc_info=exc)
            kind, reason, told = "internal_exception", "an unexpected error; the log of the proxy says more", "internal"
        outcome = "refused" if told == "not-http" else "failed"
        count_answer(outcome, told)
        body = json.dumps(error_body(int(status), kind, reason)).encode()
        head = (
            f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Sessionrank: {outcome}; reason={told}\r\n\r\n"
        )
        if isinstance(exc, RequestRefused) and exc.method == "HEAD":
            body = b""
        try:
            _send(client, head.encode() + body, _LINGER_SECONDS)
        except OSError:
            self.log.debug("the client was gone before it could be told")


def _write(answer: Outbound, pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            answer.write(piece)
        answer.end()
    finally:
        if (close := getattr(pieces, "close", None)) is not None:
            close()


def _send(sock: socket.socket, data: bytes, seconds: float) -> None:
    """Send all of it; each part goes within ``seconds`` or the client is given up (``OSError``)."""
    sock.settimeout(seconds)
    if len(data) <= _SENT_AT_ONCE:
        sock.sendall(data)
        return
    view = memoryview(data)
    for start in range(0, len(data), _SENT_AT_ONCE):
        sock.sendall(view[start : start + _SENT_AT_ONCE])


def _hang_up(sock: socket.socket) -> None:
    """Close a connection: first our side, then, when the client has seen that or after a moment, both."""
    end, left = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
    with suppress(OSError), sock:
        sock.shutdown(socket.SHUT_WR)
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            sock.settimeout(seconds)
            data = sock.recv(min(left, 64 * 1024))
            if not data:
                break
            left -= len(data)


def _environ(request: RequestHead, conn: Any, *, multiprocess: bool) -> WSGIEnvironment:
    """What WSGI says of a request, and ``sessionrank.headers``, the header list as it came."""
    path, _, query = request.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "SERVER_NAME": conn.server[0],
        "SERVER_PORT": str(conn.server[1]),
        "SERVER_PROTOCOL": f"HTTP/1.{request.minor}",
        "REMOTE_ADDR": conn.client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": request.body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "sessionrank.headers": request.headers,
    }
    for name, value in request.headers:
        # `X_A` and `X-A` would become one here, so the first is left out.
        if "_" not in name:
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]}, {value}" if key in environ else value
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if "HTTP_" + key in environ:
            environ[key] = environ.pop("HTTP_" + key)
    return environ
