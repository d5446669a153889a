"""The WSGI application in front of Flask: gate, search and pass-through, on the raw target.

Flask decodes paths and answers OPTIONS itself, so only our own endpoints under ``/_sessionrank/`` go through it.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable

from .backends.base import BackendResponse, Headers, SearchBackend
from .errors import error_body
from .gate import Gate, Refused
from .metrics import count_answer, observe
from .pipeline import Answer, Pipeline
from .request import ClientRequest
from .settings import OWN_PLACES, ProxySettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Front"]

_OWN = "/_sessionrank"
#: Needs no place: it does no I/O, and whoever asks would restart a worker that is only busy.
_LIVE = "/_sessionrank/health/live"
#: RFC 9110, 7.6.1, and what a proxy sets itself.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length", "expect",
})  # fmt: skip
_GZIP_FROM = 1024


class _TooLarge(Exception):
    """The request body is larger than the limit."""


class Front:
    """Takes every request first; hands our own endpoints to ``own``."""

    def __init__(
        self, settings: ProxySettings, backend: SearchBackend, pipeline: Pipeline, own: WSGIApplication
    ) -> None:
        self._settings = settings
        self._backend = backend
        self._pipeline = pipeline
        self._own = own
        self._gate = Gate(settings)
        self._places = threading.BoundedSemaphore(settings.max_in_flight)
        self._own_places = threading.BoundedSemaphore(OWN_PLACES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = _raw_target(environ)
        path = target.partition("?")[0]
        if path == _OWN or path.startswith(_OWN + "/"):
            if environ.get("CONTENT_LENGTH", "").isdigit() and self._exceeds(int(environ["CONTENT_LENGTH"])):
                return self._refuse(environ, start_response, 413, "too-large")
            return self._own_endpoint(environ, start_response, path)
        if not self._places.acquire(blocking=False):
            return self._refuse(environ, start_response, 429, "busy")
        return self._admitted(environ, start_response, target)

    def _own_endpoint(self, environ: WSGIEnvironment, start_response: StartResponse, path: str) -> Iterable[bytes]:
        """Our own endpoints have places of their own: a store that hangs must not hold the threads that search."""
        if path == _LIVE:
            return self._own(environ, start_response)
        if not self._own_places.acquire(blocking=False):
            return self._refuse(environ, start_response, 429, "busy")
        try:
            return self._own(environ, start_response)
        finally:
            self._own_places.release()

    def _admitted(self, environ: WSGIEnvironment, start_response: StartResponse, target: str) -> Iterable[bytes]:
        """Answer and give the place back: at once, or when the last piece of a stream is out."""
        streaming = False
        try:
            answer = self._answer(environ, start_response, target)
            if isinstance(answer, list):
                return answer
            streaming = True
            return _Stream(answer, self._places.release)
        finally:
            if not streaming:
                self._places.release()

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, target: str
    ) -> list[bytes] | BackendResponse:
        started = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        own_credentials = self._backend.has_credentials and "HTTP_AUTHORIZATION" not in environ
        route = self._gate.admit(method, target, own_credentials=own_credentials)
        if isinstance(route, Refused):
            return self._refuse(environ, start_response, 403, "gate", route.reason)
        try:
            request = ClientRequest(method, target, _headers(environ), self._body(environ))
            if route.is_search:
                answer = self._pipeline.search(request, route)
            else:
                answer = self._pipeline.forward(request, route, "endpoint")
        except _TooLarge:
            return self._refuse(environ, start_response, 413, "too-large")
        except BackendError as error:
            return self._failed(environ, start_response, error)
        body, headers = _encoded(answer, environ.get("HTTP_ACCEPT_ENCODING", ""), method)
        headers += _own_headers(answer, self._settings.window)
        start_response(f"{answer.status} {answer.phrase}", headers)
        _measure(answer, time.perf_counter() - started)
        return body

    def _body(self, environ: WSGIEnvironment) -> bytes:
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdigit():
            if self._exceeds(int(length)):
                raise _TooLarge
            data: bytes = environ["wsgi.input"].read(int(length))
        elif environ.get("wsgi.input_terminated"):
            data = environ["wsgi.input"].read(self._settings.max_body_bytes + 1)
            if self._exceeds(len(data)):
                raise _TooLarge
        else:
            data = b""
        return data

    def _exceeds(self, size: int) -> bool:
        return size > self._settings.max_body_bytes

    def _refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, status: int, reason: str, text: str = ""
    ) -> list[bytes]:
        kind, default = _REFUSALS[reason]
        count_answer("refused", reason)
        return _error(environ, start_response, status, kind, text or default)

    def _failed(self, environ: WSGIEnvironment, start_response: StartResponse, error: BackendError) -> list[bytes]:
        if isinstance(error, BackendTimeout):
            status, reason = 504, "timeout"
        else:
            status, reason = 502, "unreachable" if isinstance(error, BackendUnreachable) else "broken"
        count_answer("failed", reason)
        return _error(environ, start_response, status, f"engine_{reason}_exception", str(error))


_REFUSALS = {
    "gate": ("security_exception", ""),
    "busy": ("too_many_requests_exception", "too many requests in flight; try again"),
    "too-large": ("content_too_long_exception", "the request body is larger than SESSIONRANK_MAX_BODY_BYTES"),
}
_PHRASES = {
    403: "Forbidden",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


class _Stream:
    """An answer on its way from the engine; whatever ends it, the connection and the place are given back."""

    def __init__(self, response: BackendResponse, release: Callable[[], None]) -> None:
        self._response = response
        self._pieces = response.stream()
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            self._response.close()
            release()


def _raw_target(environ: WSGIEnvironment) -> str:
    """Path and query as they came over the wire; servers name it differently."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/")
    return str(target)


