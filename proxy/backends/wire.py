"""HTTP/1.1 with one node over one socket: the head of a request as it is given, an answer's head and body as they come.

``http.client`` reads an answer's head through the standard library's e-mail parser and a request's through a pattern
for every line; of the processor time of a passed request that was a sixth. What a node sends is taken strictly:
anything that two readers could understand differently (RFC 9112, 6.3) is refused, and the connection given up.
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator, Sequence

from ..deadline import Deadline
from ..framing import PIECE, NotHttp, Source, chunks, counted, header_of, tokens_of
from .base import Headers

__all__ = ["Reply", "Wire", "head_of", "reply_from"]

_MAX_HEAD = 256 * 1024
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
#: After these a node may have lost its place on the connection. Seen with OpenSearch 3.6: a header too long for it is a
#: 400, the connection stays open, and nothing that comes on it later is read; the next client would wait in vain.
_MISREAD = frozenset({400, 408, 411, 413, 414, 417, 431, 501, 505})


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
        try:
            self._sock.sendall(head + body)
        except ConnectionError as error:
            # It may have said why it takes no more of the body.
            try:
                return reply_from(self._receive, method)
            except (OSError, NotHttp):
                raise error from None
        return reply_from(self._receive, method)

    def be_patient(self) -> None:
        """From here on only each step is bounded, by the time that there was at first: streams may be long."""
        self._deadline = None
        self._sock.settimeout(self._patience)

    def is_quiet(self) -> bool:
        """Whether nothing has come since the last answer: neither its end, nor what nobody asked for."""
        watch = select.poll()
        watch.register(self._sock, select.POLLIN)
        return not watch.poll(0)

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

    def __init__(
        self, status: int, reason: str, headers: Headers, body: Iterator[bytes], source: Source, *, keeps: bool
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self._body = body
        self._source = source
        self._keeps = keeps

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
        return self._keeps and not self._source.ahead


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
    source = Source(receive)
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
    headers = [header_of(line) for line in lines]
    named = {name.lower() for name, _ in headers}
    connection = tokens_of(headers, "connection") if "connection" in named else ()
    keeps = "close" not in connection and (status_line[1] == "1" or "keep-alive" in connection)
    keeps = keeps and status not in _MISREAD
    length = _length(headers) if "content-length" in named else None
    if method == "HEAD" or status in (204, 304):
        body: Iterator[bytes] = iter(())
    elif "transfer-encoding" in named:
        if tokens_of(headers, "transfer-encoding") != ["chunked"] or length is not None:
            raise NotHttp("a body framed in a way that is not understood")
        body = chunks(source)
    elif length is not None:
        body = counted(source, length)
    else:
        keeps, body = False, iter(lambda: source.some(PIECE), b"")
    return Reply(status, status_line[3] or "", headers, body, source, keeps=keeps)


def _length(headers: Headers) -> int:
    """The one content length; where it is told twice, a client is told it once."""
    lengths = set(tokens_of(headers, "content-length"))
    length = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]{1,15}", length, re.ASCII):
        raise NotHttp("a content length that is not one number")
    others = [(name, value) for name, value in headers if name.lower() != "content-length"]
    if len(others) < len(headers) - 1:
        headers[:] = [*others, ("Content-Length", length)]
    return int(length)
