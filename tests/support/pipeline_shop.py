"""A pipeline over a recording engine and a store in memory, and a visitor."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.deadline import Deadline
from proxy.gate import Route
from proxy.pipeline import Answer, Pipeline
from proxy.request import ClientRequest
from proxy.sessions.base import Event, SessionStore
from proxy.sessions.identity import Hasher
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from sessionrank.covisits import item_hash
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE, vector_of

__all__ = ["INDEX", "ORDER", "VECTORS", "PipelineShop", "content", "engine", "ids", "neighbours"]

INDEX = f"catalog-{RELEASE}"
#: Two that are looked at but never found: what is found and was looked at is compared with the rest of the visit alone.
SEEN = {"scarlet": vector_of(1, 0), "indigo": vector_of(0, 1)}
VECTORS = SEEN | {
    "red": vector_of(1, 0),
    "rose": vector_of(0.9, 0.1),
    "blue": vector_of(0, 1),
    "navy": vector_of(0.1, 0.9),
}
ORDER = ["blue", "unknown", "navy", "red", "rose"]
KEY = b"a key of sixteen bytes or more"


def engine(
    items: Sequence[str] = ORDER, index: str | Sequence[str] = INDEX
) -> Callable[[BackendRequest], FakeResponse]:
    """Answers every search with the page that it asks for, best item first; of these indices in turn."""
    indices = itertools.cycle([index] if isinstance(index, str) else index)
    everything = [{"_index": index, "_id": item, "_score": 1.5} for item, index in zip(items, indices, strict=False)]

    def answer(request: BackendRequest) -> FakeResponse:
        body = json.loads(request.body or b"{}")
        start, size = body.get("from", 0), body.get("size", 10)
        hits = everything[start : start + size]
        return FakeResponse({"took": 1, "_shards": {"failed": 0}, "hits": {"total": len(items), "hits": hits}})

    return answer


class PipelineShop:
    """A pipeline over a recording engine, and a visitor."""

    def __init__(
        self,
        handler: Callable[[BackendRequest], BackendResponse] | None = None,
        store: SessionStore | None = None,
        **settings: Any,
    ) -> None:
        self.settings = ProxySettings(**{"strategy": "cosine", **settings})
        self.clock = itertools.count(1000)
        self.backend = FakeBackend(handler=handler or engine())
        memory = MemorySessions(cap=20, ttl=60)
        memory.publish(RELEASE, VECTORS)
        self.store = store or memory
        self.hasher = Hasher(self.store, KEY)
        self.pipeline = Pipeline(self.settings, self.backend, self.store, self.hasher)

    def views(self, *skus: str, session: str = "s1") -> None:
        self.did(*(Event(sku, "view", next(self.clock)) for sku in skus), session=session)

    def did(self, *events: Event, session: str = "s1") -> None:
        self.store.append(self.hasher.digest(session, Deadline(1)), events, Deadline(1))

    def search(self, body: Any = None, *, session: str | None = "s1", **headers: str) -> Answer:
        lines = [("Content-Type", "application/json"), *((k.replace("_", "-"), v) for k, v in headers.items())]
        if session is not None:
            lines.append(("X-Session-Id", session))
        raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        request = ClientRequest("POST", "/catalog/_search", lines, raw)
        return self.pipeline.search(request, Route(("catalog",), "search", repeatable=True))


def neighbours(reliability: float, /, **shares: float) -> bytes:
    """The covisits of one item as the store keeps them, made by another way than the code's."""
    body = b"".join(struct.pack("<Ie", item_hash(item), share) for item, share in shares.items())
    return struct.pack("<f", reliability) + body


def content(answer: Answer) -> dict[str, Any]:
    raw = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body.stream())
    decoded: dict[str, Any] = json.loads(raw)
    return decoded


def ids(answer: Answer) -> list[str]:
    return [hit["_id"] for hit in content(answer)["hits"]["hits"]]
