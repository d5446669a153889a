"""``GET /_sessionrank/items/{sku}/similar`` and ``GET /_sessionrank/analogy``."""

from urllib.parse import quote

import pytest

from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from sessionrank.errors import BackendTimeout, BackendUnreachable
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import RELEASE, own_endpoints, vector_of

VECTORS = {
    "a": vector_of(1, 0, 0),
    "b": vector_of(1, 1, 0),
    "c": vector_of(0, 1, 0),
    "d/e": vector_of(-1, 0, 0),
    "short": b"1234",
    "nan": b"\x00\x00\xc0\x7f" * 3,
}


@pytest.fixture
def store() -> MemorySessions:
    store = MemorySessions(cap=5, ttl=10)
    store.publish(RELEASE, VECTORS)
    return store


def path(sku: str, query: str = "") -> str:
    return f"/_sessionrank/items/{quote(sku, safe='')}/similar{query}"


def test_the_nearest_products_come_first_with_their_cosine(store: MemorySessions) -> None:
    answer = own_endpoints(store=store).client.get(path("a"))
    assert answer.status_code == 200
    assert answer.json == {
        "sku": "a",
        "release": RELEASE,
        "similar": [
            {"sku": "b", "cosine": pytest.approx(0.5**0.5, abs=1e-6)},
            {"sku": "c", "cosine": 0.0},
            {"sku": "d/e", "cosine": -1.0},
        ],
    }


def test_only_as_many_are_given_as_asked_for(store: MemorySessions) -> None:
    client = own_endpoints(store=store).client
    assert [hit["sku"] for hit in client.get(path("a", "?n=1")).json["similar"]] == ["b"]
    assert len(client.get(path("a", "?n=100")).json["similar"]) == 3


@pytest.mark.parametrize("sku", ["d/e"])
def test_a_sku_may_hold_a_slash(store: MemorySessions, sku: str) -> None:
    assert own_endpoints(store=store).client.get(path(sku)).json["similar"][0]["sku"] == "c"


@pytest.mark.parametrize("query", ["?n=0", "?n=101", "?n=x", "?n=", "?index="])
def test_a_parameter_that_makes_no_sense_is_a_400(store: MemorySessions, query: str) -> None:
    assert own_endpoints(store=store).client.get(path("a", query)).status_code == 400


@pytest.mark.parametrize("sku", ["unknown", "short", "nan", "\x00"])
def test_an_item_without_a_sound_vector_is_a_404(store: MemorySessions, sku: str) -> None:
    answer = own_endpoints(store=store).client.get(path(sku))
    assert (answer.status_code, answer.json["error"]["type"]) == (404, "resource_not_found_exception")


@pytest.mark.parametrize("index", ["other", "*", "cat*", "catalog,other", "_all", "<catalog>", "-catalog", "x" * 255])
def test_an_index_that_is_not_managed_is_a_404_and_never_reaches_the_engine(store: MemorySessions, index: str) -> None:
    app = own_endpoints(store=store)
    answer = app.client.get(path("a", "?index=" + quote(index)))
    assert (answer.status_code, answer.json["error"]["type"]) == (404, "index_not_found_exception")
    assert app.backend.requests == []


@pytest.mark.parametrize("index", ["shop-*", "shop-a,shop-b", "shop-?"])
def test_several_indices_in_one_name_are_a_404_also_where_a_glob_is_managed(store: MemorySessions, index: str) -> None:
    app = own_endpoints(store=store, settings=ProxySettings(indices=("shop-*",)))
    assert app.client.get(path("a", "?index=" + quote(index))).status_code == 404
    assert app.backend.requests == []


def test_with_several_indices_the_client_says_which(store: MemorySessions) -> None:
    app = own_endpoints(store=store, settings=ProxySettings(indices=("catalog", "shop-*")))
    assert app.client.get(path("a")).status_code == 400
    assert app.client.get(path("a", "?index=catalog")).status_code == 200
    assert app.client.get(path("a", "?index=shop-1")).status_code == 404
    assert app.backend.requests[-1].target == "/shop-1/_alias"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (BackendUnreachable("no node"), 502),
        (BackendTimeout("slow"), 504),
        (FakeResponse({}, status=503), 502),
        (FakeResponse(b"<html>"), 502),
        (FakeResponse({"catalog": {}}), 404),
        (FakeResponse({}, status=404), 404),
        (FakeResponse({"catalog-20240101120000zzzzzz": {}}), 404),
    ],
)
def test_without_a_release_the_answer_says_why(store: MemorySessions, answer: FakeResponse, status: int) -> None:
    got = own_endpoints(store=store, backend=FakeBackend([answer])).client.get(path("a"))
    assert (got.status_code, got.json["status"]) == (status, status)


