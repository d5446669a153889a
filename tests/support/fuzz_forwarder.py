"""A forwarder between a proxy and its engine that keeps an account of what passed; the engine's word against ours.

It relays bytes as they are, one connection for one, and judges each request with rules of its own before it passes it
on: what would change something is kept from the engine and remembered.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

__all__ = ["ID_HEADER", "Forwarder", "Passed", "forwarder", "harm"]

#: Names the request of a client in all that the proxy asks the engine because of it.
ID_HEADER = "X-Opaque-Id"
_ID = re.compile(rb"\r\nx-opaque-id: *([^\r]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)

#: Endpoints that change something or lead past the proxy, whoever asks.
_FORBIDDEN = frozenset({
    "_aliases", "_bulk", "_cache", "_clone", "_close", "_create", "_data_stream", "_delete_by_query", "_dangling",
    "_flush", "_forcemerge", "_index_template", "_component_template", "_ingest", "_nodes", "_open", "_plugins",
    "_refresh", "_reindex", "_remote", "_rollover", "_scripts", "_shrink", "_shutdown", "_snapshot", "_split", "_tasks",
    "_template", "_update", "_update_by_query", "_upgrade", "_block", "_freeze", "_unfreeze", "_recovery", "_list",
})  # fmt: skip
#: Endpoints to which a POST is a question.
_QUESTIONS = frozenset({
    "_search", "_msearch", "_count", "_field_caps", "_validate", "_mget", "_mtermvectors", "_termvectors", "_explain",
    "_search_shards", "_rank_eval", "_analyze", "_terms_enum", "_knn_search", "_async_search", "_eql", "_sql", "_query",
    "_render", "_pit", "_mvt", "_search_mvt",
})  # fmt: skip
_LET_GO = (("_search", "scroll"), ("_search", "point_in_time"), ("_pit",), ("_async_search",), ("_eql", "search"))
_CATALOGUES = frozenset({"indices", "count", "aliases", "health"})


@dataclass(frozen=True)
class Passed:
    """A request that reached the engine, and the status of its answer; None where the engine gave none."""

    method: str
    target: str
    status: int | None


@dataclass
class Forwarder:
    """Where it listens; for each id, what passed and what should never have come."""

    port: int = 0
    passed: dict[str, list[Passed]] = field(default_factory=lambda: defaultdict(list))
    harmful: dict[str, str] = field(default_factory=dict)


def harm(method: str, target: str) -> str:
    """What is wrong with a request that came to an engine through a gate for reads; empty when it is a read.

    The path is taken as the most obliging server would: decoded again and again, lower case, backslashes as slashes.
    """
    path = raw = target.partition("?")[0]
    for _ in range(4):
        path = unquote(path)
    words = path.lower().replace("\\", "/").split("/")
    plain = re.sub("%2f", "", raw, flags=re.IGNORECASE)
    if any(word in (".", "..") for word in words) or "//" in plain or not target.startswith("/"):
        return "a path that two servers read differently"
    words = [word for word in words if word]
    if method not in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        return "a method that changes something"
    # A document may be called like an endpoint: where it is read, and where a POST spells it otherwise.
    if found := _FORBIDDEN.intersection(words[:2] + (_endpoints(raw) if method == "POST" else [])):
        return f"{', '.join(sorted(found))} changes something"
    if words[:1] == ["_cluster"] and words[1:2] != ["health"]:
        return "the cluster is not open"
    if words[:1] == ["_cat"] and not _CATALOGUES.intersection(words[1:2]):
        return "that catalogue is not open"
    if method == "POST" and (not _QUESTIONS.intersection(words) or words[1:2] in (["_doc"], ["_source"])):
        return "a document, or what some engine takes for one"
    if method == "DELETE" and (not any(tuple(words[: len(each)]) == each for each in _LET_GO) or "_all" in words):
        return "a deletion"
    return ""


def _endpoints(raw: str) -> list[str]:
    """The words of a path that may be endpoints: in any case, but for a document that is asked for as it is called."""
    words = raw.removesuffix("/").split("/")
    found = [word.lower() for word in words]
    # Engines know endpoints by their case: to them `_BULK` is an id there, and only `_bulk` could be more.
    return [*found[:-1], words[-1]] if words[2:-1] in (["_explain"], ["_termvectors"]) else found


@contextmanager
def forwarder(upstream: str) -> Iterator[Forwarder]:
    """Listen on a free port of loopback and relay to ``upstream`` until the block ends."""
    account, place = Forwarder(), urlsplit(upstream)
    behind = (place.hostname or "", place.port or 80)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_relay, args=(account, connection, behind), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        account.port = listener.getsockname()[1]
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield account
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(timeout=10)


class _Stream:
    """One side of the relay, with what was received ahead."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.ahead = b""

    def until(self, mark: bytes) -> bytes:
        """All up to the end of ``mark``; raises ``ConnectionError`` at the end of the connection."""
        while mark not in self.ahead:
            self._more()
        place = self.ahead.index(mark) + len(mark)
        return self.exactly(place)

    def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        while len(self.ahead) < size:
            self._more()
        found, self.ahead = self.ahead[:size], self.ahead[size:]
        return found

    def rest(self) -> bytes:
        """All that comes until the other side ends."""
        with contextlib.suppress(ConnectionError):
            while True:
                self._more()
        found, self.ahead = self.ahead, b""
        return found

    def _more(self) -> None:
        more = self.sock.recv(1 << 18)
        if not more:
            raise ConnectionResetError
        self.ahead += more


def _relay(account: Forwarder, connection: socket.socket, behind: tuple[str, int]) -> None:
    with contextlib.suppress(OSError), connection, socket.create_connection(behind, timeout=120) as onward:
        for sock in (connection, onward):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        proxy, engine = _Stream(connection), _Stream(onward)
        goes_on = True
        while goes_on:
            head = proxy.until(b"\r\n\r\n")
            length = _LENGTH.search(head)
            goes_on = _pass(account, head, proxy.exactly(int(length[1])) if length else b"", proxy, engine)


def _pass(account: Forwarder, head: bytes, body: bytes, proxy: _Stream, engine: _Stream) -> bool:
    """Pass a request and its answer on; whether the connection can be used again."""
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    named = _ID.search(head)
    name = named[1].decode("latin-1") if named else ""
    if wrong := harm(method, target):
        account.harmful[name] = f"{wrong}: {method} {target[:500]}"
        return False
    try:
        engine.sock.sendall(head + body)
        status, answer, goes_on = _answer(method, engine)
    except OSError:
        account.passed[name].append(Passed(method, target, None))
        raise
    account.passed[name].append(Passed(method, target, status))
    proxy.sock.sendall(answer)
    return goes_on


def _answer(method: str, engine: _Stream) -> tuple[int, bytes, bool]:
    head = engine.until(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if status < 200:
        return _answer(method, engine)
    length = _LENGTH.search(head)
    if method == "HEAD" or status in (204, 304):
        return status, head, not _CLOSES.search(head)
    if _CHUNKED.search(head):
        body, size = b"", -1
        while size:
            line = engine.until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += line + engine.exactly(size + 2)
    elif length:
        body = engine.exactly(int(length[1]))
    else:
        return status, head + engine.rest(), False
    return status, head + body, not _CLOSES.search(head)
