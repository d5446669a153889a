"""Errors as HTTP, in the search engine's own shape; the only place that turns one into the other.

SessionrankError
└── HttpError            an answer of our own: status, type and reason

{"error": {"root_cause": [{"type": …, "reason": …}], "type": …, "reason": …}, "status": N}
"""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable, DataError, SessionrankError, StoreError

__all__ = ["HttpError", "error_body", "register_error_handlers", "status_of"]

_log = logging.getLogger("sessionrank.proxy")


class HttpError(SessionrankError):
    """An answer that is an error: ``status``, the ``type`` as the engine would call it, and a sentence."""

    def __init__(self, status: int, type_: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.type = type_
        self.reason = reason


#: The first that fits wins. Errors of servers behind us have a text of their own: their messages name addresses, which
#: are for the log and not for clients.
_STATUS: tuple[tuple[type[SessionrankError], int, str, str | None], ...] = (
    (StoreError, 503, "store_exception", "the session store does not answer"),
    (BackendTimeout, 504, "engine_timeout_exception", "the search engine did not answer in time"),
    (BackendUnreachable, 502, "engine_unreachable_exception", "the search engine cannot be reached"),
    (BackendError, 502, "engine_broken_exception", "the search engine broke the exchange off"),
    (DataError, 400, "illegal_argument_exception", None),
)
_TYPES = {
    400: "illegal_argument_exception",
    404: "resource_not_found_exception",
    405: "method_not_allowed_exception",
    413: "content_too_long_exception",
    415: "media_type_header_exception",
}


def error_body(status: int, type_: str, reason: str) -> dict[str, Any]:
    """An error as the engine writes it, before it becomes JSON."""
    cause = {"type": type_, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def status_of(error: Exception) -> tuple[int, str, str]:
    """(status, type, reason) of an error; what nobody foresaw is a 500 that tells the client nothing."""
    if isinstance(error, HttpError):
        return error.status, error.type, error.reason
    for kind, status, type_, text in _STATUS:
        if isinstance(error, kind):
            if text is not None:
                _log.warning("%s: %s", type_, error)
            return status, type_, text or str(error)
    return 500, "internal_exception", "an unexpected error; the log of the proxy says more"


def register_error_handlers(app: Flask) -> None:
    """Let every error of ``app``'s views leave in the engine's shape."""
    app.register_error_handler(HTTPException, _from_flask)
    app.register_error_handler(Exception, _from_exception)


def _from_exception(error: Exception) -> Response:
    status, type_, reason = status_of(error)
    if status == 500:
        # The endpoint, not the path: that may hold a session id.
        _log.error("unexpected error in %s", request.endpoint, exc_info=error)
    return _answer(status, type_, reason)


def _from_flask(error: HTTPException) -> Response:
    """Flask's own errors; their headers (``Allow``) stay. A redirect is no error."""
    answer = error.get_response()
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=list(answer.headers))
    reason = {404: "no such endpoint", 405: f"{request.method} is not allowed here"}.get(status)
    made = _answer(status, _TYPES.get(status, "http_exception"), reason or error.description or error.name)
    for name, value in answer.headers:
        if name.lower() not in ("content-type", "content-length"):
            made.headers.add(name, value)
    return made


def _answer(status: int, type_: str, reason: str) -> Response:
    return Response(json.dumps(error_body(status, type_, reason)), status, mimetype="application/json")