def _headers(environ: WSGIEnvironment) -> Headers:
    """The end-to-end headers, without those that ``Connection`` names."""
    named = {name.strip().lower() for name in environ.get("HTTP_CONNECTION", "").split(",")}
    headers = []
    if environ.get("CONTENT_TYPE"):
        headers.append(("Content-Type", environ["CONTENT_TYPE"]))
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            name = key[5:].replace("_", "-").lower()
            if name not in _HOP_BY_HOP and name not in named:
                headers.append((name.title(), value))
    return headers


def _encoded(answer: Answer, accepted: str, method: str) -> tuple[list[bytes] | BackendResponse, list[tuple[str, str]]]:
    """Body and end-to-end headers of an answer; what we made ourselves is gzipped for those who accept it."""
    named = {name.strip().lower() for key, value in answer.headers if key.lower() == "connection"
             for name in value.split(",")}  # fmt: skip
    dropped = (_HOP_BY_HOP - {"content-length"}) | named
    headers = [(key, value) for key, value in answer.headers if key.lower() not in dropped]
    if not isinstance(answer.body, bytes):
        return answer.body, headers
    headers = [(key, value) for key, value in headers if key.lower() != "content-length"]
    body = answer.body
    if len(body) > _GZIP_FROM and _takes_gzip(accepted):
        packer = zlib.compressobj(level=1, wbits=31)
        body = packer.compress(body) + packer.flush()
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    return [b"" if method == "HEAD" else body], headers


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _own_headers(answer: Answer, window: int) -> list[tuple[str, str]]:
    told = f"plain; reason={answer.reason}" if answer.reason else f"personalised; window={window}; moved={answer.moved}"
    timing = ", ".join(f"{part};dur={seconds * 1000:.2f}" for part, seconds in answer.seconds.items())
    return [("X-Sessionrank", told), ("Server-Timing", timing)]


def _measure(answer: Answer, total: float) -> None:
    count_answer("plain" if answer.reason else "personalised", answer.reason)
    for part, seconds in answer.seconds.items():
        observe(part, seconds)
    observe("total", total)


def _error(environ: WSGIEnvironment, start_response: StartResponse, status: int, kind: str, reason: str) -> list[bytes]:
    body = json.dumps(error_body(status, kind, reason)).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {_PHRASES[status]}", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
