"""A search backend without an engine: it records what it is asked and answers what the test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from proxy.backends.base import AnswerTooLarge, BackendRequest, BackendResponse, Headers, SearchBackend

__all__ = ["FakeBackend", "FakeResponse"]

Answer = BackendResponse | Exception


class FakeResponse(BackendResponse):
    """An answer from memory; anything but bytes becomes JSON."""

    def __init__(
        self, body: Any = b"{}", *, status: int = 200, reason: str = "OK", headers: Headers | None = None
    ) -> None:
        self.status = status
        self.reason = reason
        self.body = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.headers = headers if headers is not None else [("content-type", "application/json; charset=UTF-8")]
        self.closed = False

    def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        self.closed = True
        if len(self.body) > limit:
            raise AnswerTooLarge(f"more than {limit} bytes")
        return self.body

    def stream(self) -> Iterator[bytes]:
        for start in range(0, len(self.body), 64 * 1024):
            yield self.body[start : start + 64 * 1024]
        self.closed = True

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeBackend(SearchBackend):
    """Answers each request by ``handler``, else by the next of ``responses``; an exception among them is raised."""

    responses: Iterable[Answer] = ()
    handler: Callable[[BackendRequest], Answer] | None = None
    requests: list[BackendRequest] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._next = iter(self.responses)
        self._lock = threading.Lock()

    def send(self, request: BackendRequest, *, timeout: float) -> BackendResponse:
        with self._lock:
            self.requests.append(request)
            self.timeouts.append(timeout)
            answer = None if self.handler else next(self._next, None)
        if self.handler:
            answer = self.handler(request)
        if answer is None:
            raise AssertionError(f"no answer is left for {request.method} {request.target}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True
