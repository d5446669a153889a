"""Walks over pages: what names them, and a kept order carried over to the hits of now."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from proxy.pages import FrozenOrder, resume, walk_key


def hits(names: str, index: str = "i") -> list[tuple[str, str]]:
    return [(index, name) for name in names]


def test_a_frozen_order_comes_back_from_the_store() -> None:
    named = [*hits("ab"), *hits("a", "j"), ("i", "ü" * 500)]
    order = FrozenOrder.unpacked(FrozenOrder.of("no-vector", named).packed())
    assert order is not None
    assert (order.reason, order.named()) == ("no-vector", named)


@pytest.mark.parametrize("packed", [b"", b"\xff", b"garbage", FrozenOrder("", ["i"], [(1, "a")]).packed()])
def test_garbage_is_no_order(packed: bytes) -> None:
    assert FrozenOrder.unpacked(packed) is None


@pytest.mark.parametrize(
    ("kept", "shown", "now", "shows", "keeps"),
    [
        ("cab", 0, "abc", "cab", "cab"),
        ("cab", 0, "ab", "ab", "ab"),
        ("cab", 1, "ab", "-ab", "cab"),
        ("cab", 2, "abcde", "cabde", "cabde"),
        ("cab", 2, "xb", "--bx", "cabx"),
        ("cab", 9, "a", "-a-", "cab"),
    ],
)
def test_what_was_shown_keeps_its_place_and_what_was_not_closes_up(
    kept: str, shown: int, now: str, shows: str, keeps: str
) -> None:
    resumed = resume(hits(kept), shown, hits(now))
    assert resumed is not None
    assert "".join("-" if p is None else now[p] for p in resumed.positions) == shows
    assert resumed.kept == hits(keeps)
    assert resumed.changed == (keeps != kept)


def test_an_order_of_which_nothing_is_left_is_none() -> None:
    assert resume(hits("abc"), 1, hits("def")) is None
    assert resume(hits("abc", "catalog-1"), 1, hits("abc", "catalog-2")) is None


def test_the_same_id_twice_is_two_hits() -> None:
    resumed = resume(hits("aab"), 0, hits("baa"))
    assert resumed is not None
    assert resumed.positions == [1, 2, 0]


def key(body: Any, url: dict[str, str] | None = None, names: tuple[str, ...] = ("catalog",), weight: str = "") -> str:
    fields = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    return walk_key(names, url or {}, fields, bytes(fields.get("query", b"{}")), weight)


BAG = {"query": {"bool": {"must": [{"match": {"name": "bag"}}], "filter": []}}, "post_filter": {"term": {"a": 1}}}


@pytest.mark.parametrize(
    "other",
    [
        {**BAG, "from": 10, "size": 5},
        {**BAG, "_source": False, "aggs": {"a": {"terms": {"field": "b"}}}, "highlight": {}, "fields": ["x"]},
        {"post_filter": BAG["post_filter"], "query": {"bool": {"filter": [], "must": [{"match": {"name": "bag"}}]}}},
    ],
)
def test_pages_of_one_search_are_one_walk(other: dict[str, Any]) -> None:
    assert key(other) == key(BAG)
    assert key(BAG, {"from": "20", "filter_path": "hits", "pretty": ""}) == key(BAG)


@pytest.mark.parametrize(
    "other",
    [
        {**BAG, "query": {"match": {"name": "bag"}}},
        {**BAG, "post_filter": {"term": {"a": 2}}},
        {**BAG, "collapse": {"field": "group"}},
        {**BAG, "runtime_mappings": {}},
        {**BAG, "something_new": 1},
    ],
)
def test_what_decides_hits_or_order_makes_another_walk(other: dict[str, Any]) -> None:
    assert key(other) != key(BAG)


def test_routing_indices_and_weight_make_another_walk() -> None:
    keys = [key(BAG), key(BAG, {"routing": "a"}), key(BAG, names=("b",)), key(BAG, weight="0.5")]
    assert len(set(keys)) == 4
