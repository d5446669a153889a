"""The guards of a public search box: what is dear is refused wherever it stands and however it is spelt."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from proxy.gate import Gate, Refused, Route
from proxy.request import ClientRequest
from proxy.settings import ProxySettings
from sessionrank.errors import ConfigurationError

JSON = "application/json"


def refused(
    settings: dict[str, Any], body: Any = b"", target: str = "/catalog/_search", content_type: str = JSON
) -> str:
    """The reason of a refusal, or nothing."""
    gate = Gate(ProxySettings(**settings))
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    route = gate.admit("POST", target, own_credentials=False)
    assert isinstance(route, Route), target
    request = ClientRequest("POST", target, [("Content-Type", content_type)] if data else [], data)
    assert route.unseen
    found = gate.look_inside(request, route)
    assert found is None or found.by == "guard"
    return found.reason if found else ""


PLAIN = [
    b"",
    {"query": {"match": {"description": "script of a regexp with *stars*"}}, "size": 20, "from": 40},
    {"query": {"term": {"size": 5000}}, "post_filter": {"range": {"price": {"from": 5000, "to": 6000}}}},
    {"query": {"match": {"size": "42 EU"}}},
    {"query": {"wildcard": {"name": {"value": "sho*"}}}},
    {"query": {"query_string": {"query": 'shoe* +name:red* (a OR b) -price:[* TO 5] colour:* "x y"~2 and/or'}}},
    {"query": {"query_string": {"query": r"\*foo a\/b\/c \? why ?"}}},
    {"query": {"simple_query_string": {"query": "a/b/c | d*"}}},
    {"aggs": {"x": {"terms": {"field": "a", "include": ["b"]}, "aggs": {"y": {"avg": {"field": "p"}}}}}},
    {"_source": {"include": "na*"}},
    {"aggs": {"r": {"range": {"field": "price", "ranges": [{"from": 5000}]}}}},
]
ALL_ON = {
    "guard_scripts": True,
    "guard_patterns": True,
    "max_size": 100,
    "max_from": 1000,
    "max_aggregations": 2,
    "max_clauses": 15,
    "max_nesting": 12,
}


@pytest.mark.parametrize("body", PLAIN)
def test_what_a_search_box_sends_passes_with_all_guards_on(body: Any) -> None:
    assert refused(ALL_ON, body) == ""


SCRIPTS = [
    {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": "1"}}}},
    {"query": {"bool": {"filter": [{"script": {"script": "true"}}]}}},
    {"query": {"function_score": {"functions": [{"script_score": {"script": "1"}}]}}},
    {"query": {"terms_set": {"a": {"terms": ["b"], "minimum_should_match_script": {"source": "1"}}}}},
    {"query": {"intervals": {"a": {"match": {"query": "b", "filter": {"script": {"source": "true"}}}}}}},
    {"script_fields": {"a": {"script": "1"}}},
    {"runtime_mappings": {"a": {"type": "long"}}},
    {"sort": [{"_script": {"type": "number", "script": "1"}}]},
    {"aggs": {"a": {"scripted_metric": {"map_script": "1"}}}},
    {"aggs": {"a": {"terms": {"field": "b"}, "aggs": {"c": {"bucket_script": {"buckets_path": {}}}}}}},
    {"aggs": {"a": {"avg": {"script": "1"}}}},
    {"suggest": {"a": {"text": "b", "phrase": {"field": "c", "collate": {"query": {"source": "{}"}}}}}},
    {"collapse": {"field": "a", "inner_hits": {"name": "b", "script_fields": {}}}},
    b'{"scr\\u0069pt_fields":{}}',
    b'{"size":1,"query":{"match_all":{}},"query":{"script":{}}}',
    b'{"query":{"script":{}},"query":{"match_all":{}}}',
]


@pytest.mark.parametrize("body", SCRIPTS)
def test_scripts_are_refused_wherever_they_stand(body: Any) -> None:
    assert "SESSIONRANK_GUARD_SCRIPTS" in refused({"guard_scripts": True}, body)
    assert "SESSIONRANK" not in refused({"guard_patterns": True}, body)


PATTERNS = [
    {"query": {"regexp": {"name": "a.*"}}},
    {"query": {"bool": {"must_not": {"span_multi": {"match": {"regexp": {"name": {"value": "a"}}}}}}}},
    {"query": {"wildcard": {"name": "*a"}}},
    {"query": {"wildcard": {"name": {"wildcard": "?a"}}}},
    {"query": {"intervals": {"name": {"any_of": {"intervals": [{"wildcard": {"pattern": "*a"}}]}}}}},
    {"query": {"query_string": {"query": "*a"}}},
    {"query": {"query_string": {"query": "name:*a"}}},
    {"query": {"query_string": {"query": "red +(blue ?a)"}}},
    {"query": {"query_string": {"query": "red^2*a"}}},
    {"query": {"query_string": {"query": "red~1*a"}}},
    {"query": {"query_string": {"query": "**"}}},
    {"query": {"query_string": {"query": "\\\\ *a"}}},
    {"query": {"query_string": {"query": "a\u3000*a"}}},
    {"query": {"query_string": {"query": "name:/a.*/"}}},
    {"query": {"query_string": {"query": r"\\/a.*/"}}},
    {"query": {"query_string": {"query": r"\\" + " *a"}}},
    {"query": {"simple_query_string": {"query": "*a"}}},
    {"aggs": {"a": {"terms": {"field": "b", "include": ".*c.*"}}}},
    {"aggs": {"a": {"significant_terms": {"field": "b", "exclude": "c.*"}}}},
    {"suggest": {"a": {"regex": "b.*", "completion": {"field": "c"}}}},
    b'{"query":{"w\\u0069ldcard":{"name":"\\u002aa"}}}',
]


@pytest.mark.parametrize("body", PATTERNS)
def test_regular_expressions_and_leading_wildcards_are_refused(body: Any) -> None:
    assert "SESSIONRANK_GUARD_PATTERNS" in refused({"guard_patterns": True}, body)
    assert refused({"guard_scripts": True}, body) == ""


@pytest.mark.parametrize("query", ["q=*a", "q=%2Aa", "q=b&q=*a", "q=*a&q=b", "%71=*a", "q=name:/a.*/"])
def test_patterns_in_the_url_are_refused_in_each_of_repeated_parameters(query: str) -> None:
    for endpoint in ("_search", "_count", "_validate/query", "_explain/1", "_async_search", "shoe/_search"):
        assert "SESSIONRANK_GUARD_PATTERNS" in refused({"guard_patterns": True}, target=f"/catalog/{endpoint}?{query}")


@pytest.mark.parametrize("query", ["a;q=*a", "=q=*a", "a&=q=*a", "q=%zz"])
def test_a_url_that_engines_split_otherwise_is_refused(query: str) -> None:
    assert "cannot be read" in refused({"max_size": 10}, target=f"/catalog/_search?{query}")


def test_patterns_of_an_analyzer_of_the_clients_own_are_refused() -> None:
    body = {"text": "a", "tokenizer": {"type": "pattern", "pattern": "(a+)+$"}}
    assert "GUARD_PATTERNS" in refused({"guard_patterns": True}, body, "/_analyze")
    assert refused({"guard_scripts": True}, body, "/_analyze") == ""
    assert refused({"guard_patterns": True}, {"text": "a", "analyzer": "standard"}, "/_analyze") == ""


SIZES = [
    {"size": 101},
    {"size": 101.0},
    {"size": "101"},
    {"size": "1e9"},
    {"size": "101d"},
    b'{"size":1e3}',
    b'{"size":10,"size":101}',
    b'{"size":101,"size":10}',
    {"aggs": {"a": {"terms": {"field": "b", "size": 101}}}},
    {"aggs": {"query": {"terms": {"size": 101, "field": "b"}}}},
    {"aggs": {"a": {"terms": {"field": "b", "shard_size": 101}}}},
    {"aggs": {"a": {"terms": {"field": "b"}, "aggregations": {"c": {"top_hits": {"size": 101}}}}}},
    {"aggs": {"a": {"composite": {"sources": [], "size": 101}}}},
    {"suggest": {"term": {"text": "a", "term": {"field": "b", "size": 101}}}},
    {"collapse": {"field": "a", "inner_hits": [{"name": "b", "size": 101}]}},
    {"query": {"nested": {"path": "a", "query": {"match_all": {}}, "inner_hits": {"size": 101}}}},
    {"rescore": {"window_size": 101, "query": {"rescore_query": {"match_all": {}}}}},
    {"knn": {"field": "v", "query_vector": [1], "k": 5, "num_candidates": 101}},
]


@pytest.mark.parametrize("body", SIZES)
def test_sizes_are_bounded_wherever_they_stand(body: Any) -> None:
    assert "SESSIONRANK_MAX_SIZE" in refused({"max_size": 100}, body)
    assert refused({"max_from": 100}, body) == ""


@pytest.mark.parametrize(
    "body",
    [{"from": 101}, {"from": "101"}, {"collapse": {"field": "a", "inner_hits": {"from": 101}}},
     {"aggs": {"a": {"top_hits": {"from": 101}}}}],
)  # fmt: skip
def test_the_start_of_a_page_is_bounded(body: Any) -> None:
    assert "SESSIONRANK_MAX_FROM" in refused({"max_from": 100}, body)


@pytest.mark.parametrize("query", ["size=101", "size=+101", "size=1&size=101", "size=101&size=1", "suggest_size=101"])
def test_sizes_in_the_url_are_bounded(query: str) -> None:
    assert "SESSIONRANK_MAX_SIZE" in refused({"max_size": 100}, target=f"/catalog/_search?{query}")


def test_digits_of_other_scripts_are_no_way_around() -> None:
    """Engines read them as numbers."""
    target = "/catalog/_search?size=" + quote("١٠١")
    assert "SESSIONRANK_MAX_SIZE" in refused({"max_size": 100}, target=target)
    assert "SESSIONRANK_MAX_FROM" in refused({"max_from": 100}, target="/catalog/_search?from=101")


def test_aggregations_are_counted_at_every_level() -> None:
    inner = {"c": {"avg": {"field": "p"}}}
    body = {"aggs": {"a": {"terms": {"field": "f"}, "aggregations": inner}, "aggs": {"avg": {"field": "p"}}}}
    assert refused({"max_aggregations": 3}, body) == ""
    assert "SESSIONRANK_MAX_AGGREGATIONS" in refused({"max_aggregations": 2}, body)
    twice = b'{"aggs":{"a":{"avg":{}},"a":{"avg":{}}},"aggs":{"b":{"avg":{}}}}'
    assert "SESSIONRANK_MAX_AGGREGATIONS" in refused({"max_aggregations": 2}, twice)


def test_queries_are_counted_but_not_the_kinds_of_aggregations() -> None:
    body = {
        "query": {"bool": {"should": [{"term": {"a": 1}}] * 3, "filter": {"terms": {"b": [1, 2]}}}},
        "post_filter": {"match": {"c": "d e f"}},
        "aggs": {"x": {"terms": {"field": "f"}, "aggs": {"y": {"filter": {"exists": {"field": "g"}}}}}},
    }
    assert refused({"max_clauses": 7}, body) == ""
    assert "SESSIONRANK_MAX_CLAUSES" in refused({"max_clauses": 6}, body)


def test_each_word_of_a_query_string_counts_as_a_query() -> None:
    body = {"query": {"query_string": {"query": "a OR b OR c"}}}
    assert refused({"max_clauses": 6}, body) == ""
    assert "SESSIONRANK_MAX_CLAUSES" in refused({"max_clauses": 5}, body)
    assert "SESSIONRANK_MAX_CLAUSES" in refused({"max_clauses": 4}, target="/catalog/_search?q=a+OR+b+OR+c")


def nested(levels: int) -> dict[str, Any]:
    body: dict[str, Any] = {"match_all": {}}
    for _ in range(levels):
        body = {"bool": {"must": [body]}}
    return {"query": body}


def test_nesting_is_bounded_however_deep_it_goes() -> None:
    assert refused({"max_nesting": 33}, nested(10)) == ""
    assert "SESSIONRANK_MAX_NESTING" in refused({"max_nesting": 32}, nested(10))
    assert "SESSIONRANK_MAX_NESTING" in refused({"max_nesting": 100}, nested(100))
    deep = b'{"query":' + b'{"bool":{"must":' * 100_000 + b"{}" + b"}}" * 100_000 + b"}"
    assert "nested" in refused({"max_nesting": 100}, deep)


def test_brackets_of_a_query_string_are_nested_as_well() -> None:
    target = "/catalog/_search?q=" + "(" * 30 + "a" + ")" * 30
    assert refused({"max_nesting": 30}, target=target) == ""
    assert "SESSIONRANK_MAX_NESTING" in refused({"max_nesting": 29}, target=target)
    assert refused({"max_nesting": 2}, target="/catalog/_search?q=(a)+(b)+(c)") == ""


ON = {"guard_scripts": True, "guard_patterns": True, "max_size": 100}


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/catalog/_msearch", b'{}\n{"query":{"match_all":{}}}\n{}\n{"query":{"regexp":{"a":"b"}}}\n'),
        ("/_msearch", b'\n{"query":{"regexp":{"a":"b"}}}\n'),
        ("/catalog/_count", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_validate/query", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_explain/1", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_async_search", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_rank_eval", b'{"requests":[{"id":"a","request":{"query":{"regexp":{"a":"b"}}}}]}'),
        ("/catalog/_rank_eval", b'{"requests":[{"id":"a","request":{"size":1000}}]}'),
        ("/catalog/_rank_eval", b'{"templates":[{"id":"t","template":{"source":"{}"}}],"requests":[]}'),
        ("/catalog/_field_caps?fields=*", b'{"index_filter":{"regexp":{"a":"b"}}}'),
        ("/catalog/_terms_enum", b'{"field":"a","index_filter":{"regexp":{"a":"b"}}}'),
        ("/_search", b'{"pit":{"id":"a"},"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_mvt/g/1/1/1", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_knn_search", b'{"filter":{"regexp":{"a":"b"}}}'),
        ("/catalog/shoe/_search", b'{"query":{"regexp":{"a":"b"}}}'),
        ("/catalog/_search", b'{"query":{"wrapper":{"query":"eyJyZWdleHAiOnt9fQ=="}}}'),
        ("/catalog/_search/template", b'{"source":{}}'),
        ("/_msearch/template", b"{}\n{}\n"),
        ("/_render/template/x", b"{}"),
        ("/_sql", b'{"query":"SELECT 1"}'),
        ("/_query", b'{"query":"FROM a"}'),
        ("/catalog/_eql/search", b'{"query":"any where true"}'),
    ],
)
def test_every_endpoint_that_takes_a_query_is_guarded(target: str, body: bytes) -> None:
    assert refused(ON, body, target)


def test_a_query_in_the_url_is_guarded() -> None:
    said = "/catalog/_search?source_content_type=application/json&source="
    assert "GUARD_PATTERNS" in refused(ON, target=said + quote('{"query":{"regexp":{"a":"b"}}}'))
    assert refused(ON, target=said + quote('{"query":{"match":{"a":"b"}}}')) == ""
    assert "cannot be read" in refused(ON, target="/catalog/_search?source=" + quote("{}"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xa1\x64size\x01", "application/cbor"),
        (b":)\n\x05", "application/smile"),
        (b"size: 1", "application/yaml"),
        (b'{"size":1}', "text/plain"),
        ('{"query":{"regexp":{}}}'.encode("utf-16"), JSON),
        ('{"query":{"regexp":{}}}'.encode("utf-32-be"), JSON),
        (b'\xef\xbb\xbf{"size":1}', JSON),
        (b'/* */{"size":1}', JSON),
        (b'{"size":1}{"size":1000}', JSON),
        (b'{"size":1', JSON),
        (b"{'size':1}", JSON),
        (b'{"a":"\xff"}', JSON),
    ],
)
def test_what_cannot_be_read_with_certainty_is_refused(body: bytes, content_type: str) -> None:
    assert "cannot be read" in refused(ON, body, content_type=content_type)


def test_a_packed_body_is_looked_into() -> None:
    gate = Gate(ProxySettings(guard_patterns=True))
    route = gate.admit("POST", "/catalog/_search", own_credentials=False)
    assert isinstance(route, Route)
    for body, passes in ((b'{"query":{"match_all":{}}}', True), (b'{"query":{"regexp":{"a":"b"}}}', False)):
        headers = [("Content-Type", JSON), ("Content-Encoding", "gzip")]
        request = ClientRequest("POST", "/catalog/_search", headers, gzip.compress(body))
        assert (gate.look_inside(request, route) is None) is passes
        twice = [*headers, ("Content-Encoding", "identity")]
        assert isinstance(gate.look_inside(ClientRequest("POST", "/catalog/_search", twice, b"{}"), route), Refused)


def test_without_guards_nothing_is_looked_into() -> None:
    route = Gate(ProxySettings()).admit("POST", "/catalog/_search", own_credentials=False)
    assert isinstance(route, Route)
    assert not route.unseen


def test_guards_and_writes_together_are_a_mistake() -> None:
    for guard in ("guard_scripts", "guard_patterns", "max_size", "max_nesting"):
        with pytest.raises(ConfigurationError, match="SESSIONRANK_ALLOW_WRITES"):
            ProxySettings(allow_writes=True, **{guard: 1})  # type: ignore[arg-type]
