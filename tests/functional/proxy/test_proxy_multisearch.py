"""Multi-searches before a real engine: each item is what the same search gives when it comes alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.asking import Ask, untimed
from tests.support.shop import Shop

Visit = Callable[[Sequence[str]], dict[str, str]]
NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(*parts: Any) -> bytes:
    return b"".join((part if isinstance(part, bytes) else json.dumps(part).encode()) + b"\n" for part in parts)


BAG = {"query": {"match": {"name": "bag"}}}
SEARCHES: list[dict[str, Any]] = [
    BAG,
    {**BAG, "from": 3, "size": 4},
    {**BAG, "sort": "popularity"},
    {**BAG, "_source": False, "aggs": {"groups": {"terms": {"field": "group"}}}},
    {**BAG, "highlight": {"fields": {"name": {"type": "fvh"}}}, "size": 3},
    {"query": {"match_phrase_prefix": {"popularity": "x"}}},
    {**BAG, "size": 0},
    {**BAG, "from": 120, "size": 3, "query": {"match_all": {}}},
    {**BAG, "collapse": {"field": "group", "inner_hits": {"name": "more", "size": 2}}},
    {},
    {"size": 20_000},
    {**BAG, "stored_fields": "_none_"},
]


@pytest.mark.parametrize("viewed", [0, 3])
def test_each_item_is_what_the_same_search_gives_alone(proxy: Ask, shop: Shop, visit: Visit, viewed: int) -> None:
    headers = visit(shop.of_cluster(2, viewed)) if viewed else {}
    body = lines(*(part for search in SEARCHES for part in ({"index": shop.alias}, search)))
    answer = proxy("POST", "/_msearch", body, {**NDJSON, **headers})
    assert answer.status == 200
    told = "personalised" if viewed else "plain; reason=mixed"
    assert answer.told.startswith(told)
    responses = answer.json()["responses"]
    assert len(responses) == len(SEARCHES)
    for search, response in zip(SEARCHES, responses, strict=True):
        alone = proxy("POST", f"/{shop.alias}/_search", search, headers)
        assert response.pop("status") == alone.status
        expected = alone.json()
        expected.pop("status", None)
        for each in (response, expected):
            each.pop("took", None)
        assert response == expected, search


@pytest.mark.parametrize(
    "body",
    [
        lines({}, BAG)[:-1],
        lines({}, BAG, {}),
        lines({}, BAG, b""),
        lines(b"", {}, BAG),
        lines({}, BAG).replace(b"\n", b"\r\n"),
        lines(b"", BAG, b"", BAG),
        lines({}, BAG, b"{", BAG),
        lines({"nix": 1}, BAG),
        lines({}, BAG, {}, b"{"),
        lines({"index": "missing"}, BAG, {"index": "missing", "ignore_unavailable": True}, BAG),
        lines({"index": 3}, BAG),
        b"\n",
        b"",
    ],
)
def test_odd_lines_have_the_engines_own_outcome(proxy: Ask, direct: Ask, shop: Shop, body: bytes) -> None:
    target = f"/{shop.alias}/_msearch"
    ours, engines = (ask("POST", target, body, NDJSON) for ask in (proxy, direct))
    assert ours.status == engines.status
    if ours.status != 200:
        assert untimed(ours.body) == untimed(engines.body)
        return
    outcomes = [[part.get("status") for part in got.json()["responses"]] for got in (ours, engines)]
    assert outcomes[0] == outcomes[1]
    totals = [[part.get("hits", {}).get("total") for part in got.json()["responses"]] for got in (ours, engines)]
    assert totals[0] == totals[1]


def test_off_and_items_of_other_indices_are_the_engines_bytes(proxy: Ask, direct: Ask, shop: Shop) -> None:
    body = lines({}, BAG, {"index": "missing"}, BAG)
    for target, headers in ((f"/{shop.alias}/_msearch", {"X-Sessionrank": "off"}), (f"/{shop.index}/_msearch", {})):
        ours = proxy("POST", target, body, {**NDJSON, **headers, "X-Session-Id": "s1"})
        assert untimed(ours.body) == untimed(direct("POST", target, body, NDJSON).body)


@pytest.mark.parametrize(
    "parameters",
    [
        "max_concurrent_searches=1",
        "typed_keys",
        "rest_total_hits_as_int=true",
        "search_type=dfs_query_then_fetch",
        "pretty",
    ],
)
def test_parameters_of_the_whole_hold_for_changed_items(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, parameters: str
) -> None:
    headers = visit(shop.of_cluster(1, 2))
    whole = {**BAG, "size": 60}
    body = lines({}, {**whole, "aggs": {"groups": {"terms": {"field": "group"}}}}, {}, whole)
    target = f"/{shop.alias}/_msearch?{parameters}"
    ours, engines = proxy("POST", target, body, {**NDJSON, **headers}), direct("POST", target, body, NDJSON)
    assert ours.told.startswith("personalised")
    for mine, theirs in zip(ours.json()["responses"], engines.json()["responses"], strict=True):
        assert mine.get("aggregations") == theirs.get("aggregations")
        assert mine["hits"]["total"] == theirs["hits"]["total"]
    assert ours.body.count(b"\n") == engines.body.count(b"\n")


@pytest.mark.parametrize(
    "wish",
    ["responses.hits.hits._source", "responses.hits.total", "responses", "**._id", "-responses.took,-took",
     "responses.hits.hits._source,responses.error", "took"],
)  # fmt: skip
def test_a_filter_path_gives_what_it_gives_for_the_same_searches_directly(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, wish: str
) -> None:
    headers = visit(shop.of_cluster(1, 2))
    body = lines({}, {**BAG, "size": 60}, {"index": "missing"}, BAG, {}, {**BAG, "sort": "popularity"})
    target = f"/{shop.alias}/_msearch?filter_path={wish}"
    ours = proxy("POST", target, body, {**NDJSON, **headers}).json()
    engines = direct("POST", target, body, NDJSON).json()

    def shape(value: Any) -> Any:
        """An answer but for times, scores and the order of its hits."""
        if isinstance(value, dict):
            return {k: shape(v) for k, v in value.items() if k not in ("took", "_score", "max_score")}
        if isinstance(value, list) and value and isinstance(value[0], dict) and value[0].keys() & {"_id", "_source"}:
            return sorted((shape(each) for each in value), key=json.dumps)
        return [shape(each) for each in value] if isinstance(value, list) else value

    assert shape(ours) == shape(engines)


def test_a_gzipped_multi_search_is_personalised(proxy: Ask, shop: Shop, visit: Visit) -> None:
    headers = {**NDJSON, "Content-Encoding": "gzip", **visit(shop.of_cluster(1, 2))}
    answer = proxy("POST", f"/{shop.alias}/_msearch", gzip.compress(lines({}, BAG)), headers)
    assert answer.told.startswith("personalised")


def test_a_multi_search_too_large_to_reorder_is_plain(proxy_with: Callable[..., Ask], shop: Shop, visit: Visit) -> None:
    ask = proxy_with(max_response_bytes=4096)
    answer = ask("POST", f"/{shop.alias}/_msearch", lines({}, BAG), {**NDJSON, **visit(shop.of_cluster(1, 2))})
    assert (answer.told, answer.status) == ("plain; reason=too-large", 200)
    assert len(answer.json()["responses"][0]["hits"]["hits"]) == 10
