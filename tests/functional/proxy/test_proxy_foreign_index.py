"""In front of an index that somebody else loaded: vectors are published beside it, and it is not touched."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessionrank.vectors import VectorsFile
from tests.support.asking import Ask, untimed
from tests.support.shop import command
from tests.support.stack import TestStack

Visit = Callable[[Sequence[str]], dict[str, str]]
THINGS = 12


@pytest.fixture(scope="module")
def index(direct: Ask, stack: TestStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Things whose products are named by the field ``product.code``, not by ``_id``; vectors for those codes."""
    name = f"foreign{secrets.token_hex(4)}"
    fields = {"text": {"type": "text"}, "product": {"properties": {"code": {"type": "keyword"}}}}
    assert direct("PUT", f"/{name}", {"mappings": {"properties": fields}}).status == 200
    for n in range(THINGS):
        body = {"text": "thing", "product": {"code": f"code/{n}"}} if n else {"text": "thing without a code"}
        assert direct("PUT", f"/{name}/_doc/id-{n}", body).status == 201
    direct("POST", f"/{name}/_refresh")
    _publish(tmp_path_factory.mktemp("foreign"), stack, name, [f"code/{n}" for n in range(THINGS)])
    yield name
    direct("DELETE", f"/{name}")


def _publish(folder: Path, stack: TestStack, name: str, ids: list[str]) -> None:
    """Every thing points in a direction of its own, near its neighbours in number.

    So does one beside it that is not sold here: a hit that was looked at is compared with the rest of the visit alone.
    """
    vectors = [[1.0 if n == m else 0.5 / abs(n - m) for m in range(len(ids))] for n in range(len(ids))]
    ids = [*ids, *(one.replace("code/", "sold-out/") for one in ids)]
    VectorsFile.build(ids, vectors * 2, [9] * len(ids), {}).save(folder / "v.npz")  # type: ignore[arg-type]
    command(["index", "vectors", str(folder / "v.npz"), "--index", name], stack.environment)


