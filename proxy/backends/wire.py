"""HTTP/1.1 with one node over one socket: the head of a request as it is given, an answer's head and body as they come.

``http.client`` reads an answer's head through the standard library's e-mail parser and a request's through a pattern
for every line; of the processor time of a passed request that was a sixth. What a node sends is taken strictly:
anything that two readers could understand differently (RFC 9112, 6.3) is refused, and the connection given up.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence

from ..deadline import Deadline
from .base import Headers

__all__ = ["NotHttp", "Reply", "Wire", "head_of", "reply_from"]

_PIECE = 64 * 1024
_MAX_HEAD = 256 * 1024
_MAX_LINE = 8 * 1024
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: (.*))?")
#: A name and its value. A line that begins with a space would continue the one before: long obsolete.
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class NotHttp(ValueError):
    """What came is not an answer of HTTP/1.1, or breaks off; or what should go is not a request."""


class Wire:
    """One connected socket, of TLS or not."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._deadline: Deadline | None = None
        self._patience = 0.0

    def ask(self, method: str, head: bytes, body: bytes, deadline: Deadline) -> Reply:
        """Send a request and wait for the head of its answer; body and head come by the deadline.

        Raises:
            OSError: the connection broke (``ConnectionError`` when that was before anything of an answer came), or
                the time was used up (``TimeoutError``).
            NotHttp: the answer is none.
        """
        self._deadline = deadline
        self._patience = self._limit(deadline)
        self._sock.sendall(head + body)
        return reply_from(self._receive, method)

    def be_patient(self) -> None:
        """From here on only each step is bounded, by the time that there was at first: streams may be long."""
        self._deadline = None
        self._sock.settimeout(self._patience)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _receive(self, most: int) -> bytes:
        if self._deadline is not None:
            self._limit(self._deadline)
        return self._sock.recv(most)

    def _limit(self, deadline: Deadline) -> float:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError("the time was used up")
        self._sock.settimeout(left)
        return left


class Reply:
    """An answer whose head has been read. The body is read once, whole or in pieces."""

    def __init__(self, status: int, reason: str, headers: Headers, body: Iterator[bytes], source: _Source) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self._body = body
        self._source = source

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces of at most 64 KiB. Raises ``OSError`` or ``NotHttp`` when it breaks off."""
        return self._body

    def read(self, limit: int) -> bytes | None:
        """The whole body, or None as soon as it has more than ``limit`` bytes."""
        pieces: list[bytes] = []
        size = 0
        for piece in self._body:
            size += len(piece)
            if size > limit:
                return None
            pieces.append(piece)
        return b"".join(pieces)

    @property
    def is_reusable(self) -> bool:
        """Whether, with the body read to its end, the connection can take another request."""
        return self._source.keeps and not self._source.ahead


class _Source:
    """Bytes of a connection, with those that were received ahead of their use."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self.ahead = b""
        #: Whether the connection stays open behind the answer.
        self.keeps = True

    def until(self, mark: bytes, limit: int) -> bytes:
        """All before the next ``mark``, which is taken as well."""
        while (place := self.ahead.find(mark)) < 0:
            if len(self.ahead) > limit:
                raise NotHttp("a head or line without end")
            more = self._receive(_PIECE)
            if not more and not self.ahead:
                raise ConnectionResetError("the connection was closed")
            if not more:
                raise NotHttp("broken off")
            self.ahead += more
        found, self.ahead = self.ahead[:place], self.ahead[place + len(mark) :]
        return found

    def some(self, most: int) -> bytes:
        """At least one byte and at most ``most``, or none at the end of the connection."""
        if not self.ahead:
            return self._receive(min(most, _PIECE))
        found, self.ahead = self.ahead[:most], self.ahead[most:]
        return found


def head_of(method: str, target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The head of a request, line for line as given (latin-1).

    Raises:
        NotHttp: a line would be taken for two, or the target for two words.
    """
    if any(c <= " " or c == "\x7f" for c in target):
        raise NotHttp("a target with spaces or control characters")
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in headers], "", ""]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise NotHttp("a header with a line break")
    return text.encode("latin-1")


def reply_from(receive: Callable[[int], bytes], method: str) -> Reply:
    """Read the head of the answer to a request of that method; answers on the way (1xx) are left out.

    Args:
        receive: gives the next bytes, at most as many as asked for, and none at the end.

    Raises:
        ConnectionError: the connection was closed before anything came.
        NotHttp: something else than an answer came.
    """
    source = _Source(receive)
    while True:
        first, *lines = source.until(b"\r\n\r\n", _MAX_HEAD).decode("latin-1").split("\r\n")
        status_line = _STATUS.fullmatch(first)
        if status_line is None:
            raise NotHttp("no status line")
        status = int(status_line[2])
        if status == 101:
            raise NotHttp("another protocol, which nobody asked for")
        if status >= 200:
            break
    headers = [_header(line) for line in lines]
    named = {name.lower() for name, _ in headers}
    connection = _tokens(headers, "connection") if "connection" in named else ()
    source.keeps = "close" not in connection and (status_line[1] == "1" or "keep-alive" in connection)
    bare = method == "HEAD" or status in (204, 304)
    body = iter(()) if bare else _body(source, headers, named)
    return Reply(status, status_line[3] or "", headers, body, source)


def _header(line: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise NotHttp("a line that is no header")
    return found[1], found[2]


def _tokens(headers: Headers, wanted: str) -> list[str]:
    """All values of a header that is a list, in lower case."""
    return [token.strip().lower() for name, value in headers if name.lower() == wanted for token in value.split(",")]


def _body(source: _Source, headers: Headers, named: set[str]) -> Iterator[bytes]:
    """The body as the headers frame it."""
    if "transfer-encoding" in named:
        if _tokens(headers, "transfer-encoding") != ["chunked"] or "content-length" in named:
            raise NotHttp("a body framed in a way that is not understood")
        return _chunks(source)
    if "content-length" in named:
        lengths = set(_tokens(headers, "content-length"))
        length = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,15}", length):
            raise NotHttp("a content length that is not one number")
        return _counted(source, int(length))
    source.keeps = False
    return iter(lambda: source.some(_PIECE), b"")


def _counted(source: _Source, left: int) -> Iterator[bytes]:
    while left:
        piece = source.some(left)
        if not piece:
            raise NotHttp("broken off in the middle of an answer")
        left -= len(piece)
        yield piece


def _chunks(source: _Source) -> Iterator[bytes]:
    while True:
        line = _SIZE.fullmatch(source.until(b"\r\n", _MAX_LINE))
        if line is None:
            raise NotHttp("a chunk without a size")
        size = int(line[1], 16)
        if not size:
            break
        yield from _counted(source, size)
        if source.until(b"\r\n", _MAX_LINE):
            raise NotHttp("a chunk longer than its size")
    # Trailers end with an empty line; nobody asked for them.
    while source.until(b"\r\n", _MAX_LINE):
        pass
