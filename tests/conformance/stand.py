"""The stand on which rows are tried: an engine with its shop, a recording relay, two proxies, and a session."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from sessionrank.vectors import VectorsFile
from tests.support.served import serving
from tests.support.shop import command

from .peers import Peer
from .relay import relay
from .shop import CLUSTERS, PRODUCTS, Shop, cluster_of, product_id, stocked
from .trial import WINDOW, Trial

__all__ = ["VIEWED_CLUSTER", "stand"]

#: What a session has viewed: products of one cluster.
VIEWED_CLUSTER = 1
_VIEWED = [product_id(n) for n in range(PRODUCTS) if cluster_of(n) == VIEWED_CLUSTER][:4]
_PATIENT_MS = "10000"
#: The proxy that lets all pass, for requests that the gate refuses otherwise.
_OPEN = {"SESSIONRANK_ALLOW_WRITES": "true", "SESSIONRANK_ALLOW_SNIFF": "true"}


@contextmanager
def stand(engine_url: str, redis_url: str) -> Iterator[tuple[Trial, str]]:
    """Build it, give the trial and the popularity mode, and take it down."""
    engine = Peer(engine_url)
    with ExitStack() as exits:
        shop = exits.enter_context(stocked(engine))
        mode = "script_score" if _compiles(engine, shop) else "function_score"
        _publish_vectors(engine_url, redis_url, shop)
        recording = exits.enter_context(relay(engine.bare_url))
        settings = {
            "SESSIONRANK_UPSTREAM": recording.url,
            "SESSIONRANK_REDIS_URL": redis_url,
            "SESSIONRANK_INDICES": ",".join(shop.managed),
            "SESSIONRANK_POPULARITY": mode,
            "SESSIONRANK_WINDOW": str(WINDOW),
            "SESSIONRANK_BUDGET_MS": _PATIENT_MS,
            # What arrives tells how a search was wrapped; that two phases answer alike, test_two_phase.py has.
            "SESSIONRANK_TWO_PHASE": "off",
            # What was looked at leads whatever was learned from how much.
            "SESSIONRANK_STRATEGY": "cosine",
        }
        proxy, open_proxy = (
            Peer(f"http://127.0.0.1:{exits.enter_context(serving(settings | more)).port}") for more in ({}, _OPEN)
        )
        session = _visit(proxy)
        yield Trial(engine, proxy, open_proxy, recording, shop.names, session), mode


def _compiles(engine: Peer, shop: Shop) -> bool:
    """Whether the engine has Painless."""
    script = {"source": "1.0", "lang": "painless"}
    body = json.dumps({"query": {"script_score": {"query": {"match_all": {}}, "script": script}}}).encode()
    return engine.ask("POST", f"/{shop.index}/_search", (("Content-Type", "application/json"),), body).status == 200


def _publish_vectors(engine_url: str, redis_url: str, shop: Shop) -> None:
    """By the real command, for an index that it did not load; clusters have nothing to do with names."""
    known = [n for n in range(PRODUCTS) if cluster_of(n) is not None]
    draw = np.random.default_rng(5)
    vectors = np.eye(8)[[cluster_of(n) or 0 for n in known]] + draw.normal(0, 0.1, (len(known), 8))
    assert CLUSTERS <= 8
    file = VectorsFile.build([product_id(n) for n in known], vectors, [9] * len(known), {"algorithm": "planted"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npz"
        file.save(path)
        environment = {"SESSIONRANK_UPSTREAM": engine_url, "SESSIONRANK_REDIS_URL": redis_url}
        command(["index", "vectors", str(path), "--index", shop.index], environment)


def _visit(proxy: Peer) -> tuple[tuple[str, str], ...]:
    """A session that viewed some products; gives the header that names it."""
    name = secrets.token_hex(8)
    events = [{"session": name, "type": "view", "sku": sku} for sku in _VIEWED]
    body = json.dumps({"events": events}).encode()
    got = proxy.ask("POST", "/_sessionrank/events", (("Content-Type", "application/json"),), body)
    assert got.status == 200, got.body
    assert not got.json()["errors"], got.body
    return (("X-Session-Id", name),)
