"""Form (b): a touched search answers as the engine does to the wrapped body; a session changes the order alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proxy.popularity.script_score import ScriptScore
from tests.support.asking import Ask, untimed
from tests.support.shop import Shop, command, planted_vectors
from tests.support.stack import TestStack

Visit = Callable[[Sequence[str]], dict[str, str]]
RED = {"match": {"name": "red"}}


def wrapped(query: Any) -> Any:
    return ScriptScore().wrap(query, field="popularity", weight=1.0)


#: Bodies with everything that hangs on hits; `query` is always there.
BODIES: dict[str, dict[str, Any]] = {
    "plain": {"query": RED, "size": 30},
    "from": {"query": RED, "from": 7, "size": 20},
    "all": {"query": {"match_all": {}}, "size": 100},
    "aggregations": {
        "query": RED,
        "size": 40,
        "aggs": {"groups": {"terms": {"field": "group"}, "aggs": {"p": {"avg": {"field": "popularity"}}}}},
    },
    "post-filter": {"query": RED, "post_filter": {"range": {"popularity": {"gte": 3}}}, "size": 30},
    "suggest": {"query": RED, "suggest": {"s": {"text": "haert", "term": {"field": "name"}}}},
    "fields": {"query": RED, "_source": ["sku"], "docvalue_fields": ["group", "popularity"], "size": 15},
    "named": {"query": {"bool": {"should": [RED, {"match": {"name": {"query": "heart", "_name": "h"}}}]}}, "size": 60},
    "collapse": {"query": RED, "collapse": {"field": "group", "inner_hits": {"name": "top", "size": 2}}, "size": 20},
    "track": {"query": RED, "track_total_hits": 5, "track_scores": True, "version": True, "seq_no_primary_term": True},
    "script-fields": {"query": RED, "script_fields": {"n": {"script": {"source": "1 + 1"}}}, "size": 12},
    "explain": {"query": RED, "explain": True, "size": 3},
    "score-sort": {"query": RED, "sort": [{"_score": {"order": "desc"}}], "size": 12},
    "no-hits": {"query": {"match": {"name": "nothingofthiskind"}}},
}
#: Members of an answer that do not hang on the order of hits.
REST = ("timed_out", "_shards", "aggregations", "suggest")


@pytest.mark.parametrize("target", ["", "?pretty", "?human=false&typed_keys=true"])
@pytest.mark.parametrize("name", BODIES)
def test_without_a_session_the_answer_is_the_engines_to_the_wrapped_body(
    proxy: Ask, direct: Ask, shop: Shop, name: str, target: str
) -> None:
    body = BODIES[name]
    got = proxy("POST", f"/{shop.alias}/_search{target}", body)
    expected = direct("POST", f"/{shop.alias}/_search{target}", body | {"query": wrapped(body["query"])})
    assert expected.status == 200, expected.body
    assert untimed(got.body) == untimed(expected.body)
    assert got.engine_headers() == expected.engine_headers()
    assert got.reason == "no-session"


@pytest.mark.parametrize("name", [name for name in BODIES if name != "no-hits"])
def test_a_session_changes_the_order_and_nothing_else(proxy: Ask, shop: Shop, visit: Visit, name: str) -> None:
    target, whole = f"/{shop.alias}/_search", BODIES[name] | {"from": 0, "size": 100}
    session = visit(shop.of_cluster(1))
    plain, personal = proxy("POST", target, whole), proxy("POST", target, whole, session)
    assert plain.reason == "no-session"
    assert personal.told.startswith("personalised; window=100; moved=")
    before, after = plain.json(), personal.json()
    assert [before.get(member) for member in REST] == [after.get(member) for member in REST]
    assert list(before) == list(after)
    hits_before, hits_after = before["hits"].pop("hits"), after["hits"].pop("hits")
    assert before["hits"] == after["hits"]
    assert hits_before != hits_after
    assert sorted(map(json.dumps, hits_before)) == sorted(map(json.dumps, hits_after))
    # The client's own page is a slice of that order.
    page = proxy("POST", target, BODIES[name], session).json()["hits"]["hits"]
    start = BODIES[name].get("from", 0)
    assert page == hits_after[start : start + BODIES[name].get("size", 10)]


def test_a_session_that_finds_nothing_gets_nothing(proxy: Ask, shop: Shop, visit: Visit) -> None:
    got = proxy("POST", f"/{shop.alias}/_search", BODIES["no-hits"], visit(shop.of_cluster(1)))
    assert got.reason == "no-hits"
    assert untimed(got.body) == untimed(proxy("POST", f"/{shop.alias}/_search", BODIES["no-hits"]).body)


@pytest.mark.parametrize("kind", ["unified", "plain", "fvh"])
def test_highlights_are_those_of_the_clients_own_query(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, kind: str
) -> None:
    body = {"query": RED, "size": 100, "highlight": {"type": kind, "fields": {"name": {}}}}

    def highlights(ask: Ask, headers: dict[str, str]) -> dict[str, Any]:
        hits = ask("POST", f"/{shop.alias}/_search", body, headers).json()["hits"]["hits"]
        return {hit["_id"]: hit.get("highlight") for hit in hits}

    own = highlights(direct, {})
    assert len(own) > 20
    assert all("<em>RED</em>" in each["name"][0] for each in own.values())
    assert highlights(proxy, {}) == own
    assert highlights(proxy, visit(shop.of_cluster(2))) == own


@pytest.mark.parametrize("page", [(0, 10), (3, 1), (15, 2), (5000, 10), (90, 10)])
def test_pretty_keeps_its_layout(proxy: Ask, direct: Ask, shop: Shop, visit: Visit, page: tuple[int, int]) -> None:
    target = f"/{shop.alias}/_search?pretty"
    body = {"query": RED, "aggs": {"g": {"terms": {"field": "group"}}}}
    whole = untimed(direct("POST", target, body | {"query": wrapped(RED), "size": 100}).body)
    blocks = {
        json.loads(block)["_id"]: block for block in re.findall(rb"\n(      \{\n.*?\n      \})", whole, re.DOTALL)
    }
    got = proxy("POST", target, body | {"from": page[0], "size": page[1]}, visit(shop.of_cluster(1)))
    head, opening, rest = whole.partition(b'    "hits" : [')
    tail = rest[rest.index(b"\n    ]\n") + len(b"\n    ]\n") :]
    shown = b",\n".join(blocks[each] for each in got.ids())
    array = b"\n" + shown + b"\n    ]\n" if shown else b" ]\n"
    assert untimed(got.body) == head + opening + array + tail


RAW = [
    b'{"name": "thing a",  "n": 1.0, "e": 1.0E10, "big": 9007199254740993, "deep": {"x": [1, 2.50, {"y": null}]}}',
    b'{"n":-0.0,"name":"thing \\u00e9 \xc3\xa9 \\/ \\"b\\"","e":1e-7,"big":123456789012345678901234567890.10}',
    b'{"name":"thing","hits":{"hits":[]},"took":5,"_ids":"x","n":0.1000}',
    b'{"name":"thing d","n":2,"e":3.0,"list":[ ],"o":{ }}',
]


@pytest.fixture(scope="module")
def raw_index(stack: TestStack, direct: Ask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index of somebody else's, whose documents are written in many ways, with published vectors."""
    name = f"raw-{tmp_path_factory.mktemp('raw').parent.name}"
    direct("DELETE", f"/{name}")
    mapping = {"dynamic": False, "properties": {"name": {"type": "text"}}}
    assert direct("PUT", f"/{name}", {"mappings": mapping}).status == 200
    for number, source in enumerate(RAW):
        headers = {"Content-Type": "application/json"}
        assert direct("PUT", f"/{name}/_doc/{number}?refresh", source, headers).status == 201
    folder: Path = tmp_path_factory.mktemp("vectors")
    planted_vectors([str(number) for number in range(len(RAW))], seed=1)[0].save(folder / "v.npz")
    command(["index", "vectors", str(folder / "v.npz"), "--index", name], stack.environment)
    yield name
    direct("DELETE", f"/{name}")


def test_the_text_of_every_source_stays_as_it_was_written(
    proxy_with: Callable[..., Ask], direct: Ask, raw_index: str, visit: Visit
) -> None:
    ask = proxy_with(indices=(raw_index,))
    texts = set()
    for viewed in "0123":
        got = ask("GET", f"/{raw_index}/_search?q=name:thing", None, visit([viewed]))
        assert got.reason == ""
        assert all(source in got.body for source in RAW)
        texts.add(untimed(got.body))
    assert len(texts) > 1
    # The number 9007199254740993 cannot be a float, 1.0 is no 1, and `1.0E10` would come back as 1e10.
    assert b"9007199254740993" in got.body
    off = ask("GET", f"/{raw_index}/_search?q=name:thing", None, {"X-Sessionrank": "off"})
    assert untimed(off.body) == untimed(direct("GET", f"/{raw_index}/_search?q=name:thing").body)
