"""Every popularity mode on real engines: it compiles, keeps the hits, and never puts a more popular one lower."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from proxy.popularity.registry import POPULARITY_MODES
from stack.engines import ENGINES
from tests.support.asking import Ask, Over

#: Engines of the contract, and the modes that each can run: scripts need Painless.
CASES = [
    (engine, mode)
    for engine in ENGINES
    for mode in POPULARITY_MODES
    if ENGINES[engine].painless or mode not in ("script_score", "popularity_only")
]
#: Popularity by id; `none` has no value. All have the same text.
POPULARITY: dict[str, Any] = {
    "zero": 0, "one": 1, "two": 2.5, "three": 3, "six": 6, "nine": 9, "many": 12_000, "most": 3e38, "none": None,
}  # fmt: skip
#: From the least popular to the most; ids in one tuple count the same.
ORDER = [("zero", "none"), ("one",), ("two",), ("three",), ("six",), ("nine",), ("many",), ("most",)]
THING = {"match": {"text": "thing"}}
MANY = 1000


@pytest.fixture(scope="module")
def indices(engine: Callable[[str], str]) -> Iterator[Callable[[str], tuple[Ask, str]]]:
    """``indices(engine)``: how to ask it, and an index of things, also of negative popularity and of other texts."""
    made: dict[str, tuple[Ask, str]] = {}

    def index_on(name: str) -> tuple[Ask, str]:
        if name not in made:
            made[name] = (Over(engine(name)), f"modes{secrets.token_hex(4)}")
            _fill(*made[name])
        return made[name]

    yield index_on
    for ask, index in made.values():
        ask("DELETE", f"/{index}")


def _fill(ask: Ask, index: str) -> None:
    fields = {"text": {"type": "text"}, "popularity": {"type": "float"}, "set": {"type": "keyword"}}
    body = {"settings": {"number_of_shards": 1}, "mappings": {"properties": fields}}
    assert ask("PUT", f"/{index}", body).status == 200
    documents = {key: {"text": "thing", "set": "sound", "popularity": value} for key, value in POPULARITY.items()}
    del documents["none"]["popularity"]
    documents |= {f"other{n}": {"text": "something else", "set": "sound", "popularity": n} for n in range(5)}
    documents["negative"] = {"text": "thing", "set": "negative", "popularity": -5}
    lines = [line for key, source in documents.items() for line in ({"index": {"_id": key}}, source)]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    answer = ask("POST", f"/{index}/_bulk?refresh=true", data, {"Content-Type": "application/x-ndjson"})
    assert not answer.json()["errors"], answer.body


def wrap(mode: str, query: Any, *, field: str = "popularity", weight: float = 1.0) -> Any:
    return POPULARITY_MODES[mode]().wrap(query, field=field, weight=weight)


def scores(ask: Ask, index: str, query: Any) -> dict[str, Any]:
    """Score by id, in the engine's order."""
    answer = ask("POST", f"/{index}/_search", {"query": query, "size": MANY})
    assert answer.status == 200, answer.body
    assert answer.json()["_shards"]["failed"] == 0
    return {hit["_id"]: hit["_score"] for hit in answer.json()["hits"]["hits"]}


def sound(query: Any) -> Any:
    """Without the document of negative popularity, which has a test of its own."""
    return {"bool": {"must": [query], "filter": [{"term": {"set": "sound"}}]}}


@pytest.mark.parametrize(("name", "mode"), CASES)
@pytest.mark.parametrize("query", [THING, {"match_all": {}}, {"match": {"text": "else"}}, {"match_none": {}}])
def test_the_hit_set_stays(indices: Callable[[str], tuple[Ask, str]], name: str, mode: str, query: Any) -> None:
    ask, index = indices(name)
    assert set(scores(ask, index, wrap(mode, sound(query)))) == set(scores(ask, index, sound(query)))


@pytest.mark.parametrize(("name", "mode"), CASES)
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 50.0])
def test_a_more_popular_product_is_never_lower(
    indices: Callable[[str], tuple[Ask, str]], name: str, mode: str, weight: float
) -> None:
    ask, index = indices(name)
    found = scores(ask, index, wrap(mode, sound(THING), weight=weight))
    levels = [{found[key] for key in keys} for keys in ORDER]
    assert all(len(level) == 1 for level in levels)
    values = [level.pop() for level in levels]
    assert values == sorted(values)
    lifts = mode == "popularity_only" or (mode != "none" and weight > 0)
    assert len(set(values)) == (len(ORDER) if lifts else 1)


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_huge_scores_stay_finite_numbers(indices: Callable[[str], tuple[Ask, str]], name: str, mode: str) -> None:
    ask, index = indices(name)
    for boost in (1e30, 3e37):
        found = scores(ask, index, wrap(mode, sound({"constant_score": {"filter": THING, "boost": boost}})))
        assert len(found) == len(POPULARITY)
        if mode != "function_score":
            assert all(isinstance(score, float) and score <= 3.5e38 for score in found.values())


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_an_unmapped_field_counts_as_nothing(indices: Callable[[str], tuple[Ask, str]], name: str, mode: str) -> None:
    ask, index = indices(name)
    found = scores(ask, index, wrap(mode, THING, field="no_such_field"))
    assert set(found) == {*POPULARITY, "negative"}
    assert len(set(found.values())) == 1


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_a_negative_value_counts_as_nothing(indices: Callable[[str], tuple[Ask, str]], name: str, mode: str) -> None:
    ask, index = indices(name)
    found = scores(ask, index, wrap(mode, THING))
    assert found["negative"] == found["zero"] == found["none"]


@pytest.mark.parametrize("name", [name for name in ENGINES if ENGINES[name].painless])
@pytest.mark.parametrize("weight", [0.25, 1.0, 7.0])
def test_script_score_and_function_score_agree(
    indices: Callable[[str], tuple[Ask, str]], name: str, weight: float
) -> None:
    ask, index = indices(name)
    by_script = scores(ask, index, wrap("script_score", sound(THING), weight=weight))
    by_function = scores(ask, index, wrap("function_score", sound(THING), weight=weight))
    assert by_function == pytest.approx(by_script, rel=1e-6)


@pytest.mark.parametrize("mode", ["script_score", "popularity_only"])
@pytest.mark.parametrize("name", [name for name in ENGINES if ENGINES[name].painless])
def test_the_script_is_compiled_once_whatever_it_is_given(
    indices: Callable[[str], tuple[Ask, str]], name: str, mode: str
) -> None:
    ask, index = indices(name)

    def compilations() -> int:
        nodes = ask("GET", "/_nodes/stats/script").json()["nodes"]
        return sum(int(node["script"]["compilations"]) for node in nodes.values())

    scores(ask, index, wrap(mode, THING))
    before = compilations()
    assert before > 0
    for n in range(20):
        scores(ask, index, wrap(mode, {"match": {"text": f"thing {n}"}}, weight=n / 7, field=f"field{n}"))
    assert compilations() == before
