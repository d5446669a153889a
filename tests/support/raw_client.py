"""A client in bytes: what a library would put in order goes out as a test writes it, and comes back as it is."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["RawAnswer", "RawClient", "said"]


@dataclass(frozen=True)
class RawAnswer:
    """One answer, its body without the framing."""

    status_line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status(self) -> int:
        """The number in the status line."""
        return int(self.status_line.split(" ")[1])

    def all(self, name: str) -> list[str]:
        """The values of a header, by its name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    def error(self) -> tuple[int, str, str]:
        """Status, type of the error and ``X-Sessionrank`` of an error in the engine's shape."""
        body: dict[str, Any] = json.loads(self.body)
        error = body["error"]
        assert body["status"] == self.status
        assert error["root_cause"] == [{"type": error["type"], "reason": error["reason"]}]
        assert self.all("content-type") == ["application/json"]
        return self.status, error["type"], ", ".join(self.all("x-sessionrank"))


class RawClient:
    """One connection; usable as a context."""

    def __init__(self, port: int, *, timeout: float = 30, receive_buffer: int = 0) -> None:
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        self._file = self.sock.makefile("rb")

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def peek(self) -> bool:
        """Whether there is anything more before the connection ends; it is not taken."""
        return bool(self._file.peek(1))

    def line(self) -> bytes:
        """The next line, with its end; empty at the end of the connection."""
        return self._file.readline()

    def head(self) -> tuple[str, list[tuple[str, str]]]:
        """The status line and headers of the next answer."""
        lines = []
        while (line := self.line()) not in (b"\r\n", b""):
            assert line.endswith(b"\r\n"), line
            lines.append(line[:-2].decode("latin-1"))
        assert line, f"the connection ended behind {lines}"
        pairs = [each.split(": ", 1) for each in lines[1:]]
        return lines[0], [(name, value) for name, value in pairs]

    def answer(self, *, head_only: bool = False) -> RawAnswer:
        """The next answer, with its body unless the request was a HEAD."""
        status_line, headers = self.head()
        named = {name.lower(): value for name, value in headers}
        if head_only or status_line.split(" ")[1] in ("204", "304"):
            body = b""
        elif named.get("transfer-encoding") == "chunked":
            body = b"".join(self.each_chunk())
        elif "content-length" in named:
            body = self._file.read(int(named["content-length"]))
            assert len(body) == int(named["content-length"]), "an answer that breaks off"
        else:
            body = self._file.read()
        return RawAnswer(status_line, headers, body)

    def each_chunk(self) -> Iterator[bytes]:
        """The chunks of a body, which must be whole."""
        while size := int(self.line(), 16):
            piece = self._file.read(size)
            assert len(piece) == size, "a chunk that breaks off"
            assert self.line() == b"\r\n"
            yield piece
        assert self.line() == b"\r\n"

    def each_piece(self, size: int) -> Iterator[bytes]:
        """A body of that size, in pieces; it may end before."""
        while size and (piece := self._file.read1(min(size, 1 << 20))):
            size -= len(piece)
            yield piece

    def rest(self) -> bytes:
        """All that comes until the connection ends. Raises ``ConnectionResetError`` when it breaks."""
        return self._file.read()


def said(port: int, request: bytes) -> RawAnswer:
    """The answer to a request on a connection of its own."""
    with RawClient(port) as client:
        client.send(request)
        return client.answer(head_only=request.startswith(b"HEAD "))
