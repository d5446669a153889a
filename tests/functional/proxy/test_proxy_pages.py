"""Pages fit together: walking them shows each of the engine's hits exactly once, whatever the sizes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product, repeat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.app import create_app
from proxy.backends.registry import backend_from_urls
from proxy.sessions.registry import from_url
from proxy.settings import ProxySettings
from sessionrank.vectors import VectorsFile
from tests.support.asking import Ask, InProcess
from tests.support.shop import command
from tests.support.stack import TestStack

Visit = Callable[[Sequence[str]], dict[str, str]]
#: Documents of the index; the query `n < total` finds the first `total` of them.
SIZE = 60
WINDOWS = (1, 2, 7, 20, 59, 60, 100)
STRATEGIES = ("cosine", "blend", "shuffle")
MODES = ("freeze", "follow")


@dataclass(frozen=True)
class Pages:
    """A proxy for every window, strategy and way of paging, before one index."""

    index: str
    proxies: dict[tuple[int, str, str], Ask]


@pytest.fixture(scope="module")
def pages(stack: TestStack, direct: Ask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Many equal scores (six levels of popularity), two products in five without a vector, several equal vectors."""
    name = f"pages{secrets.token_hex(4)}"
    index = {"settings": {"number_of_shards": 2}, "mappings": {"properties": {"popularity": {"type": "float"}}}}
    assert direct("PUT", f"/{name}", index).status == 200
    lines = [
        line
        for n in range(SIZE)
        for line in ({"index": {"_id": f"p{n}"}}, {"n": n, "text": "thing", "popularity": n % 6})
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    assert not direct("POST", f"/{name}/_bulk?refresh", body, headers).json()["errors"]
    _publish(tmp_path_factory.mktemp("pages"), stack, name)
    opened = []
    proxies: dict[tuple[int, str, str], Ask] = {}
    for window, strategy, mode in product(WINDOWS, STRATEGIES, MODES):
        chosen = ProxySettings(
            upstream=(stack.upstream,), redis_url=stack.redis_url, indices=(name,), window=window,
            strategy=strategy, pages=mode, budget_ms=10_000,
        )  # fmt: skip
        backend = backend_from_urls(chosen.upstream, pool_size=2)
        store = from_url(chosen.redis_url, cap=chosen.session_cap, ttl=chosen.session_ttl)
        opened += [backend, store]
        proxies[window, strategy, mode] = InProcess(create_app(chosen, backend=backend, store=store))
    yield Pages(name, proxies)
    for each in opened:
        each.close()
    direct("DELETE", f"/{name}")


def _publish(folder: Path, stack: TestStack, name: str) -> None:
    skus = [f"p{n}" for n in range(SIZE) if n % 5 > 1]
    vectors = np.random.default_rng(3).normal(size=(len(skus), 4)).round(0) + np.array([0.1, 0, 0, 0])
    VectorsFile.build(skus, vectors, [9] * len(skus), {}).save(folder / "v.npz")
    command(["index", "vectors", str(folder / "v.npz"), "--index", name], stack.environment)


def walked(
    ask: Ask, index: str, session: dict[str, str], total: int, size: int, *, in_url: bool, moves: Iterable[str] = ()
) -> list[str]:
    """The ids on all pages, until one is short; behind each page the session moves on to the next of ``moves``."""
    steps = chain(moves, repeat(""))
    query = {"bool": {"must": [{"match": {"text": "thing"}}], "filter": [{"range": {"n": {"lt": total}}}]}}
    seen: list[str] = []
    while True:
        page = {"from": len(seen), "size": size}
        target = f"/{index}/_search" + (f"?from={len(seen)}&size={size}" if in_url else "")
        answer = ask("POST", target, {"query": query, **({} if in_url else page)}, session)
        assert answer.status == 200, answer.body
        assert answer.json()["hits"]["total"]["value"] == total
        ids = answer.ids()
        assert len(ids) == max(0, min(size, total - len(seen)))
        seen += ids
        if len(ids) < size:
            return seen
        if sku := next(steps):
            event = {"session": session["X-Session-Id"], "type": "view", "sku": sku}
            assert not ask("POST", "/_sessionrank/events", {"events": [event]}).json()["errors"]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    window=st.sampled_from(WINDOWS),
    strategy=st.sampled_from(STRATEGIES),
    total=st.integers(0, SIZE),
    size=st.integers(1, SIZE + 5),
    viewed=st.lists(st.integers(0, SIZE - 1), max_size=3, unique=True),
    moves=st.lists(st.integers(0, SIZE - 1), max_size=6),
    in_url=st.booleans(),
)
def test_walking_the_pages_shows_every_hit_once_though_the_session_moves_on(
    pages: Pages,
    visit: Visit,
    window: int,
    strategy: str,
    total: int,
    size: int,
    viewed: list[int],
    moves: list[int],
    in_url: bool,
) -> None:
    ask = pages.proxies[window, strategy, "freeze"]
    # Without a view the session is one that nobody knows yet: its first page is plain.
    session = visit([f"p{n}" for n in viewed]) if viewed else {"X-Session-Id": secrets.token_hex(8)}
    # Small pages of long results would only ask the same again.
    size = max(size, total // 12 + 1)
    seen = walked(ask, pages.index, session, total, size, in_url=in_url, moves=[f"p{n}" for n in moves])
    assert sorted(seen) == sorted(f"p{n}" for n in range(total))
    engine = walked(ask, pages.index, {"X-Session-Id": "other"}, total, SIZE, in_url=False)
    assert sorted(seen[:window]) == sorted(engine[:window])
    assert len(seen) == len(engine)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    window=st.sampled_from(WINDOWS),
    strategy=st.sampled_from(STRATEGIES),
    mode=st.sampled_from(MODES),
    total=st.integers(0, SIZE),
    size=st.integers(1, SIZE + 5),
    viewed=st.lists(st.integers(0, SIZE - 1), max_size=3, unique=True),
    in_url=st.booleans(),
)
def test_walking_the_pages_of_a_session_at_rest_shows_every_hit_once(
    pages: Pages,
    visit: Visit,
    window: int,
    strategy: str,
    mode: str,
    total: int,
    size: int,
    viewed: list[int],
    in_url: bool,
) -> None:
    ask, session = pages.proxies[window, strategy, mode], visit([f"p{n}" for n in viewed]) if viewed else {}
    size = max(size, total // 12 + 1)
    seen = walked(ask, pages.index, session, total, size, in_url=in_url)
    assert sorted(seen) == sorted(f"p{n}" for n in range(total))
    engine = walked(ask, pages.index, {}, total, SIZE, in_url=False)
    assert sorted(seen[:window]) == sorted(engine[:window])
    assert seen[window:] == engine[window:]


def test_the_window_holds_the_engines_first_hits_and_the_rest_stays_in_place(pages: Pages, visit: Visit) -> None:
    session = visit(["p2", "p3", "p4"])
    engine = walked(pages.proxies[1, "cosine", "follow"], pages.index, session, SIZE, SIZE, in_url=False)
    moved = 0
    for window in WINDOWS:
        ask = pages.proxies[window, "cosine", "follow"]
        seen = walked(ask, pages.index, session, SIZE, 9, in_url=False)
        assert sorted(seen[:window]) == sorted(engine[:window])
        assert seen[window:] == engine[window:]
        moved += seen != engine
    assert moved >= 4


def test_one_page_across_the_edge_of_the_window_is_the_pages_on_its_both_sides(pages: Pages, visit: Visit) -> None:
    ask, session = pages.proxies[20, "cosine", "follow"], visit(["p2", "p7"])
    target, query = f"/{pages.index}/_search", {"match": {"text": "thing"}}

    def page(start: int, size: int) -> list[str]:
        return ask("POST", target, {"query": query, "from": start, "size": size}, session).ids()

    assert page(15, 10) == page(15, 5) + page(20, 5)
    assert page(0, 60) == [sku for start in range(0, 60, 10) for sku in page(start, 10)]
    assert page(19, 2) == [*page(19, 1), *page(20, 1)]
    assert page(60, 10) == page(30, 0) == []
