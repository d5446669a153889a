"""No client sees an error about a body that it did not send: what the engine refuses of ours is asked as it came."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.support.asking import Ask, untimed
from tests.support.shop import Shop

Visit = Callable[[Sequence[str]], dict[str, str]]


@pytest.fixture
def index(direct: Ask) -> Iterator[Callable[..., str]]:
    """``index(**settings)``: a fresh index of three things with no popularity."""
    names = []

    def make(**settings: object) -> str:
        name = f"refused{secrets.token_hex(4)}"
        names.append(name)
        body = {"settings": settings, "mappings": {"dynamic": False, "properties": {"text": {"type": "text"}}}}
        assert direct("PUT", f"/{name}", body).status == 200
        for n in range(3):
            assert direct("PUT", f"/{name}/_doc/{n}?refresh=true", {"text": f"thing {n}"}).status == 201
        return name

    yield make
    for name in names:
        direct("DELETE", f"/{name}")


def test_a_popularity_field_that_is_no_number_costs_the_lift_and_not_the_search(
    proxy_with: Callable[..., Ask], direct: Ask, index: Callable[..., str], visit: Visit
) -> None:
    name = index()
    ask = proxy_with(indices=(name,), popularity="function_score", popularity_field="text")
    target = f"/{name}/_search?q=thing"
    for headers in ({}, visit(["1"])):
        got = ask("GET", target, None, headers)
        assert (got.status, got.reason) == (200, "wrapped-refused")
        assert untimed(got.body) == untimed(direct("GET", target).body)


def test_a_script_that_some_shards_cannot_run_is_seen_by_its_failed_shards(
    proxy_with: Callable[..., Ask], direct: Ask, index: Callable[..., str], visit: Visit
) -> None:
    """A word where a number should be breaks the script on one index's shards; the rest would be half an answer."""
    numbers, words = index(), index()
    for name, kind, value in ((numbers, "float", 5), (words, "keyword", "much")):
        assert direct("PUT", f"/{name}/_mapping", {"properties": {"lift": {"type": kind}}}).status == 200
        assert direct("PUT", f"/{name}/_doc/lifted?refresh=true", {"text": "thing", "lift": value}).status == 201
    for headers in ({}, visit(["1"])):
        ask = proxy_with(indices=(numbers, words), popularity_field="lift")
        for wish in ("", "&filter_path=hits.hits._id", "&filter_path=hits.hits._source"):
            got = ask("GET", f"/{numbers},{words}/_search?q=thing{wish}", None, headers)
            assert (got.status, got.reason) == (200, "wrapped-refused")
            assert len(got.json()["hits"]["hits"]) == 8


def test_a_window_beyond_the_result_window_of_the_index(
    proxy_with: Callable[..., Ask], direct: Ask, index: Callable[..., str], visit: Visit
) -> None:
    name = index(max_result_window=50)
    ask = proxy_with(indices=(name,), window=60)
    target = f"/{name}/_search?q=thing"
    assert ask("GET", target).reason == "no-session"
    got = ask("GET", target, None, visit(["1"]))
    assert (got.status, got.reason) == (200, "wrapped-refused")
    assert untimed(got.body) == untimed(direct("GET", target).body)


def test_the_refusal_is_remembered_for_the_index_and_for_no_other(
    proxy_with: Callable[..., Ask], direct: Ask, index: Callable[..., str], shop: Shop
) -> None:
    name = index()
    ask = proxy_with(indices=(name, shop.alias), popularity="function_score", popularity_field="text")
    before = _searches(direct, name)
    for _ in range(5):
        assert ask("GET", f"/{name}/_search?q=thing").reason == "wrapped-refused"
    # Five answers and the one attempt, which failed before a query was counted or was counted once.
    assert _searches(direct, name) - before <= 6
    assert ask("GET", f"/{shop.alias}/_search?q=red").reason == "no-session"


def _searches(direct: Ask, index: str) -> int:
    return int(direct("GET", f"/{index}/_stats/search").json()["_all"]["total"]["search"]["query_total"])


@pytest.mark.parametrize(
    "body", [{"query": {"no_such_query": {}}}, b'{"query":', {"query": {"match_all": {}}, "no_such_member": 1}]
)
def test_a_clients_own_mistake_is_the_engines_to_name_and_is_not_held_against_the_index(
    proxy: Ask, direct: Ask, shop: Shop, visit: Visit, body: object
) -> None:
    target, session = f"/{shop.alias}/_search", visit(shop.of_cluster(0))
    for headers in ({}, session):
        got = proxy("POST", target, body, headers)
        assert got.status == 400
        assert got.body == direct("POST", target, body).body
    assert proxy("POST", target, {}, session).reason == ""


def test_a_missing_index_is_the_engines_own_404(proxy_with: Callable[..., Ask], direct: Ask, visit: Visit) -> None:
    ask = proxy_with(indices=("gone",))
    got = ask("GET", "/gone/_search?q=a", None, visit(["1"]))
    assert (got.status, got.body) == (404, direct("GET", "/gone/_search?q=a").body)
    assert got.reason == "engine-error"
