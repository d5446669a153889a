"""What is asked: real products and their trained vectors, one visit, and queries that fill the window."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import redis

from demo.settings import DemoSettings
from demo.steps import load, prepare, train
from proxy.plan import Planner, Rewrite
from proxy.request import ClientRequest
from proxy.sessions.base import Event
from proxy.settings import ProxySettings
from proxy.signals.cosine import session_vector
from sessionrank import keys
from sessionrank.releases import index_name
from sessionrank.vectors import VectorsFile, unit

__all__ = ["INDEX", "PAGE", "SESSION", "WINDOW", "Ask", "Material", "prepared"]

INDEX = "bench-catalog"
SESSION = "bench-visit"
WINDOW, PAGE = 100, 10
_VIEWED = 8
_WORDS = 20
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "bench"}


@dataclass(frozen=True)
class Ask:
    """One request."""

    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Material:
    """Everything that the measurements ask and read."""

    release: str
    #: Words that stand in at least as many product names as the window takes, most frequent first.
    words: tuple[str, ...]
    #: The visit, oldest first.
    viewed: tuple[str, ...]
    vectors: VectorsFile
    settings: ProxySettings

    @property
    def concrete_index(self) -> str:
        """The index behind the alias."""
        return index_name(INDEX, self.release)

    def session_vector(self) -> bytes:
        """The visit's vector as the proxy makes it, in the bytes of the store."""
        rows = {sku: row.tobytes() for sku, row in zip(self.vectors.ids, self.vectors.vectors, strict=True)}
        events = [Event(sku, "view", time) for time, sku in enumerate(self.viewed)]
        weights = self.settings.attention().weights(events)
        vector = session_vector(weights, [rows[sku] for sku in self.viewed])
        assert vector is not None
        return unit(vector.mean).tobytes()

    def asks(self, **headers: str) -> list[Ask]:
        """A search for each word as a client sends it."""
        return [Ask(f"/{INDEX}/_search", {**_HEADERS, **headers}, _body(word)) for word in self.words]

    def wrapped_asks(self) -> list[Ask]:
        """The same searches as the proxy sends them to the engine: lifted by popularity, the whole window."""
        planner = Planner(self.settings)
        made = []
        for ask in self.asks():
            request = ClientRequest("POST", ask.target, list(ask.headers.items()), ask.body)
            plan = planner.plan(request, (INDEX,), keys.session_digest(b"bench", SESSION))
            assert isinstance(plan, Rewrite)
            made.append(Ask(plan.request.target, dict(plan.request.headers), plan.request.body))
        return made

    def events(self) -> Ask:
        """What tells the proxy about the visit."""
        events = [{"session": SESSION, "type": "view", "sku": sku, "id": sku} for sku in self.viewed]
        return Ask("/_sessionrank/events", _HEADERS, json.dumps({"events": events}).encode())


def prepared(upstream: str, redis_url: str, folder: Path) -> Material:
    """Load the demo's shop under an index name of our own; its files and model are kept for the next run.

    The environment names the same servers: ``sessionrank index load`` reads them there.
    """
    files = prepare(DemoSettings().workdir)
    trained = train(files)
    report = load(files, trained, INDEX, folder / "rejects.jsonl")
    names = files.names()
    known = set(trained.vectors.ids.tolist())
    visits = (basket.skus[:_VIEWED] for basket in files.baskets())
    viewed = next(skus for skus in visits if len(skus) == _VIEWED and known.issuperset(skus))
    settings = ProxySettings(
        upstream=(upstream,), redis_url=redis_url, indices=(INDEX,), window=WINDOW, strategy="cosine"
    )
    material = Material(report["release"], _frequent(names), viewed, trained.vectors, settings)
    _store(redis_url, material)
    return material


def _store(redis_url: str, material: Material) -> None:
    """For the yardsticks: the ready vector of the visit, and every vector under a key of its own, as JSON."""
    with redis.Redis.from_url(redis_url) as store:
        store.set(f"bench:{SESSION}", material.session_vector(), ex=86_400)
        with store.pipeline(transaction=False) as pipeline:
            for sku, vector in zip(material.vectors.ids, material.vectors.vectors, strict=True):
                pipeline.set(f"bench:json:{sku}", json.dumps(vector.tolist()), ex=86_400)
            visit = np.frombuffer(material.session_vector(), "<f4").tolist()
            pipeline.set(f"bench:json:{SESSION}", json.dumps(visit), ex=86_400)
            pipeline.execute()


def _frequent(names: Mapping[str, str]) -> tuple[str, ...]:
    counts = Counter(word for name in names.values() for word in set(re.findall(r"[a-z]{3,}", name.lower())))
    found = tuple(word for word, count in counts.most_common(_WORDS) if count >= WINDOW)
    assert found, "no word fills the window"
    return found


def _body(word: str) -> bytes:
    body: dict[str, Any] = {"query": {"match": {"name": word}}, "size": PAGE}
    return json.dumps(body).encode()
