"""Taking a request's body: whole, within its limit, and in bounded time.

A body that is shorter than its Content-Length was cut off on the way; passed on as it is, it would be complete for the
engine, and a bulk of writes would be carried out in part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .framing import BrokenOff, ChunkTooLarge, NotHttp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["BodyCutOff", "BodyNotHttp", "BodyRefused", "BodyTooLarge", "BodyTooSlow", "read_body"]

_PIECE = 64 * 1024


class BodyRefused(Exception):
    """A body that is not taken."""


class BodyTooLarge(BodyRefused):
    """It is larger than the limit."""


class BodyTooSlow(BodyRefused):
    """It did not come in time."""


class BodyCutOff(BodyRefused):
    """It ended before its Content-Length."""


class BodyNotHttp(BodyRefused):
    """It is not framed as a body is."""


def read_body(environ: WSGIEnvironment, *, limit: int) -> bytes:
    """The request's body, of at most ``limit`` bytes; the server bounds the time that it takes.

    Raises:
        BodyRefused: one of its kinds.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    expected = int(length) if length.isdigit() else None
    if expected is None and not (environ.get("HTTP_TRANSFER_ENCODING") and environ.get("wsgi.input_terminated")):
        return b""
    if expected is not None and expected > limit:
        raise BodyTooLarge
    try:
        body = _read(environ, limit + 1 if expected is None else expected)
    except TimeoutError as error:
        raise BodyTooSlow from error
    except BrokenOff as error:
        raise BodyCutOff from error
    except ChunkTooLarge as error:
        raise BodyTooLarge from error
    except NotHttp as error:
        raise BodyNotHttp from error
    if expected is not None and len(body) < expected:
        raise BodyCutOff
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _read(environ: WSGIEnvironment, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while size < most and (piece := environ["wsgi.input"].read(min(most - size, _PIECE))):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
