"""Each engine of the local stack starts, listens on the loopback alone, and does what the project needs of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sessionrank.errors import BackendError, ConfigurationError
from stack.engine import start_engine
from stack.engines import ENGINES, Engine

Ask = Callable[..., Any]
WITH_PAINLESS = [name for name, engine in ENGINES.items() if engine.painless]
POPULARITY = {"a": 0, "b": 9, "c": 99}


@pytest.fixture(params=sorted(ENGINES))
def running(request: pytest.FixtureRequest, engine: Callable[[str], str]) -> tuple[Engine, str]:
    return ENGINES[request.param], engine(request.param)


def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(method, f"{url}{path}", json=body, timeout=60)
    assert answer.status_code < 300, answer.text
    return answer.json()


def load(url: str, index: str, properties: dict[str, Any] | None = None, **settings: Any) -> None:
    requests.delete(f"{url}/{index}", timeout=60)
    mapping = {"title": {"type": "text"}, "popularity": {"type": "float"}, **(properties or {})}
    ask(url, "PUT", f"/{index}", {"mappings": {"properties": mapping}, **settings})
    for item, popularity in POPULARITY.items():
        document = {"title": "a red mug", "popularity": popularity, "boost": popularity + 1}
        ask(url, "PUT", f"/{index}/_doc/{item}?refresh=true", document)


def scores(url: str, index: str, query: dict[str, Any]) -> dict[str, float]:
    hits = ask(url, "POST", f"/{index}/_search", {"query": query})["hits"]["hits"]
    return {hit["_id"]: hit["_score"] for hit in hits}


def test_it_is_the_version_that_the_registry_says(running: tuple[Engine, str]) -> None:
    engine, url = running
    nodes = ask(url, "GET", "/_nodes/_local?filter_path=nodes.*.version,nodes.*.name")["nodes"]
    assert [node["version"] for node in nodes.values()] == [engine.version]
    assert [node["name"] for node in nodes.values()] == [engine.name]


def test_it_listens_on_the_loopback_alone(running: tuple[Engine, str]) -> None:
    _, url = running
    assert url.startswith("http://127.0.0.1:")
    (node,) = ask(url, "GET", "/_nodes/_local/http,transport")["nodes"].values()
    for address in node["http"]["bound_address"] + node["transport"]["bound_address"]:
        assert address.startswith("127.0.0.1:")


def test_popularity_lifts_a_hit_by_function_score(running: tuple[Engine, str]) -> None:
    _, url = running
    load(url, "stack-function")
    lift = {"field_value_factor": {"field": "popularity", "modifier": "ln1p", "missing": 0}, "weight": 1.0}
    lifted = scores(
        url,
        "stack-function",
        {
            "function_score": {
                "query": {"match": {"title": "mug"}},
                "functions": [{"weight": 1}, lift],
                "score_mode": "sum",
                "boost_mode": "multiply",
            }
        },
    )
    assert list(lifted) == ["c", "b", "a"]
    assert lifted["c"] / lifted["a"] == pytest.approx(1 + 4.60517, rel=1e-4)


@pytest.mark.parametrize("name", WITH_PAINLESS)
def test_painless_scores_by_a_script_with_parameters(engine: Callable[[str], str], name: str) -> None:
    url = engine(name)
    load(url, "stack-script")
    source = "_score * (1 + params.w * Math.log(1 + doc['popularity'].value))"
    query = {"match": {"title": "mug"}}
    plain = scores(url, "stack-script", query)
    lifted = scores(
        url,
        "stack-script",
        {"script_score": {"query": query, "script": {"source": source, "params": {"w": 1.0}}}},
    )
    assert list(lifted) == ["c", "b", "a"]
    assert lifted["a"] == pytest.approx(plain["a"])
    assert lifted["c"] == pytest.approx(plain["c"] * (1 + 4.60517), rel=1e-4)


@pytest.mark.parametrize("name", WITH_PAINLESS)
def test_the_further_modules_are_there(engine: Callable[[str], str], name: str) -> None:
    url = engine(name)
    analysis = {
        "analyzer": {"mine": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}}
    }
    properties = {
        "name": {"type": "text", "analyzer": "mine"},
        "boost": {"type": "rank_feature"},
        "stored_query": {"type": "percolator"},
        "link": {"type": "join", "relations": {"parent": "child"}},
    }
    load(url, "stack-modules", properties, settings={"analysis": analysis})

    tokens = ask(url, "POST", "/stack-modules/_analyze", {"analyzer": "mine", "text": "Café"})["tokens"]
    assert [token["token"] for token in tokens] == ["cafe"]
    words = ask(url, "POST", "/_analyze", {"analyzer": "english", "text": "red mugs"})["tokens"]
    assert [token["token"] for token in words] == ["red", "mug"]
    thai = ask(url, "POST", "/_analyze", {"analyzer": "thai", "text": "ภาษาไทย"})["tokens"]
    assert [token["token"] for token in thai] == ["ภาษา", "ไทย"]

    assert next(iter(scores(url, "stack-modules", {"rank_feature": {"field": "boost"}}))) == "c"
    template = {"source": {"query": {"term": {"_id": "{{wanted}}"}}}, "params": {"wanted": "b"}}
    found = ask(url, "POST", "/stack-modules/_search/template", template)["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["b"]
    rated = {
        "requests": [
            {
                "id": "mug",
                "request": {"query": {"match": {"title": "mug"}}},
                "ratings": [{"_index": "stack-modules", "_id": "b", "rating": 1}],
            }
        ],
        "metric": {"recall": {"k": 10}},
    }
    assert ask(url, "POST", "/stack-modules/_rank_eval", rated)["metric_score"] == 1.0
    matrix = {"size": 0, "aggs": {"m": {"matrix_stats": {"fields": ["popularity"]}}}}
    assert ask(url, "POST", "/stack-modules/_search", matrix)["aggregations"]["m"]["doc_count"] == 3
    deleted = ask(url, "POST", "/stack-modules/_delete_by_query?refresh=true", {"query": {"term": {"_id": "a"}}})
    assert deleted["deleted"] == 1


def test_a_node_that_dies_at_its_start_says_how_its_log_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Engine(**{**vars(ENGINES["elasticsearch-8"]), "settings": {"no.such.setting": "x"}})
    monkeypatch.setitem(ENGINES, "elasticsearch-8", broken)
    with (
        pytest.raises(BackendError, match=r"elasticsearch-8 died at its start \(exit code \d+\)") as caught,
        start_engine("elasticsearch-8"),
    ):
        raise AssertionError("it started")
    assert "unknown setting [no.such.setting]" in str(caught.value)


def test_a_java_heap_from_the_settings_is_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_STACK_HEAP", "320")
    with start_engine("elasticsearch-9") as running:
        (node,) = ask(running.url, "GET", "/_nodes/_local/jvm")["nodes"].values()
        assert node["jvm"]["mem"]["heap_max_in_bytes"] == 320 << 20
        data = running.child.folder / "data"
        assert any(data.iterdir())
        assert all(path.stat().st_uid != 0 for path in data.rglob("*"))
    assert not running.child.folder.exists()


def test_an_engine_whose_download_is_missing_gives_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SESSIONRANK_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("SESSIONRANK_MAVEN_URL", "http://127.0.0.1:1/maven2")
    with pytest.raises(ConfigurationError, match="cannot be downloaded") as caught, start_engine():
        raise AssertionError("it started")
    assert "SESSIONRANK_UPSTREAM=…" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
