"""The guards in front of a real engine: what they refuse, the engine would have done, and it never hears of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.asking import Ask, Over
from tests.support.recorder import recorder
from tests.support.served import serving
from tests.support.stack import TestStack

GUARDS = {
    "SESSIONRANK_GUARD_SCRIPTS": "true",
    "SESSIONRANK_GUARD_PATTERNS": "true",
    "SESSIONRANK_MAX_SIZE": "100",
    "SESSIONRANK_MAX_FROM": "500",
    "SESSIONRANK_MAX_AGGREGATIONS": "3",
    "SESSIONRANK_MAX_CLAUSES": "50",
    "SESSIONRANK_MAX_NESTING": "40",
}


@pytest.fixture(scope="module")
def index(stack: TestStack) -> Iterator[str]:
    direct, name = Over(stack.upstream), f"box{secrets.token_hex(4)}"
    assert direct("PUT", f"/{name}/_doc/1?refresh=true", {"name": "red shoe", "price": 5}).status == 201
    yield name
    direct("DELETE", f"/{name}")


@pytest.fixture(scope="module")
def box(stack: TestStack, index: str) -> Iterator[Ask]:
    """A search box with every guard on, before the real engine."""
    with serving({**stack.environment, "SESSIONRANK_INDICES": index, **GUARDS}) as running:
        yield Over(f"http://127.0.0.1:{running.port}")


def deep(levels: int) -> bytes:
    return b'{"query":' + b'{"bool":{"must":[' * levels + b'{"match_all":{}}' + b"]}}" * levels + b"}"


DEAR = [
    ("", {"query": {"regexp": {"name": ".*shoe"}}}, "SESSIONRANK_GUARD_PATTERNS"),
    ("", {"query": {"wildcard": {"name": "*hoe"}}}, "SESSIONRANK_GUARD_PATTERNS"),
    ("?q=*hoe", None, "SESSIONRANK_GUARD_PATTERNS"),
    ("?q=red^2*hoe", None, "SESSIONRANK_GUARD_PATTERNS"),
    ("?q=name:/.*hoe/", None, "SESSIONRANK_GUARD_PATTERNS"),
    ("", {"aggs": {"a": {"terms": {"field": "name.keyword", "include": ".*"}}}}, "SESSIONRANK_GUARD_PATTERNS"),
    ("", {"script_fields": {"a": {"script": "1"}}}, "SESSIONRANK_GUARD_SCRIPTS"),
    ("", b'{"scr\\u0069pt_fields":{"a":{"script":"1"}}}', "SESSIONRANK_GUARD_SCRIPTS"),
    ("", {"sort": {"_script": {"type": "number", "script": "1"}}}, "SESSIONRANK_GUARD_SCRIPTS"),
    ("", {"size": "101d"}, "SESSIONRANK_MAX_SIZE"),
    ("", {"size": 1e3}, "SESSIONRANK_MAX_SIZE"),
    ("?size=%D9%A1%D9%A0%D9%A1", None, "SESSIONRANK_MAX_SIZE"),
    ("?from=501", None, "SESSIONRANK_MAX_FROM"),
    ("", {"aggs": {"size": {"terms": {"field": "price", "size": 101}}}}, "SESSIONRANK_MAX_SIZE"),
    ("", {"aggs": {str(n): {"avg": {"field": "price"}} for n in range(4)}}, "SESSIONRANK_MAX_AGGREGATIONS"),
    ("", {"query": {"bool": {"should": [{"term": {"price": n}} for n in range(50)]}}}, "SESSIONRANK_MAX_CLAUSES"),
    ("", deep(20), "SESSIONRANK_MAX_NESTING"),
    ("?q=" + "(" * 41 + "red" + ")" * 41, None, "SESSIONRANK_MAX_NESTING"),
    ("?a=b;q=*hoe", None, "cannot be read"),
    ("", {"query": {"wrapper": {"query": "eyJtYXRjaF9hbGwiOnt9fQ=="}}}, "wrapper"),
    ("", b'/* a comment */{"size":1000}', "cannot be read"),
    ("", '{"size":1000}'.encode("utf-16"), "cannot be read"),
]


@pytest.mark.parametrize(("query", "body", "told"), DEAR)
def test_what_the_engine_would_do_is_refused(
    box: Ask, stack: TestStack, index: str, query: str, body: Any, told: str
) -> None:
    got = box("POST", f"/{index}/_search{query}", body)
    assert (got.status, got.told) == (400, "refused; reason=guard")
    error = got.json()["error"]
    assert error["type"] == "illegal_argument_exception"
    assert error["root_cause"] == [{"type": error["type"], "reason": error["reason"]}]
    assert told in error["reason"]
    if "a=b;" not in query:  # the engine splits there, and then does not know `a`
        assert Over(stack.upstream)("POST", f"/{index}/_search{query}", body).status == 200


def test_an_ordinary_search_passes_and_is_counted(box: Ask, index: str) -> None:
    body = {
        "query": {"bool": {"must": {"match": {"name": "red"}}, "filter": {"range": {"price": {"from": 1, "to": 9}}}}},
        "aggs": {"prices": {"terms": {"field": "price", "size": 50}, "aggs": {"p": {"avg": {"field": "price"}}}}},
        "size": 100,
        "from": 0,
    }
    got = box("POST", f"/{index}/_search", body)
    assert (got.status, got.json()["hits"]["total"]["value"]) == (200, 1)
    assert box("GET", f"/{index}/_search?q=name:sho*&size=5").json()["hits"]["total"]["value"] == 1
    items = b'{}\n{"query":{"match":{"name":"red"}}}\n'
    got = box("POST", f"/{index}/_msearch", items, {"Content-Type": "application/x-ndjson"})
    assert got.json()["responses"][0]["hits"]["total"]["value"] == 1
    box("GET", f"/{index}/_search?size=101")
    assert b'outcome="refused",reason="guard"' in box("GET", "/_sessionrank/metrics").body


def test_an_item_that_is_too_dear_refuses_the_whole_and_none_reaches_the_engine(
    proxy_with: Callable[..., Ask],
) -> None:
    with recorder() as engine:
        ask = proxy_with(upstream=(f"http://127.0.0.1:{engine.port}",), guard_patterns=True, max_nesting=40)
        items = b'{}\n{"query":{"match_all":{}}}\n{}\n{"query":{"regexp":{"a":"b"}}}\n'
        for target, body in (
            ("/catalog/_msearch", items),
            ("/catalog/_count", {"query": {"regexp": {"a": "b"}}}),
            # It ends a node of OpenSearch 3.6.
            ("/catalog/_search", deep(400)),
            ("/catalog/_async_search", deep(400)),
            ("/catalog/_doc/_search", deep(400)),
            ("/_sql", {"query": "SELECT 1"}),
        ):
            got = ask("POST", target, body)
            assert (got.status, got.told) == (400, "refused; reason=guard"), target
        assert engine.asked == []
        assert ask("POST", "/catalog/_search", deep(5)).status == 200
