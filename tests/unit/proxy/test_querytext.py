"""What a visitor typed, found in the queries that clients make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.querytext import query_text

MATCH = {"match": {"name": "red mug"}}


def text(query: Any) -> str:
    return query_text(json.dumps(query).encode())


@pytest.mark.parametrize(
    "query",
    [
        MATCH,
        {"match": {"name": {"query": "red mug", "operator": "and"}}},
        {"match": {"name": " red mug\n"}},
        {"match_phrase": {"name": {"query": "red mug", "slop": 2}}},
        {"match_phrase_prefix": {"name": "red mug"}},
        {"match_bool_prefix": {"name": "red mug"}},
        {"term": {"name.keyword": "red mug"}},
        {"term": {"name.keyword": {"value": "red mug", "boost": 2}}},
        {"multi_match": {"query": "red mug", "fields": ["name^3", "brand"]}},
        {"combined_fields": {"query": "red mug", "fields": ["name"]}},
        {"query_string": {"query": "red mug", "default_field": "name"}},
        {"simple_query_string": {"query": "red mug"}},
        {"bool": {"must": MATCH}},
        {"bool": {"must": [MATCH], "should": [{"match_phrase": {"name": {"query": "red mug", "boost": 5}}}]}},
        {"bool": {"must": [{"bool": {"should": [MATCH, {"prefix": {"name": "red"}}]}}]}},
        {"dis_max": {"queries": [MATCH, {"term": {"sku": "red mug"}}]}},
        {"nested": {"path": "offers", "query": {"match": {"offers.name": "red mug"}}}},
        {"function_score": {"query": MATCH, "functions": [{"filter": {"term": {"new": "yes"}}, "weight": 2}]}},
        {"script_score": {"query": MATCH, "script": {"source": "_score", "params": {"query": "other text"}}}},
    ],
)
def test_the_one_text_is_found_however_the_client_asks_for_it(query: Any) -> None:
    assert text(query) == "red mug"


@pytest.mark.parametrize(
    "query",
    [
        {"bool": {"must": MATCH, "should": [{"term": {"category": "sale"}}]}},
        {"constant_score": {"filter": MATCH}},
        {"boosting": {"positive": MATCH, "negative": {"match": {"name": "broken"}}, "negative_boost": 0.5}},
        {"query_string": {"query": "name:(red mug)"}},
        {"query_string": {"query": 'name:"red mug"'}},
        {"simple_query_string": {"query": '"red mug"'}},
    ],
)
def test_what_stands_beside_and_around_the_text_is_left_out(query: Any) -> None:
    assert text(query) == "red mug"


@pytest.mark.parametrize("clause", ["filter", "must_not"])
def test_filters_and_what_is_excluded_are_not_looked_at(clause: str) -> None:
    other = {"match": {"shop": "the other one"}}
    assert text({"bool": {"must": [MATCH], clause: [other]}}) == "red mug"
    assert text({"bool": {clause: [MATCH]}}) == ""


@pytest.mark.parametrize(
    "query",
    [
        {"bool": {"must": [MATCH, {"match": {"brand": "acme"}}]}},
        {"bool": {"should": [MATCH, {"match": {"name": "Red Mug"}}]}},
        {"multi_match": {"query": "red mug"}, "match": {"name": "blue mug"}},
        {"match_all": {}},
        {"match": {"name": ""}},
        {"match": {"name": 12}},
        {"match": {"name": None}},
        {"match": {"name": {"query": ["red mug"]}}},
        {"match": {}},
        {"match": "red mug"},
        {"multi_match": ["red mug"]},
        {"multi_match": {"fields": ["name"]}},
        {"terms": {"name": ["red mug"]}},
        {"prefix": {"name": "red mug"}},
        {},
        [],
        "red mug",
        None,
    ],
)
def test_two_texts_or_none_are_no_answer(query: Any) -> None:
    assert text(query) == ""


def test_a_long_list_beside_it_hides_no_text() -> None:
    assert text({"bool": {"must": [MATCH], "should": {"terms": {"sku": [str(n) for n in range(5000)]}}}}) == "red mug"


def test_more_clauses_than_anybody_types_are_no_answer_whatever_the_first_ones_say() -> None:
    assert text({"bool": {"should": [MATCH] * 50}}) == "red mug"
    assert text({"bool": {"should": [MATCH] * 500}}) == ""
    assert text({"bool": {"should": [{"match": {"name": "blue mug"}}] + [MATCH] * 500}}) == ""


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"match": {"name": "\\ud800"}}',
        b'{"match": {"name": "red mug"}} trailing',
        b"[" * 100_000,
        b'{"bool":{"must":' * 20_000 + b'{"match":{"name":"red mug"}}' + b"}}" * 20_000,
    ],
)
def test_what_cannot_be_read_has_no_text(query: bytes) -> None:
    assert query_text(query) == ""


names = st.sampled_from(
    ["match", "term", "multi_match", "query_string", "bool", "must", "should", "filter", "query", "value", "name"]
)
queries = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["red mug", "a", " "]) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(queries)
def test_any_json_has_a_text_that_stands_in_it_or_none(query: Any) -> None:
    found = text(query)
    assert found == found.strip()
    assert json.dumps(found)[1:-1] in json.dumps(query)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ud8match01', max_size=60).map(str.encode))
def test_no_bytes_are_an_error(query: bytes) -> None:
    assert isinstance(query_text(query), str)
