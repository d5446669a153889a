"""Pages of an index that changes between them: inside the window nothing living is shown twice, and nothing is lost."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionrank.vectors import VectorsFile
from tests.support.asking import Ask
from tests.support.shop import command
from tests.support.stack import TestStack

#: Products that have a vector, or might; new ones come beside them.
KNOWN = 40
WINDOWS = (3, 8, 20, 100)
#: The engine's order is told by `rank` alone, so that a test knows it as well.
QUERY = {"function_score": {"functions": [{"field_value_factor": {"field": "rank"}}], "boost_mode": "replace"}}


@dataclass
class Catalogue:
    """An index behind an alias, and what it holds."""

    direct: Ask
    alias: str
    index: str = ""
    #: Id → rank; no two are equal.
    ranks: dict[str, int] = field(default_factory=dict)
    #: Deleted ones, which may come back.
    gone: dict[str, int] = field(default_factory=dict)

    def begin(self, ranks: dict[str, int]) -> None:
        if self.index:
            self.direct("DELETE", f"/{self.index}")
        self.index, self.ranks, self.gone = f"{self.alias}-{secrets.token_hex(4)}", {}, {}
        made = self.direct("PUT", f"/{self.index}", {
            "settings": {"number_of_shards": 1}, "mappings": {"properties": {"rank": {"type": "integer"}}},
            "aliases": {self.alias: {}},
        })  # fmt: skip
        assert made.status == 200, made.body
        self.put(ranks)

    def put(self, ranks: dict[str, int]) -> None:
        lines = [line for id_, rank in ranks.items() for line in ({"index": {"_id": id_}}, {"rank": rank})]
        self._bulk(lines)
        self.ranks |= ranks

    def drop(self, id_: str) -> None:
        self._bulk([{"delete": {"_id": id_}}])
        self.gone[id_] = self.ranks.pop(id_)

    def window(self, size: int) -> list[str]:
        """The engine's first hits."""
        return sorted(self.ranks, key=lambda id_: -self.ranks[id_])[:size]

    def _bulk(self, lines: list[dict[str, object]]) -> None:
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        answer = self.direct("POST", f"/{self.index}/_bulk?refresh", body, {"Content-Type": "application/x-ndjson"})
        assert not answer.json()["errors"], answer.body


@pytest.fixture(scope="module")
def catalogue(stack: TestStack, direct: Ask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    made = Catalogue(direct, f"moving{secrets.token_hex(4)}")
    made.begin({"p0": 1})
    skus = [f"p{n}" for n in range(KNOWN) if n % 4]
    vectors = np.random.default_rng(5).normal(size=(len(skus), 4))
    file = tmp_path_factory.mktemp("moving") / "v.npz"
    VectorsFile.build(skus, vectors, [9] * len(skus), {}).save(Path(file))
    command(["index", "vectors", str(file), "--index", made.alias], stack.environment)
    yield made
    direct("DELETE", f"/{made.index}")


@pytest.fixture
def proxies(catalogue: Catalogue, proxy_with: Callable[..., Ask]) -> dict[int, Ask]:
    """By window."""
    return {size: proxy_with(indices=(catalogue.alias,), window=size, popularity="none") for size in WINDOWS}


def viewing(ask: Ask, session: str, sku: str) -> None:
    answer = ask("POST", "/_sessionrank/events", {"events": [{"session": session, "type": "view", "sku": sku}]})
    assert not answer.json()["errors"], answer.body


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 10_000)),
        st.tuples(st.sampled_from(["drop", "back"]), st.integers(0, 100)),
        st.tuples(st.just("view"), st.integers(0, KNOWN - 1)),
    ),
    max_size=4,
)


def change(catalogue: Catalogue, ask: Ask, session: str, kind: str, number: int) -> None:
    """One thing that happens between two pages."""
    if kind == "view":
        viewing(ask, session, f"p{number}")
    elif kind == "add":
        catalogue.put({f"new{secrets.token_hex(3)}": number * 1000 + len(catalogue.ranks) + len(catalogue.gone)})
    elif kind == "drop" and len(catalogue.ranks) > 1:
        catalogue.drop(sorted(catalogue.ranks)[number % len(catalogue.ranks)])
    elif kind == "back" and catalogue.gone:
        id_ = sorted(catalogue.gone)[number % len(catalogue.gone)]
        catalogue.put({id_: catalogue.gone.pop(id_)})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    window=st.sampled_from(WINDOWS),
    size=st.integers(1, 12),
    ranks=st.lists(st.integers(0, 9999), min_size=2, max_size=KNOWN, unique=True),
    viewed=st.integers(0, KNOWN - 1),
    steps=st.lists(CHANGES, max_size=6),
)
def test_inside_the_window_every_hit_that_stays_is_shown_once_and_no_other_twice(
    catalogue: Catalogue,
    proxies: dict[int, Ask],
    window: int,
    size: int,
    ranks: list[int],
    viewed: int,
    steps: list[list[tuple[str, int]]],
) -> None:
    catalogue.begin({f"p{n}": rank * 1000 for n, rank in enumerate(ranks)})
    ask = proxies[window]
    twin, session = secrets.token_hex(8), secrets.token_hex(8)
    for each in (twin, session):
        viewing(ask, each, f"p{viewed}")

    def page(name: str, start: int, count: int) -> list[str]:
        body = {"query": QUERY, "from": start, "size": count}
        answer = ask("POST", f"/{catalogue.alias}/_search", body, {"X-Session-Id": name})
        assert answer.status == 200, answer.body
        return answer.ids()

    first = page(twin, 0, window)
    assert sorted(first) == sorted(catalogue.window(window))
    seen: list[str] = []
    stayed = set(first)
    places = range(0, min(window, len(catalogue.ranks)), size)
    for number, start in enumerate(places):
        within = catalogue.window(window)
        stayed &= set(within)
        shown = page(session, start, min(size, window - start))
        assert set(shown) <= set(within), "what is gone is not shown"
        seen += shown
        for kind, amount in steps[number] if number < len(steps) else ():
            change(catalogue, ask, session, kind, amount)
    assert len(seen) == len(set(seen)), "nothing is shown twice"
    assert stayed - set(seen) == set(), "nothing that stayed is lost"
    kept = [id_ for id_ in seen if id_ in stayed]
    assert kept == [id_ for id_ in first if id_ in stayed], "the frozen ones keep their order"
    fresh = [id_ for id_ in seen if id_ not in first]
    assert seen[len(seen) - len(fresh) :] == fresh or set(first) - stayed, "new ones come after the frozen ones"
