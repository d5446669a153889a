"""gunicorn's worker, with errors in the search engine's shape also for requests that never become one."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from .errors import error_body

__all__ = ["JsonErrorWorker"]

#: The first that fits wins.
_STATUS: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (errors.LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG),
    (errors.LimitRequestHeaders, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE),
    (errors.UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED),
    (errors.ExpectationFailed, HTTPStatus.EXPECTATION_FAILED),
    (errors.ParseException, HTTPStatus.BAD_REQUEST),
)


class JsonErrorWorker(ThreadWorker):
    """Threads, as ``gthread``."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no request, or what the application let through, and close the connection."""
        status = next((s for kind, s in _STATUS if isinstance(exc, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR or status is HTTPStatus.NOT_IMPLEMENTED:
            # Not the text of the error: it repeats what the client sent, which may be a session id.
            self.log.warning("a request that cannot be read: %s", type(exc).__name__)
            kind, reason = "illegal_argument_exception", f"the request cannot be read: {type(exc).__name__}"
            told = "refused; reason=not-http"
        else:
            self.log.error("unexpected error", exc_info=exc)
            kind, reason = "internal_exception", "an unexpected error; the log of the proxy says more"
            told = "failed; reason=internal"
        body = json.dumps(error_body(int(status), kind, reason)).encode()
        head = (
            f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Sessionrank: {told}\r\n\r\n"
        )
        try:
            write_nonblock(client, head.encode() + body)
        except OSError:
            self.log.debug("the client was gone before it could be told")
