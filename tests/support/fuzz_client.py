"""A client that says what it is told to say, byte for byte, and reads the answers as strictly as HTTP can be read."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import zlib
from dataclasses import dataclass, field

__all__ = ["Answer", "Fuzzed", "Talk", "Wrong", "hold"]

#: Where the id stands in a request that is made before it has one.
ID_PLACE = b"@ID@"
#: Seconds after which an answer is called a hang.
PATIENCE = 30.0
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)")


class Wrong(AssertionError):
    """What came back is not what may come back."""


@dataclass(frozen=True)
class Fuzzed:
    """A request in bytes; ``@ID@`` stands where its id goes."""

    head: bytes
    body: bytes = b""
    #: Whether it is framed as one request, so that one answer must come, and the next request stands behind it.
    whole: bool = True
    #: Whether nothing may come back: it never ends.
    may_be_silent: bool = False
    #: Whether it must be refused and nothing behind it be read: it is no request, or its end can be seen in two places.
    in_doubt: bool = False

    @property
    def is_head(self) -> bool:
        """Whether its answer has no body."""
        return self.head.startswith(b"HEAD ")

    @property
    def waits(self) -> bool:
        """Whether the body is sent when the proxy asks for it."""
        return b"\r\nExpect: 100-continue\r\n" in self.head

    def named(self, name: str) -> tuple[bytes, bytes]:
        """Head and body under an id."""
        return self.head.replace(ID_PLACE, name.encode()), self.body.replace(ID_PLACE, name.encode())


@dataclass(frozen=True)
class Talk:
    """Requests of one client on a connection: ``kept`` (each waits for the answer before) or ``pipelined``.

    Only the last one may be framed wrongly.
    """

    proxy: str
    how: str
    requests: tuple[Fuzzed, ...]

    def __repr__(self) -> str:
        return f"<{len(self.requests)} {self.how} to {self.proxy!r}>"


@dataclass
class Answer:
    """One answer; ``body`` is without framing and encoding."""

    status: int
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""

    @property
    def told(self) -> str:
        """``X-Sessionrank``, which stands once."""
        values = self.headers.get("x-sessionrank", [])
        if len(values) != 1:
            raise Wrong(f"X-Sessionrank stands {len(values)} times: {values}")
        return values[0]

    @property
    def closes(self) -> bool:
        """Whether nothing comes behind it."""
        return "close" in self.headers.get("connection", [])


def hold(talk: Talk, port: int, names: list[str]) -> list[list[Answer]]:
    """Say it all; gives the answers to each request. Raises :class:`Wrong` on a hang or what is no HTTP."""
    try:
        return _pipelined(talk, port, names) if talk.how == "pipelined" else _kept(talk, port, names)
    except TimeoutError as error:
        raise Wrong(f"no answer within {PATIENCE:g} s: a hang") from error
    except OSError as error:
        raise Wrong(f"the connection broke: {error}") from error


def _pipelined(talk: Talk, port: int, names: list[str]) -> list[list[Answer]]:
    """All at once, then our side is closed."""
    answers: list[list[Answer]] = [[] for _ in talk.requests]
    data = b"".join(part for request, name in zip(talk.requests, names, strict=True) for part in request.named(name))
    with _Connection(port) as connection:
        connection.send(data)
        connection.finish()
        for i, request in enumerate(talk.requests):
            while (answer := connection.answer(request.is_head)) is not None:
                answers[i].append(answer)
                if answer.closes:
                    connection.end()
                    return answers
                if request.whole:
                    break
        connection.end()
    return answers


def _kept(talk: Talk, port: int, names: list[str]) -> list[list[Answer]]:
    """One after the other; where the proxy closes the connection, another is made."""
    answers: list[list[Answer]] = []
    connection: _Connection | None = None
    try:
        for request, name in zip(talk.requests, names, strict=True):
            connection = connection or _Connection(port)
            found = _one(connection, request, name)
            answers.append(found)
            if not request.whole or not found or found[-1].closes:
                connection.end()
                connection.close()
                connection = None
        if connection is not None:
            connection.finish()
            connection.end()
    finally:
        if connection is not None:
            connection.close()
    return answers


def _one(connection: _Connection, request: Fuzzed, name: str) -> list[Answer]:
    head, body = request.named(name)
    if request.waits and body and request.whole:
        connection.send(head)
        answer = connection.answer(request.is_head, interim=True)
        if answer is None or answer.status != 100:
            return [] if answer is None else [answer]
        connection.send(body)
    else:
        connection.send(head + body)
    if not request.whole:
        connection.finish()
    answers = []
    while (answer := connection.answer(request.is_head)) is not None:
        answers.append(answer)
        if request.whole or answer.closes:
            break
    return answers


class _Connection:
    """One connection, read strictly."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ahead = b""

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._sock.close()

    def send(self, data: bytes) -> None:
        # The proxy may have closed it with an answer, which is still to be read.
        with contextlib.suppress(ConnectionError):
            self._sock.sendall(data)

    def finish(self) -> None:
        """Say nothing more."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """The other side must end now."""
        if self._ahead or self._more():
            raise Wrong(f"bytes behind the last answer: {self._ahead[:200]!r}")

    def answer(self, head_only: bool, *, interim: bool = False) -> Answer | None:
        """The next final answer (or one on the way, where ``interim`` is wanted); None at the end."""
        while True:
            if not self._ahead and not self._more():
                return None
            found = self._head()
            if found.status >= 200:
                break
            if interim:
                return found
        if not (head_only and not self._refused_unread(found)) and found.status not in (204, 304):
            found.body = _decoded(self._body(found), found)
        return found

    def _refused_unread(self, found: Answer) -> bool:
        """What cannot be read is answered with a body: nobody knows that it was a HEAD."""
        return found.closes and "not-http" in found.told and bool(self._ahead or self._more())

    def _head(self) -> Answer:
        first, *lines = self._until(b"\r\n\r\n").split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None:
            raise Wrong(f"no status line: {first[:200]!r}")
        answer = Answer(int(status[1]))
        for line in lines:
            header = _HEADER.fullmatch(line)
            if header is None:
                raise Wrong(f"no header: {line[:200]!r}")
            answer.headers.setdefault(header[1].decode().lower(), []).append(header[2].decode("latin-1"))
        return answer

    def _body(self, answer: Answer) -> bytes:
        coded, lengths = answer.headers.get("transfer-encoding", []), answer.headers.get("content-length", [])
        if len(coded) + len(lengths) > 1:
            raise Wrong("a body framed in two ways")
        if coded == ["chunked"]:
            return self._chunks()
        if lengths:
            return self._exactly(int(lengths[0]))
        if not answer.closes:
            raise Wrong("a body without an end")
        while self._more():
            pass
        return self._exactly(len(self._ahead))

    def _chunks(self) -> bytes:
        body, size = b"", -1
        while size:
            line = self._until(b"\r\n")
            if not re.fullmatch(rb"[0-9a-fA-F]+", line):
                raise Wrong(f"no chunk: {line[:200]!r}")
            size = int(line, 16)
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise Wrong("a chunk that is longer than its size")
        return body

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._ahead:
            if not self._more():
                raise Wrong(f"an answer that breaks off: {self._ahead[:500]!r}")
        found, _, self._ahead = self._ahead.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._ahead) < size:
            if not self._more():
                raise Wrong("a body that breaks off")
        found, self._ahead = self._ahead[:size], self._ahead[size:]
        return found

    def _more(self) -> bool:
        try:
            more = self._sock.recv(1 << 18)
        except ConnectionResetError:
            more = b""
        self._ahead += more
        return bool(more)


def _decoded(body: bytes, answer: Answer) -> bytes:
    if answer.headers.get("content-encoding") != ["gzip"]:
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise Wrong(f"not gzip, as it says: {error}") from error
