"""The re-rank stage alone, beside the least that it could be and the most that it might have been.

- the stage: vectors of 100 hits and the session read from Redis, then the order, as in a search, by `cosine` and, with
  the covisits of the session's items, by `mix`;
- one bare ``HMGET`` of the same vectors through redis-py;
- a naive loop, written here as an example of how prototypes do it: a ``GET`` and a JSON decode a hit, and the cosine
  number by number in Python.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import redis

from proxy.deadline import Deadline
from proxy.gather import Gatherer
from proxy.ranking.base import Candidates, Strategy
from proxy.ranking.cosine import Cosine
from proxy.ranking.mix import Mix
from proxy.sessions.identity import Hasher
from proxy.sessions.redis import RedisSessions
from proxy.signals.base import Window
from sessionrank import keys

from .material import SESSION, Material
from .rounds import TURN

__all__ = ["STAGES", "measure_stage"]

STAGES = ("stage", "stage, mix", "HMGET", "naive loop")
COSINE, MIX = Cosine(), Mix()


def measure_stage(material: Material, items: Sequence[str], *, rounds: int, calls: int) -> dict[str, list[float]]:
    """Median milliseconds of each of :data:`STAGES` over at least ``calls`` calls, round by round.

    The naive loop must give the order of the stage first.
    """
    settings = material.settings
    sessions = RedisSessions(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
    with redis.Redis.from_url(settings.redis_url) as store:
        try:
            digest = Hasher(sessions, None).digest(SESSION, Deadline(5))
            gatherer = Gatherer(sessions, settings.attention())
            indexes = [material.concrete_index] * len(items)
            key = keys.vectors(material.release, 0)

            def stage(strategy: Strategy) -> list[int]:
                window = Window(items, np.ones(len(items)))
                releases = gatherer.releases(("catalog",), indexes, Deadline(5))
                gathered = gatherer.gather(digest, releases, window, strategy.needs, Deadline(5))
                assert strategy is COSINE or gathered.facts["reliability"] > 0, "no covisits of the session's items"
                candidates = Candidates(len(items), gathered.signals, 0.7, facts=gathered.facts)
                order, _ = strategy.order(candidates)
                made: list[int] = order.tolist()
                return made

            # What was viewed is compared with the rest of the session, which the naive loop knows nothing of.
            viewed = set(material.viewed)
            ours, naive = (
                [p for p in order if items[p] not in viewed] for order in (stage(COSINE), naive_order(store, items))
            )
            assert ours == naive
            functions = [
                lambda: stage(COSINE),
                lambda: stage(MIX),
                lambda: store.hmget(key, items),
                lambda: naive_order(store, items),
            ]
            _round(functions, TURN)
            medians = [_round(functions, calls) for _ in range(rounds)]
            return dict(zip(STAGES, map(list, zip(*medians, strict=True)), strict=True))
        finally:
            sessions.close()


def naive_order(store: redis.Redis, items: Sequence[str]) -> list[int]:
    """Positions by cosine, hits without a vector in their places."""
    session = json.loads(store.get(f"bench:json:{SESSION}") or "")
    cosines = {}
    for position, item in enumerate(items):
        text = store.get(f"bench:json:{item}")
        if text is not None:
            cosines[position] = cosine(session, json.loads(text))
    ranked = iter(sorted(cosines, key=lambda position: -cosines[position]))
    return [next(ranked) if position in cosines else position for position in range(len(items))]


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of two vectors, number by number."""
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


def _round(functions: Sequence[Callable[[], object]], calls: int) -> list[float]:
    """Median milliseconds of each; in turns of several calls, so that none works in the cold caches of another."""
    seconds: list[list[float]] = [[] for _ in functions]
    while len(seconds[-1]) < calls:
        for function, taken in zip(functions, seconds, strict=True):
            for _ in range(TURN):
                started = time.perf_counter()
                function()
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) * 1000 for taken in seconds]
