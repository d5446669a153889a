"""Answers to clients, as they go over the wire; the server's half of WSGI.

The engine's ``Date`` and ``Server`` pass, which gunicorn replaces by its own; head and first piece leave together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from .inbound import RequestHead

__all__ = ["Outbound"]

#: Between us and the client, and ours to say.
_OURS = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "trailer", "te"})


class Outbound:
    """One answer: ``start`` is what WSGI calls start_response."""

    def __init__(self, request: RequestHead, send: Callable[[bytes], None], *, may_keep: bool) -> None:
        self._request = request
        self._send = send
        self._may_keep = may_keep
        self._head = b""
        self._chunked = False
        self._bare = False
        #: Bytes that are still to come, where the headers say how many.
        self._left: int | None = None
        #: Whether anything has been sent.
        self.begun = False
        #: Whether the connection stays open behind it.
        self.keeps = False

    @property
    def ends_with_connection(self) -> bool:
        """Whether the client takes the end of the connection for the end of the body."""
        return not self._chunked and not self._bare and self._left is None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], None]:
        """Set status and headers; they go with the first piece."""
        if exc_info and self.begun:
            raise exc_info[1].with_traceback(exc_info[2])
        code = int(status[:3])
        self._bare = self._request.method == "HEAD" or code in (204, 304)
        lines = [f"HTTP/1.{self._request.minor} {status}"]
        named = set()
        for name, value in headers:
            lower = name.lower()
            if lower not in _OURS and not (code == 204 and lower == "content-length"):
                named.add(lower)
                lines.append(f"{name}: {value}")
                if lower == "content-length":
                    self._left = int(value)
        if "date" not in named:
            lines.append("Date: " + _date())
        self._chunked = not self._bare and self._left is None and self._request.minor == 1
        self.keeps = self._may_keep and self._request.keep_alive and self._request.body.lets_go_on
        if self.ends_with_connection:
            self.keeps = False
        lines += self._framing()
        text = "\r\n".join([*lines, "", ""])
        if text.count("\r") != len(lines) + 1 or text.count("\n") != len(lines) + 1 or "\0" in text:
            raise ValueError("a header with a line break")
        self._head = text.encode("latin-1")
        return self.write

    def _framing(self) -> list[str]:
        lines = ["Transfer-Encoding: chunked"] if self._chunked else []
        if not self.keeps:
            lines.append("Connection: close")
        elif not self._request.minor:
            lines.append("Connection: keep-alive")
        return lines

    def write(self, piece: bytes) -> None:
        """Send a piece of the body."""
        if not piece:
            return
        if self._bare:
            piece = b""
        elif self._chunked:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        elif self._left is not None:
            piece = piece[: self._left]
            self._left -= len(piece)
        self._out(piece)

    def end(self) -> None:
        """Send what ends the body.

        Raises:
            ValueError: fewer bytes came than the headers say.
        """
        if not self._head and not self.begun:
            raise ValueError("no answer was made")
        self._out(b"0\r\n\r\n" if self._chunked else b"")
        if self._left and not self._bare:
            raise ValueError("an answer shorter than its Content-Length")

    def _out(self, data: bytes) -> None:
        data, self._head = self._head + data, b""
        if data:
            self.begun = True
            self._send(data)


#: Two threads may make the same text twice, no more.
_dated = (0, "")


def _date() -> str:
    """The time as ``Date`` has it, made once a second."""
    global _dated
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, formatdate(now, usegmt=True))
    return _dated[1]