def test_an_index_that_we_did_not_load_is_found_by_its_pointer() -> None:
    store = MemorySessions(cap=5, ttl=10)
    store.publish(RELEASE, VECTORS, index="catalog")
    backend = FakeBackend([FakeResponse({"catalog": {"aliases": {}}})])
    assert own_endpoints(store=store, backend=backend).client.get(path("a")).json["release"] == RELEASE


ANALOGY = "/_sessionrank/analogy"
#: b is a turned to the right by a little; so is d, from c.
TURNED = {
    "a": vector_of(1, 0, 0),
    "b": vector_of(0.9, 0.1, 0),
    "c": vector_of(0, 0, 1),
    "d/e": vector_of(0, 0.1, 0.9),
    "far": vector_of(0, 0, -1),
}


@pytest.fixture
def turned() -> MemorySessions:
    store = MemorySessions(cap=5, ttl=10)
    store.publish(RELEASE, TURNED)
    return store


def test_an_analogy_is_completed_by_what_is_nearest_to_b_plus_c_minus_a(turned: MemorySessions) -> None:
    answer = own_endpoints(store=turned).client.get(ANALOGY + "?a=a&b=b&c=c&n=1")
    assert answer.status_code == 200
    assert answer.json == {
        "a": "a",
        "b": "b",
        "c": "c",
        "release": RELEASE,
        "analogy": [{"sku": "d/e", "cosine": pytest.approx(1.0, abs=1e-2)}],
    }


def test_what_was_asked_for_is_no_answer_to_an_analogy(turned: MemorySessions) -> None:
    client = own_endpoints(store=turned).client
    assert [hit["sku"] for hit in client.get(ANALOGY + "?a=d%2Fe&b=c&c=b").json["analogy"]] == ["a", "far"]
    assert client.get(ANALOGY + "?a=a&b=a&c=a&n=100").json["analogy"][0]["sku"] == "b"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?a=a&b=b",
        "?a=a&c=c",
        "?b=b&c=c",
        "?a=a&b=b&c=",
        "?a=a&b=b&c=c&n=0",
        "?a=a&b=b&c=c&n=101",
        "?a=%00&b=b&c=c",
        "?a=a&b=b&c=" + "x" * 513,
    ],
)
def test_an_analogy_that_is_not_whole_is_a_400(turned: MemorySessions, query: str) -> None:
    app = own_endpoints(store=turned)
    answer = app.client.get(ANALOGY + query)
    assert (answer.status_code, answer.json["error"]["type"]) == (400, "illegal_argument_exception")
    assert app.backend.requests == []


@pytest.mark.parametrize(("query", "name"), [("?a=x&b=b&c=c", "a"), ("?a=a&b=x&c=c", "b"), ("?a=a&b=b&c=x", "c")])
def test_an_analogy_with_an_unknown_item_says_which(turned: MemorySessions, query: str, name: str) -> None:
    answer = own_endpoints(store=turned).client.get(ANALOGY + query)
    assert (answer.status_code, answer.json["error"]["type"]) == (404, "resource_not_found_exception")
    assert f"[{name}]" in answer.json["error"]["reason"]


def test_an_analogy_is_of_a_managed_index(turned: MemorySessions) -> None:
    app = own_endpoints(store=turned)
    assert app.client.get(ANALOGY + "?a=a&b=b&c=c&index=other").status_code == 404
    assert app.client.post(ANALOGY + "?a=a&b=b&c=c").status_code == 405
    assert app.backend.requests == []


@pytest.mark.parametrize("target", [path("a"), "/_sessionrank/analogy", "/_sessionrank/health/ready"])
def test_raw_bytes_in_the_query_that_are_no_text_are_a_400(store: MemorySessions, target: str) -> None:
    answer = own_endpoints(store=store).client.get(target, environ_overrides={"QUERY_STRING": "n=1&b=\x80"})
    assert answer.status_code == 400
    assert "not UTF-8" in answer.json["error"]["reason"]
