"""What the programs of the official clients are run against: an engine with a shop, and two proxies before it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.engines import engine_named

from .asking import Over
from .served import served
from .shop import Shop, load_shop
from .stack import Servers

__all__ = ["Stage", "Stages", "staged"]

#: The cluster whose products the session has viewed.
VIEWED = 2


@dataclass(frozen=True)
class Stage:
    """Where to ask for one shop."""

    engine: str
    #: A proxy that the shop's index is nobody's to it, with sniffing opened.
    untouched: str
    #: A proxy that personalises searches of it, with its defaults.
    managed: str
    shop: Shop
    #: The header that names a session with views of one cluster.
    visit: Mapping[str, str]

    def follows_the_visit(self, ids: list[str]) -> bool:
        """Whether of the products that have a vector those of the viewed cluster stand first, and others after them."""
        known = [self.shop.cluster[sku] == VIEWED for sku in ids if sku in self.shop.cluster]
        return known == sorted(known, reverse=True) and any(known) and not all(known)


class Stages:
    """A stage for each engine, made when it is first asked for and kept until the block of :func:`staged` ends."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        self._made: dict[str, tuple[Stage, Iterator[Stage]]] = {}

    def __call__(self, engine: str) -> Stage:
        """The stage on that engine."""
        if engine not in self._made:
            begun = self._stage(engine)
            self._made[engine] = (next(begun), begun)
        return self._made[engine][0]

    def close(self) -> None:
        """End the proxies."""
        for _, begun in self._made.values():
            next(begun, None)

    def _stage(self, engine: str) -> Iterator[Stage]:
        folder = self._folder / engine
        folder.mkdir()
        environment = {
            "SESSIONRANK_UPSTREAM": self._servers.engine(engine),
            "SESSIONRANK_REDIS_URL": self._servers.stack().redis_url,
            "SESSIONRANK_POPULARITY": "script_score" if engine_named(engine).painless else "function_score",
            "SESSIONRANK_BUDGET_MS": "10000",
        }
        shop = load_shop(folder, environment, f"shop{secrets.token_hex(4)}")
        untouched = {**environment, "SESSIONRANK_INDICES": "another", "SESSIONRANK_ALLOW_SNIFF": "true"}
        with served(untouched) as open_port, served({**environment, "SESSIONRANK_INDICES": shop.alias}) as port:
            managed = f"http://127.0.0.1:{port}"
            visit = _viewed(managed, shop)
            yield Stage(environment["SESSIONRANK_UPSTREAM"], f"http://127.0.0.1:{open_port}", managed, shop, visit)


@contextmanager
def staged(servers: Servers, folder: Path) -> Iterator[Stages]:
    """Stages, ended with the block."""
    stages = Stages(servers, folder)
    try:
        yield stages
    finally:
        stages.close()


def _viewed(proxy: str, shop: Shop) -> dict[str, str]:
    name = secrets.token_hex(8)
    events = [{"session": name, "type": "view", "sku": sku} for sku in shop.of_cluster(VIEWED)]
    answer = Over(proxy)("POST", "/_sessionrank/events", {"events": events})
    assert answer.status == 200, answer.body
    return {"X-Session-Id": name}
