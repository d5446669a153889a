"""Taking a request's body: whole, within its limit, and in bounded time.

A body that is shorter than its Content-Length was cut off on the way; passed on as it is, it would be complete for the
engine, and a bulk of writes would be carried out in part.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from .deadline import Deadline

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["BodyCutOff", "BodyRefused", "BodyTooLarge", "BodyTooSlow", "read_body"]

_PIECE = 64 * 1024


class BodyRefused(Exception):
    """A body that is not taken."""


class BodyTooLarge(BodyRefused):
    """It is larger than the limit."""


class BodyTooSlow(BodyRefused):
    """It did not come in time."""


class BodyCutOff(BodyRefused):
    """It ended before its Content-Length."""


def read_body(environ: WSGIEnvironment, *, limit: int, seconds: float) -> bytes:
    """The request's body, of at most ``limit`` bytes, read within about ``seconds``.

    Where the server hands over its socket (gunicorn does), each wait for more is bounded as well; a client that drips
    can hold its thread for longer, which is what a server in front is for.

    Raises:
        BodyRefused: one of its kinds.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    expected = int(length) if length.isdigit() else None
    if expected is None and not (environ.get("HTTP_TRANSFER_ENCODING") and environ.get("wsgi.input_terminated")):
        return b""
    if expected is not None and expected > limit:
        raise BodyTooLarge
    sock = environ.get("gunicorn.socket")
    if sock is not None:
        sock.settimeout(seconds)
    try:
        body = _read(environ, limit + 1 if expected is None else expected, Deadline(seconds))
    except TimeoutError as error:
        if sock is not None:
            # The server would wait for the rest before it takes the next request, and not be bounded.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RD)
        raise BodyTooSlow from error
    finally:
        if sock is not None:
            sock.settimeout(None)
    if expected is not None and len(body) < expected:
        raise BodyCutOff
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _read(environ: WSGIEnvironment, most: int, deadline: Deadline) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while size < most and (piece := environ["wsgi.input"].read(min(most - size, _PIECE))):
        pieces.append(piece)
        size += len(piece)
        if size < most and deadline.remaining() <= 0:
            raise TimeoutError
    return b"".join(pieces)
