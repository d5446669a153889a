"""Two phases where doc values tell the ids, over several indices and shards, and on an index that changes meanwhile."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from sessionrank.releases import release_of
from tests.conformance.comparison import differences
from tests.support.asking import Ask
from tests.support.recorder import Asked
from tests.support.shop import CLUSTERS, Shop
from tests.support.stack import TestStack
from tests.support.two_pipelines import Fetching, fetching

Pair = tuple[Fetching, Fetching]
RED = {"match": {"name": "red"}}
LIT = {"fields": {"name": {"type": "fvh"}, "group": {}}}
BODIES: dict[str, dict[str, Any]] = {
    "plain": {"query": RED},
    "everything": {},
    "across the window's edge": {"from": 95, "size": 10},
    "beyond the hits": {"query": {"match": {"name": "red heart"}}, "from": 90, "size": 10},
    "aggregations": {"query": RED, "aggs": {"groups": {"terms": {"field": "group"}}}, "track_total_hits": 7},
    "suggest": {"query": RED, "suggest": {"s": {"text": "haert", "term": {"field": "name"}}}},
    "fields": {"query": RED, "_source": ["name"], "fields": ["sku"], "docvalue_fields": ["group"], "version": True},
    "highlights": {"query": RED, "highlight": LIT},
    "collapse": {"query": RED, "collapse": {"field": "group"}, "highlight": LIT},
    "scripts": {"query": RED, "script_fields": {"n": {"script": "doc['group'].value"}}},
    "post-filter": {"query": RED, "post_filter": {"terms": {"group": ["heart", "box"], "_name": "f"}}},
    "no hits": {"query": {"match": {"name": "nothingofthiskind"}}},
}


def asked(index: str, body: Any, url: str = "", *headers: tuple[str, str]) -> Asked:
    lines = (("Content-Type", "application/json"), *headers)
    return Asked("POST", f"/{index}/_search{url}", lines, json.dumps(body).encode())


def same(pair: Pair, request: Asked) -> list[int]:
    """Hold the answers against each other; gives how many requests each took."""
    (expected, *told), (got, *other) = (each.ask(request) for each in pair)
    assert expected.status == 200, expected.body
    assert (other, differences(expected, got)) == (told, [])
    return [len(each.latest) for each in pair]


@pytest.fixture(scope="module")
def pair_with(stack: TestStack, shop: Shop) -> Iterator[Callable[..., Pair]]:
    """``pair_with(window=7)``: one phase and two before the shop, with vectors of its products."""
    near = np.eye(CLUSTERS) + 0.1
    vectors = {sku: near[cluster].astype("<f4").tobytes() for sku, cluster in shop.cluster.items()}
    release = release_of(shop.index) or ""
    with ExitStack() as exits:

        def build(**settings: Any) -> Pair:
            given = {"indices": (shop.alias,), "index": shop.alias, "release": release, **settings}
            return exits.enter_context(fetching(stack.upstream, vectors, shop.of_cluster(1), **given))

        yield build


@pytest.mark.parametrize("url", ["", "?pretty&typed_keys", "?filter_path=hits.hits._source.name,took"])
def test_by_doc_values_answers_are_those_of_one_phase(pair_with: Callable[..., Pair], shop: Shop, url: str) -> None:
    pair = pair_with()
    for name, body in BODIES.items():
        for told in ("false", "true"):
            trips = same(pair, asked(shop.alias, body, url, ("X-Sessionrank-Explain", told)))
            assert trips == [1, 1 if name in ("no hits", "beyond the hits") else 2], name
            by_sku = b'"_none_"' in pair[1].latest[0].body
            # The first answer of all tells whose index it is.
            assert by_sku == ((name, told) != ("plain", "false") and name != "suggest" and "filter_path" not in url)


@pytest.mark.parametrize(
    "settings", [{"popularity": "none"}, {"item_id": "sku"}, {"popularity": "function_score", "pages": "follow"}]
)
def test_other_settings_change_nothing(pair_with: Callable[..., Pair], shop: Shop, settings: dict[str, Any]) -> None:
    pair = pair_with(**settings)
    for name in ("plain", "highlights", "fields", "collapse"):
        assert same(pair, asked(shop.alias, BODIES[name])) == [1, 2]


def test_pages_fit_together_though_the_session_moves_on(pair_with: Callable[..., Pair], shop: Shop) -> None:
    pair = pair_with(window=25)
    seen = []
    for start in range(0, 40, 10):
        same(pair, asked(shop.alias, {"query": RED, "from": start}))
        seen += pair[1].ask(asked(shop.alias, {"query": RED, "from": start}))[0].ids()
        for each in pair:
            each.views(shop.of_cluster(start // 10 % CLUSTERS, 2))
    assert len(seen) == len(set(seen)) == 40


@pytest.fixture(scope="module")
def doubled(direct: Ask) -> Iterator[str]:
    """An alias of two indices, of three shards each, that hold the same ids with different texts."""
    alias = f"two{secrets.token_hex(4)}"
    names = [f"{alias}-{n}" for n in (1, 2)]
    lines = []
    for number, name in enumerate(names):
        settings = {"number_of_shards": 3, "number_of_replicas": 0}
        assert direct("PUT", f"/{name}", {"settings": settings, "aliases": {alias: {}}}).status == 200
        for n in range(60):
            text = " ".join(["red"] * (1 + n % (3 + number)) + [f"w{n % 7}"] * (1 + number))
            lines += [{"index": {"_index": name, "_id": f"p{n}"}}, {"name": text, "popularity": n % 10}]
    bulk = "".join(json.dumps(line) + "\n" for line in lines).encode()
    assert not direct("POST", "/_bulk?refresh", bulk, {"Content-Type": "application/x-ndjson"}).json()["errors"]
    yield alias
    for name in names:
        direct("DELETE", f"/{name}")


@pytest.mark.parametrize("url", ["", "?search_type=dfs_query_then_fetch", "?routing=p3"])
def test_over_shards_and_indices_an_id_is_that_of_its_index(
    pair_with: Callable[..., Pair], doubled: str, shop: Shop, url: str
) -> None:
    vectors = {f"p{n}": np.array([n % 3, 1], "<f4").tobytes() for n in range(60)}
    pair = pair_with(indices=(doubled,), index=doubled, window=60)
    for each in pair:
        each.store.publish(release_of(shop.index) or "", vectors, index=doubled)
    highlighted = {"query": {"match": {"name": "red w3"}}, "highlight": {"fields": {"name": {}}}, "from": 10}
    for body in ({"query": RED}, highlighted):
        assert same(pair, asked(doubled, body, url)) == [1, 2]


@pytest.mark.parametrize("change", ["DELETE /_doc/{id}?refresh", "POST /_update/{id}?refresh"])
def test_what_changes_between_the_phases_is_asked_for_in_one(
    pair_with: Callable[..., Pair], doubled: str, direct: Ask, change: str
) -> None:
    one, two = pair_with(indices=(doubled,), index=doubled, window=60)
    first = one.ask(asked(doubled, {"query": RED}))[0].json()["hits"]["hits"][0]
    method, target = change.replace("{id}", first["_id"]).split(" ")

    def meanwhile(number: int) -> None:
        if number == 2:
            changed = {"doc": {"popularity": 9000}} if method == "POST" else None
            assert direct(method, f"/{first['_index']}{target}", changed).status == 200

    two.backend.before = meanwhile
    got, reason, _ = two.ask(asked(doubled, {"query": RED}))
    assert len(two.latest) == 3
    expected, same_reason, _ = one.ask(asked(doubled, {"query": RED}))
    assert (differences(expected, got), reason) == ([], same_reason)