def search(ask: Ask, index: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    body = {"query": {"match": {"text": "thing"}}, "size": 20, **(body or {})}
    answer = ask("POST", f"/{index}/_search", body, headers)
    assert (answer.status, answer.reason) == (200, ""), (answer.told, answer.body)
    hits: list[dict[str, Any]] = answer.json()["hits"]["hits"]
    return hits


@pytest.fixture
def ask(proxy_with: Callable[..., Ask], index: str) -> Ask:
    return proxy_with(indices=(index,), item_id="product.code", popularity="none")


def test_hits_follow_the_visit_by_the_field_that_names_the_product(ask: Ask, index: str, visit: Visit) -> None:
    for n in (1, 7, 11):
        assert search(ask, index, visit([f"sold-out/{n}"]))[0]["_id"] == f"id-{n}"


def test_the_field_is_taken_out_of_the_hits_again(ask: Ask, direct: Ask, index: str, visit: Visit) -> None:
    own = {"query": {"match": {"text": "thing"}}, "size": 20}
    expected = direct("POST", f"/{index}/_search", own).json()["hits"]["hits"]
    got = search(ask, index, visit(["code/3"]))
    assert all("fields" not in hit for hit in got)
    assert sorted(map(str, got)) == sorted(map(str, expected))


@pytest.mark.parametrize(
    "wish",
    [
        {"docvalue_fields": ["_id"], "_source": False},
        {"docvalue_fields": ["product.code"], "_source": False},
        {"docvalue_fields": [{"field": "product.*"}]},
        {"fields": ["text"], "_source": False},
        {"fields": ["product.code"]},
        {"fields": ["product.code"], "docvalue_fields": ["_id"]},
        {"fields": [{"field": "*"}]},
        {"stored_fields": "_none_"},
        {"_source": False},
    ],
)
def test_what_the_client_asked_for_stays(ask: Ask, direct: Ask, index: str, visit: Visit, wish: dict[str, Any]) -> None:
    own = {"query": {"match": {"text": "thing"}}, "size": 20, **wish}
    expected = direct("POST", f"/{index}/_search", own)
    got = ask("POST", f"/{index}/_search", own, visit(["code/3"]))
    assert got.status == expected.status == 200
    assert got.reason == ""
    hits = got.json()["hits"]["hits"]
    assert sorted(map(str, hits)) == sorted(map(str, expected.json()["hits"]["hits"]))


def test_fields_asked_for_in_the_url_stay(ask: Ask, direct: Ask, index: str, visit: Visit) -> None:
    target = f"/{index}/_search?q=thing&size=20&docvalue_fields=_id,product.code"
    got, expected = ask("GET", target, None, visit(["code/3"])), direct("GET", target)
    assert got.reason == ""
    assert sorted(map(str, got.json()["hits"]["hits"])) == sorted(map(str, expected.json()["hits"]["hits"]))


@pytest.mark.parametrize("wish", ["hits.hits._source", "hits.hits._id", "hits", "hits.hits.fields,hits.hits._id"])
@pytest.mark.parametrize("fields", [[], ["_id"]])
def test_filter_path_costs_no_personalisation(
    ask: Ask, direct: Ask, index: str, visit: Visit, wish: str, fields: list[str]
) -> None:
    target = f"/{index}/_search?filter_path={wish}"
    body = {"query": {"match": {"text": "thing"}}, "size": 20, "docvalue_fields": fields}
    got, expected = ask("POST", target, body, visit(["code/3"])), direct("POST", target, body)
    assert got.reason == ""
    hits = got.json()["hits"].pop("hits")
    assert sorted(map(str, hits)) == sorted(map(str, expected.json()["hits"]["hits"]))
    assert hits != expected.json()["hits"]["hits"]


def test_a_filter_path_into_the_fields_passes_as_it_is(ask: Ask, direct: Ask, index: str, visit: Visit) -> None:
    target = f"/{index}/_search?filter_path=hits.hits.fields.text&q=thing"
    got = ask("GET", target, None, visit(["code/3"]))
    assert got.reason == "no-hits-asked"
    assert got.body == direct("GET", target).body


@pytest.mark.parametrize("wish", [{"docvalue_fields": "text"}, {"fields": {"a": 1}}, {"docvalue_fields": [[]]}])
def test_fields_in_a_form_that_the_engine_refuses_get_its_own_words(
    ask: Ask, direct: Ask, index: str, visit: Visit, wish: dict[str, Any]
) -> None:
    got, expected = ask("POST", f"/{index}/_search", wish, visit(["code/3"])), direct("POST", f"/{index}/_search", wish)
    assert (got.status, got.body) == (expected.status, expected.body)
    assert got.status == 400


def test_by_its_id_a_product_is_unknown_here(proxy_with: Callable[..., Ask], index: str, visit: Visit) -> None:
    ask = proxy_with(indices=(index,), popularity="none")
    got = ask("GET", f"/{index}/_search?q=thing", None, visit(["code/3"]))
    assert got.reason == "no-known-hits"


def test_without_popularity_and_session_the_request_is_not_touched(ask: Ask, direct: Ask, index: str) -> None:
    got = ask("GET", f"/{index}/_search?q=thing")
    assert got.reason == "no-session"
    assert untimed(got.body) == untimed(direct("GET", f"/{index}/_search?q=thing").body)


def test_an_index_without_vectors_says_so(
    proxy_with: Callable[..., Ask], direct: Ask, index: str, visit: Visit
) -> None:
    bare = f"{index}-bare"
    assert direct("PUT", f"/{bare}/_doc/1?refresh=true", {"text": "thing"}).status == 201
    got = proxy_with(indices=(bare,))("GET", f"/{bare}/_search", None, visit(["code/1"]))
    direct("DELETE", f"/{bare}")
    assert got.reason == "no-release"


def test_new_vectors_serve_without_a_restart_and_a_rollback_as_well(
    ask: Ask, index: str, visit: Visit, stack: TestStack, tmp_path: Path
) -> None:
    session = visit(["code/5"])
    first = [hit["_id"] for hit in search(ask, index, session)]
    codes = [f"code/{n}" for n in range(THINGS)]
    _publish(tmp_path, stack, index, [*codes[:5], *reversed(codes[5:])])
    assert _eventually(lambda: [hit["_id"] for hit in search(ask, index, session)] != first)
    command(["index", "rollback", "--index", index], stack.environment)
    assert _eventually(lambda: [hit["_id"] for hit in search(ask, index, session)] == first)


def _eventually(condition: Callable[[], bool]) -> bool:
    """Within a minute: the proxy believes a pointer for a second."""
    for _ in range(120):
        if condition():
            return True
        time.sleep(0.5)
    return False
