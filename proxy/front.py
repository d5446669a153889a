"""The WSGI application in front of Flask: gate, search and pass-through, on the raw target.

Flask decodes paths and answers OPTIONS itself, so only our own endpoints under ``/_sessionrank/`` go through it.
"""

from __future__ import annotations

import io
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable

from .backends.base import BackendResponse, Headers, SearchBackend
from .errors import error_body, status_of
from .framing import tokens_of
from .gate import Gate, Refused, Route
from .metrics import count_answer, observe
from .pipeline import Answer, Pipeline
from .reception import BodyCutOff, BodyNotHttp, BodyRefused, BodyTooLarge, BodyTooSlow, read_body
from .request import ClientRequest
from .settings import OWN_PLACES, ProxySettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Front"]

_OWN = "/_sessionrank"
#: Needs no place: it does no I/O, and whoever asks would restart a worker that is only busy.
_LIVE = "/_sessionrank/health/live"
#: RFC 9110, 7.6.1, and what a proxy sets itself; with underscores, some servers take them for the same.
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length", "expect", "transfer_encoding", "content_length",
})  # fmt: skip
_HOP_BY_HOP_BACK = _HOP_BY_HOP - {"content-length"}
_GZIP_FROM = 1024
#: Seconds that a request waits for a place before it gets 429.
_WAIT_SECONDS = 1.0


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
        self._waiting = threading.BoundedSemaphore(settings.max_waiting)
        self._own_places = threading.BoundedSemaphore(OWN_PLACES)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = _raw_target(environ)
        path = target.partition("?")[0]
        own = path == _OWN or path.startswith(_OWN + "/")
        route = None if own else self._admit(environ, target)
        if isinstance(route, Refused):
            return self._refuse(environ, start_response, "gate", route.reason)
        # The body first: whoever sends it slowly holds a thread, but no place.
        try:
            body = read_body(environ, limit=self._settings.max_body_bytes)
        except BodyRefused as refused:
            return self._refuse(environ, start_response, _BODY_REFUSALS[type(refused)])
        if route is None:
            return self._own_endpoint(environ, start_response, path, body)
        request = ClientRequest(environ["REQUEST_METHOD"], target, _headers(environ), body)
        if route.unseen and (found := self._gate.look_inside(request, route)):
            return self._refuse(environ, start_response, found.by, found.reason)
        return self._admitted(environ, start_response, request, route)

    def _admit(self, environ: WSGIEnvironment, target: str) -> Route | Refused:
        own_credentials = self._backend.has_certificate or (
            self._backend.has_credentials
            # A header that `Connection` names stays here, and the proxy's own is sent.
            and ("HTTP_AUTHORIZATION" not in environ or "authorization" in environ.get("HTTP_CONNECTION", "").lower())
        )
        return self._gate.admit(environ["REQUEST_METHOD"], target, own_credentials=own_credentials)

    def _own_endpoint(
        self, environ: WSGIEnvironment, start_response: StartResponse, path: str, body: bytes
    ) -> Iterable[bytes]:
        """Our own endpoints have places of their own: a store that hangs must not hold the threads that search."""
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        answer = _told_own(start_response)
        if path == _LIVE:
            return self._own(environ, answer)
        if not self._own_places.acquire(blocking=False):
            return self._refuse(environ, start_response, "busy")
        try:
            return self._own(environ, answer)
        finally:
            self._own_places.release()

    def _admitted(
        self, environ: WSGIEnvironment, start_response: StartResponse, request: ClientRequest, route: Route
    ) -> Iterable[bytes]:
        """Answer and give the place back: at once, or when the last piece of a stream is out."""
        if not self._take_place():
            return self._refuse(environ, start_response, "busy")
        streaming = False
        try:
            answer = self._answer(environ, start_response, request, route)
            if isinstance(answer, list):
                return answer
            streaming = True
            return _Stream(answer, self._places.release)
        finally:
            if not streaming:
                self._places.release()

    def _take_place(self) -> bool:
        """A place at once, or within a moment, as an engine's own queue has it; a bounded number may wait."""
        if self._places.acquire(blocking=False):
            return True
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=_WAIT_SECONDS)
        finally:
            self._waiting.release()

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, request: ClientRequest, route: Route
    ) -> list[bytes] | BackendResponse:
        started = time.perf_counter()
        try:
            answer = self._pipeline.answer(request, route)
        except BackendError as error:
            return self._failed(environ, start_response, error)
        body, headers = _encoded(answer, environ.get("HTTP_ACCEPT_ENCODING", ""), request.method)
        headers += _own_headers(answer, self._settings.window)
        start_response(f"{answer.status} {answer.phrase}", headers)
        _measure(answer, time.perf_counter() - started)
        return body

    def _refuse(
        self, environ: WSGIEnvironment, start_response: StartResponse, reason: str, text: str = ""
    ) -> list[bytes]:
        status, kind, default = _REFUSALS[reason]
        count_answer("refused", reason)
        return _error(environ, start_response, (status, kind, text or default), f"refused; reason={reason}")

    def _failed(self, environ: WSGIEnvironment, start_response: StartResponse, error: BackendError) -> list[bytes]:
        reason = _FAILURES.get(type(error), "broken")
        count_answer("failed", reason)
        return _error(environ, start_response, status_of(error), f"failed; reason={reason}")


