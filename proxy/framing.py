"""HTTP/1.1 on the wire, as both sides of the proxy read it: lines, headers and bodies (RFC 9112).

Both sides are strict: what two readers could understand differently is refused, never repaired.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .backends.base import Headers

__all__ = ["PIECE", "BrokenOff", "ChunkTooLarge", "NotHttp", "Source", "chunks", "counted", "header_of", "tokens_of"]

#: The most that is received or handed on at once.
PIECE = 64 * 1024
_MAX_LINE = 8 * 1024
_MAX_TRAILERS = 64
#: A name and its value. A line that begins with a space would continue the one before: long obsolete.
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
#: Names that may not stand behind a body: they would say something else about it (RFC 9110, 6.5.1).
_NOT_BEHIND = frozenset({"content-length", "transfer-encoding", "host", "connection", "te", "authorization"})


class NotHttp(ValueError):
    """What came is not HTTP/1.1; or what should go is not."""


class BrokenOff(NotHttp):
    """The connection ended in the middle of a message."""


class ChunkTooLarge(NotHttp):
    """A chunk announces more than a whole body may have."""


class Source:
    """Bytes of a connection, with those that were received ahead of their use."""

    def __init__(self, receive: Callable[[int], bytes], ahead: bytes = b"") -> None:
        self._receive = receive
        self.ahead = ahead

    def until(self, mark: bytes, limit: int, spoilt: re.Pattern[bytes] | None = None) -> bytes:
        """All before the next ``mark``, which is taken as well.

        Args:
            limit: the most bytes before the mark.
            spoilt: what makes waiting for the mark pointless.

        Raises:
            ConnectionResetError: the connection was closed, with nothing in hand.
            BrokenOff: it was closed before the mark.
            NotHttp: too many bytes, or spoilt ones.
        """
        searched = 0
        while (place := self.ahead.find(mark, max(0, searched - len(mark) + 1))) < 0:
            if len(self.ahead) > limit:
                raise NotHttp("a head or line without end")
            if spoilt is not None and spoilt.search(self.ahead, max(0, searched - 1)):
                raise NotHttp("a line that does not end as lines do")
            searched = len(self.ahead)
            self.more()
        if place > limit:
            raise NotHttp("a head or line that is too long")
        found, self.ahead = self.ahead[:place], self.ahead[place + len(mark) :]
        return found

    def more(self) -> None:
        """Receive ahead; raises ``ConnectionResetError`` or ``BrokenOff`` at the end of the connection."""
        more = self._receive(PIECE)
        if not more:
            raise BrokenOff("broken off") if self.ahead else ConnectionResetError("the connection was closed")
        self.ahead += more

    def some(self, most: int) -> bytes:
        """At least one byte and at most ``most``, or none at the end of the connection."""
        if not self.ahead:
            return self._receive(min(most, PIECE))
        found, self.ahead = self.ahead[:most], self.ahead[most:]
        return found


def header_of(line: str) -> tuple[str, str]:
    """Name and value of a header line, both as they were written."""
    found = _HEADER.fullmatch(line)
    if found is None:
        raise NotHttp("a line that is no header")
    return found[1], found[2]


def tokens_of(headers: Headers, wanted: str) -> list[str]:
    """All values of a header that is a list, in lower case; ``wanted`` is its name in lower case."""
    return [
        token.strip(" \t").lower() for name, value in headers if name.lower() == wanted for token in value.split(",")
    ]


def counted(source: Source, left: int) -> Iterator[bytes]:
    """A body, or a chunk, of that many bytes."""
    while left:
        piece = source.some(left)
        if not piece:
            raise BrokenOff("broken off in the middle of a body")
        left -= len(piece)
        yield piece


def chunks(source: Source, largest: int = 2**63) -> Iterator[bytes]:
    """A chunked body; trailers are read and left out, as a proxy may.

    Args:
        largest: the most bytes that one chunk may announce.
    """
    while True:
        line = _SIZE.fullmatch(source.until(b"\r\n", _MAX_LINE))
        if line is None:
            raise NotHttp("a chunk without a size")
        size = int(line[1], 16)
        if size > largest:
            raise ChunkTooLarge("a chunk that is too large")
        if not size:
            break
        yield from counted(source, size)
        if source.until(b"\r\n", _MAX_LINE):
            raise NotHttp("a chunk longer than its size")
    for _ in range(_MAX_TRAILERS):
        trailer = source.until(b"\r\n", _MAX_LINE)
        if not trailer:
            return
        if header_of(trailer.decode("latin-1"))[0].lower() in _NOT_BEHIND:
            raise NotHttp("a trailer that would frame the body anew")
    raise NotHttp("too many trailers")
