"""A backend that asks the engine each thing once, and knows what it answered last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from ..backends.base import AnswerTooLarge, BackendRequest, BackendResponse, Headers, SearchBackend
from ..request import Query

__all__ = ["RememberingBackend"]

#: Bytes of answers that are kept; the oldest go.
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Kept:
    status: int
    reason: str
    headers: Headers
    body: bytes


class _Response(BackendResponse):
    """A kept answer, as if it had come just now."""

    def __init__(self, kept: _Kept) -> None:
        self.status, self.reason, self.headers = kept.status, kept.reason, list(kept.headers)
        self._body = kept.body

    def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        if len(self._body) > limit:
            raise AnswerTooLarge(f"the engine answered with more than {limit} bytes")
        return self._body

    def stream(self) -> Iterator[bytes]:
        yield self._body

    def close(self) -> None:
        """Nothing is held."""


class RememberingBackend(SearchBackend):
    """Asks ``backend``; what differs only in ``preference`` is asked once.

    The logged searches of many sessions are the same few queries, asked under one strategy after the other.
    """

    def __init__(self, backend: SearchBackend, *, limit: int) -> None:
        self._backend = backend
        self._limit = limit
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str, bytes], _Kept] = OrderedDict()
        self._bytes = 0
        self._of_thread = threading.local()
        #: Requests that the engine was asked.
        self.asked = 0

    @property
    def last(self) -> bytes:
        """The body of the answer that this thread got last."""
        body: bytes = self._of_thread.body
        return body

    def send(self, request: BackendRequest, *, timeout: float) -> BackendResponse:
        path, _, query = request.target.partition("?")
        key = (f"{request.method} {path}", str(Query(query).without("preference")), request.body)
        with self._lock:
            kept = self._answers.get(key)
        if kept is None:
            response = self._backend.send(request, timeout=timeout)
            kept = _Kept(response.status, response.reason, response.headers, response.read(self._limit))
            self._keep(key, kept)
        self._of_thread.body = kept.body
        return _Response(kept)

    def close(self) -> None:
        self._backend.close()

    def _keep(self, key: tuple[str, str, bytes], kept: _Kept) -> None:
        with self._lock:
            self.asked += 1
            # A refusal may be over a moment later, and an alias (the one thing that is read by GET) moved.
            if kept.status != 200 or key[0].startswith("GET ") or key in self._answers:
                return
            self._answers[key] = kept
            self._bytes += len(kept.body)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._answers.popitem(last=False)[1].body)
