"""Two pipelines before one real engine, which differ in how they fetch: in one phase, and in two wherever that may be.

Each has a store in memory with the same vectors and the same visit, so that their answers are to be equal.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from proxy.backends.base import BackendRequest, BackendResponse, SearchBackend
from proxy.backends.registry import backend_from_urls
from proxy.deadline import Deadline
from proxy.gate import Gate, Refused
from proxy.pipeline import Pipeline
from proxy.request import ClientRequest
from proxy.sessions.base import Event
from proxy.sessions.identity import Hasher
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from tests.support.asking import Got
from tests.support.own_endpoints import RELEASE
from tests.support.recorder import Asked

__all__ = ["Fetching", "fetching"]

_PATIENT_MS = 10_000
_VISITOR = "visitor"


class Recording(SearchBackend):
    """Passes on to a real one, and keeps what it was asked; ``before(n)`` is called before the nth request."""

    def __init__(self, behind: SearchBackend) -> None:
        self._behind = behind
        self.asked: list[BackendRequest] = []
        self.before: Callable[[int], object] = lambda _number: None

    def send(self, request: BackendRequest, *, timeout: float) -> BackendResponse:
        self.asked.append(request)
        self.before(len(self.asked))
        return self._behind.send(request, timeout=timeout)

    def close(self) -> None:
        self._behind.close()


@dataclass
class Fetching:
    """A pipeline, and what it asked the engine for its latest answer."""

    settings: ProxySettings
    backend: Recording
    store: MemorySessions
    latest: Sequence[BackendRequest] = ()
    _times: Iterator[int] = field(default_factory=lambda: itertools.count(1000))
    _gate: Gate = field(init=False)
    _hasher: Hasher = field(init=False)
    _pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        self._gate = Gate(self.settings)
        self._hasher = Hasher(self.store, b"sixteen bytes or more")
        self._pipeline = Pipeline(self.settings, self.backend, self.store, self._hasher)

    def views(self, skus: Sequence[str]) -> None:
        """The visitor looks at these."""
        events = [Event(sku, "view", next(self._times)) for sku in skus]
        self.store.append(self._hasher.digest(_VISITOR, Deadline(10)), events, Deadline(10))

    def ask(self, asked: Asked) -> tuple[Got, str, int]:
        """The answer to the visitor's request, why it is plain, and how many hits moved."""
        self.backend.asked.clear()
        request = ClientRequest(asked.method, asked.target, [*asked.headers, ("X-Session-Id", _VISITOR)], asked.body)
        route = self._gate.admit(asked.method, asked.target, own_credentials=False)
        assert not isinstance(route, Refused), asked
        answer = self._pipeline.answer(request, route)
        body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body.stream())
        self.latest = tuple(self.backend.asked)
        return Got(answer.status, tuple(answer.headers), body), answer.reason, answer.moved


@contextmanager
def fetching(
    upstream: str,
    vectors: Mapping[str, bytes],
    viewed: Sequence[str],
    *,
    index: str,
    release: str = RELEASE,
    **settings: object,
) -> Iterator[tuple[Fetching, Fetching]]:
    """In one phase, and in two; ``index`` points to the release that ``vectors`` are published as."""
    made = []
    for mode in ("off", "always"):
        chosen = ProxySettings(**{"upstream": (upstream,), "budget_ms": _PATIENT_MS, "two_phase": mode, **settings})  # type: ignore[arg-type]
        backend = Recording(backend_from_urls(chosen.upstream, pool_size=2))
        store = MemorySessions(cap=20, ttl=3600)
        store.publish(release, vectors, index=index)
        made.append(Fetching(chosen, backend, store))
        made[-1].views(viewed)
    try:
        yield made[0], made[1]
    finally:
        for each in made:
            each.backend.close()