#: Reason → status, type and text in the engine's shape.
_REFUSALS = {
    "gate": (403, "security_exception", ""),
    "guard": (400, "illegal_argument_exception", ""),
    "busy": (429, "too_many_requests_exception", "too many requests in flight; try again"),
    "too-large": (413, "content_too_long_exception", "the request body is larger than SESSIONRANK_MAX_BODY_BYTES"),
    "too-slow": (408, "request_timeout_exception", "the request body did not come in time"),
    "cut-off": (400, "illegal_argument_exception", "the request body ended before its Content-Length"),
    "not-http": (400, "illegal_argument_exception", "the request body cannot be read as HTTP"),
}
_FAILURES: dict[type[BackendError], str] = {BackendTimeout: "timeout", BackendUnreachable: "unreachable"}
_BODY_REFUSALS: dict[type[BodyRefused], str] = {
    BodyTooLarge: "too-large",
    BodyTooSlow: "too-slow",
    BodyCutOff: "cut-off",
    BodyNotHttp: "not-http",
}


class _Stream:
    """An answer on its way from the engine; whatever ends it, the connection and the place are given back."""

    def __init__(self, response: BackendResponse, release: Callable[[], None]) -> None:
        self._response = response
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.stream()
        except BackendError as error:
            # The head is out, so the server can only cut the answer; it was counted as what it began as, too.
            count_answer("failed", _FAILURES.get(type(error), "broken"))
            raise

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
    """The end-to-end headers, without those that ``Connection`` names; as they came, where the server tells."""
    came: Headers | None = environ.get("sessionrank.headers")
    if came is None:
        came = [(key[5:].replace("_", "-").title(), value) for key, value in environ.items() if key.startswith("HTTP_")]
        if environ.get("CONTENT_TYPE"):
            came.insert(0, ("Content-Type", environ["CONTENT_TYPE"]))
    return _end_to_end(came, _HOP_BY_HOP)


def _end_to_end(headers: Headers, dropped: frozenset[str]) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    if len(kept) < len(headers) and (named := frozenset(tokens_of(headers, "connection"))):
        kept = [(name, value) for name, value in kept if name.lower() not in named]
    return kept


def _encoded(answer: Answer, accepted: str, method: str) -> tuple[list[bytes] | BackendResponse, list[tuple[str, str]]]:
    """Body and end-to-end headers of an answer; what we made ourselves is gzipped for those who accept it."""
    headers = _end_to_end(answer.headers, _HOP_BY_HOP_BACK)
    if not isinstance(answer.body, bytes):
        return answer.body, headers
    body = answer.body
    if len(body) > _GZIP_FROM and _takes_gzip(accepted):
        packer = zlib.compressobj(level=1, wbits=31)
        body = packer.compress(body) + packer.flush()
        headers.append(("Content-Encoding", "gzip"))
    return [b"" if method == "HEAD" else body], _with_length(headers, len(body))


def _with_length(headers: list[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    """With the length where the engine had its own, else at the end."""
    told = [(key, str(length) if key.lower() == "content-length" else value) for key, value in headers]
    return told if any(key.lower() == "content-length" for key, _ in told) else [*told, ("Content-Length", str(length))]


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _own_headers(answer: Answer, window: int) -> list[tuple[str, str]]:
    told = f"plain; reason={answer.reason}" if answer.reason else f"personalised; window={window}; moved={answer.moved}"
    if answer.items and not answer.reason:
        told += f"; items={answer.items[0]}/{answer.items[1]}"
    timing = ", ".join(f"{part};dur={seconds * 1000:.2f}" for part, seconds in answer.seconds.items())
    return [("X-Sessionrank", told), ("Server-Timing", timing)]


def _measure(answer: Answer, total: float) -> None:
    count_answer("plain" if answer.reason else "personalised", answer.reason)
    for part, seconds in answer.seconds.items():
        observe(part, seconds)
    observe("total", total)


def _told_own(start_response: StartResponse) -> StartResponse:
    """``start_response`` for our own endpoints, whose answers tell so."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        return start_response(status, [*headers, ("X-Sessionrank", "plain; reason=own-endpoint")], exc_info)

    return start


def _error(
    environ: WSGIEnvironment, start_response: StartResponse, error: tuple[int, str, str], told: str
) -> list[bytes]:
    """An answer of our own: ``error`` is its status, type and reason in the engine's shape."""
    status, kind, reason = error
    body = json.dumps(error_body(status, kind, reason)).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("X-Sessionrank", told)]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
