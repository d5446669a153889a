"""Requests of clients, read from the wire: gunicorn's own reader changes what engines see unchanged.

It joins repeated headers, upper-cases names, drops those with underscores and refuses raw UTF-8 in targets; it tells a
client to go on with a body before anybody has looked at the head; and it waits for slow heads without end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from .backends.base import Headers
from .framing import BrokenOff, NotHttp, Source, chunks, counted, header_of, tokens_of

__all__ = ["RequestBody", "RequestHead", "RequestRefused", "request_from"]

#: Engines take 4 to 16 KiB; they have the word on all that is not a burden to read.
_MAX_LINE = 64 * 1024
_MAX_HEAD = 256 * 1024
_MAX_HEADERS = 200
#: What is left of a body that nobody wanted is read to keep the connection, up to so many bytes.
_WORTH_READING = 64 * 1024
_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
#: RFC 9112, 3.2.2: a server must take the whole URL as well.
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0")


class RequestRefused(NotHttp):
    """A request that is answered with ``status`` and then its connection is closed; ``method`` where it was read."""

    def __init__(self, status: HTTPStatus, why: str, *, method: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.method = method


class RequestBody:
    """The body of a request, read once; a client that waits to be told to send it is told before the first piece."""

    def __init__(self, pieces: Iterator[bytes], length: int | None, begin: Callable[[bool], None]) -> None:
        #: None where the client sends chunks.
        self.length = length
        self.waits = False
        self._pieces = pieces
        self._begin: Callable[[bool], None] | None = begin
        self._held = b""
        self._left = length
        self._failed = False

    def read(self, most: int) -> bytes:
        """At least one byte and at most ``most``, or none at the end.

        Raises:
            NotHttp: it is not framed as a body is, or breaks off (``BrokenOff``).
            TimeoutError: it did not come in time.
        """
        try:
            piece = self._held or self._next()
        except ConnectionError as error:
            self._failed = True
            raise BrokenOff("broken off in the middle of a body") from error
        except (NotHttp, OSError):
            self._failed = True
            raise
        self._held = piece[most:]
        return piece[:most]

    def _next(self) -> bytes:
        if self._begin is not None and self.length != 0:
            self._begin(self.waits)
            self.waits = False
        self._begin = None
        piece = next(self._pieces, b"")
        self._left = 0 if not piece else None if self._left is None else self._left - len(piece)
        return piece

    @property
    def lets_go_on(self) -> bool:
        """Whether another request can follow: the body was read, or what is left of it is soon skipped."""
        if self._failed or self.waits:
            return False
        return self._left is not None and self._left <= _WORTH_READING

    def skip(self) -> bool:
        """Read what is left; whether the next request begins behind it."""
        try:
            while self.lets_go_on and self.read(_WORTH_READING):
                pass
        except (NotHttp, OSError):
            return False
        return self.lets_go_on


@dataclass(slots=True)
class RequestHead:
    """A request whose head has been read."""

    method: str
    #: Path and query as they came (latin-1 text of the raw bytes).
    target: str
    #: 0 or 1, of HTTP/1.
    minor: int
    #: As they came: order, spelling and repeated ones.
    headers: Headers
    body: RequestBody
    #: Whether the client wants to use the connection again.
    keep_alive: bool


def request_from(source: Source, begin_body: Callable[[bool], None], largest_chunk: int) -> RequestHead:
    """Read a request's head.

    Args:
        begin_body: called before the body is received, with whether the client waits to be told to send it.
        largest_chunk: the most bytes that one chunk of a body may announce.

    Raises:
        ConnectionResetError: the client closed the connection, and that was no request.
        NotHttp: what came is none; ``RequestRefused`` says more where more is known.
    """
    text = _head(source).decode("latin-1")
    first, *lines = text.split("\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise NotHttp("no request line")
    try:
        return _request(line, lines, source, begin_body, largest_chunk)
    except NotHttp as error:
        status = error.status if isinstance(error, RequestRefused) else HTTPStatus.BAD_REQUEST
        raise RequestRefused(status, str(error), method=line[1]) from error


def _request(
    line: re.Match[str], lines: list[str], source: Source, begin_body: Callable[[bool], None], largest_chunk: int
) -> RequestHead:
    """The request of a request line and header lines."""
    method, target, minor = line[1], line[2], int(line[3])
    if len(target) > _MAX_LINE:
        raise RequestRefused(HTTPStatus.REQUEST_URI_TOO_LONG, "the request line is too long")
    if len(lines) > _MAX_HEADERS or any(len(each) > _MAX_LINE for each in lines):
        raise RequestRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many header lines, or one too long")
    headers = [header_of(each) for each in lines]
    named = [name.lower() for name, _ in headers]
    connection = tokens_of(headers, "connection") if "connection" in named else []
    keeps = "close" not in connection and (minor == 1 or "keep-alive" in connection)
    length = _length(headers, named, minor)
    pieces = chunks(source, largest_chunk) if length is None else counted(source, length)
    body = RequestBody(pieces, length, begin_body)
    if "expect" in named and minor:
        if tokens_of(headers, "expect") != ["100-continue"]:
            raise RequestRefused(HTTPStatus.EXPECTATION_FAILED, "an expectation that nobody knows")
        # Who has sent the body already does not wait.
        body.waits = length != 0 and not source.ahead
    return RequestHead(method, _origin_form(method, target), minor, headers, body, keeps)


def _head(source: Source) -> bytes:
    """The head, without an empty line that may stand before it (RFC 9112, 2.2)."""
    try:
        while source.ahead in (b"", b"\r", b"\r\n"):
            source.more()
        source.ahead = source.ahead.removeprefix(b"\r\n")
        return source.until(b"\r\n\r\n", _MAX_HEAD, _BARE)
    except TimeoutError as error:
        raise RequestRefused(HTTPStatus.REQUEST_TIMEOUT, "the head did not come in time") from error
    except BrokenOff as error:
        raise ConnectionResetError("the connection was closed") from error
    except NotHttp as error:
        if len(source.ahead) <= _MAX_HEAD:
            raise
        long_line = b"\r\n" not in source.ahead[:_MAX_LINE]
        status = HTTPStatus.REQUEST_URI_TOO_LONG if long_line else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise RequestRefused(status, "the head is too long") from error


def _origin_form(method: str, target: str) -> str:
    """Path and query of a target; of a whole URL the engine is asked for its path."""
    if target.startswith("/") or (target == "*" and method == "OPTIONS"):
        return target
    absolute = _ABSOLUTE.match(target)
    if absolute is None or method == "CONNECT":
        raise NotHttp("a target that is no path")
    rest = target[absolute.end() :]
    return rest if rest.startswith("/") else "/" + rest


def _length(headers: Headers, named: list[str], minor: int) -> int | None:
    """The length of the body, or None for chunks, where the headers say so in one way only."""
    if named.count("host") > 1:
        raise NotHttp("two hosts")
    if "transfer-encoding" in named:
        if tokens_of(headers, "transfer-encoding") != ["chunked"] or "content-length" in named or not minor:
            raise NotHttp("a body framed in a way that is not understood")
        return None
    if "content-length" not in named:
        return 0
    lengths = tokens_of(headers, "content-length")
    if len(lengths) != 1 or not re.fullmatch(r"[0-9]{1,15}", lengths[0], re.ASCII):
        raise NotHttp("a content length that is not one number")
    return int(lengths[0])
