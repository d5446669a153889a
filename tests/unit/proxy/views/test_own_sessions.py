"""``GET`` and ``DELETE /_sessionrank/sessions/{id}``."""

from urllib.parse import quote

import pytest

from proxy.deadline import Deadline
from proxy.sessions.base import CachedVector
from proxy.sessions.memory import MemorySessions
from sessionrank.errors import StoreError
from tests.support.own_endpoints import RELEASE, OwnEndpoints, own_endpoints, vector_of

ODD = ["visit", "a/b", "/a", "a//b", "a/", "%2F", "a?b#c", "~{};:@&=+$,!*'()[]|\\\"<>^`"]


@pytest.fixture
def app() -> OwnEndpoints:
    return own_endpoints()


def path(session: str) -> str:
    return "/_sessionrank/sessions/" + quote(session, safe="")


def view(app: OwnEndpoints, session: str, sku: str = "A1") -> None:
    event = {"session": session, "type": "view", "sku": sku, "ts": "2023-11-14T22:13:20.123Z"}
    assert app.client.post("/_sessionrank/events", json=event).json["errors"] is False


@pytest.mark.parametrize("session", ODD)
def test_what_is_kept_is_shown_and_forgotten_whatever_the_id_looks_like(app: OwnEndpoints, session: str) -> None:
    view(app, session)
    shown = app.client.get(path(session))
    assert shown.status_code == 200
    assert shown.json == {
        "found": True,
        "events": [{"sku": "A1", "type": "view", "ts": "2023-11-14T22:13:20.123Z"}],
        "has_vector": False,
        "release": None,
    }
    assert shown.headers["Cache-Control"] == "no-store"
    assert app.client.delete(path(session)).json == {"found": True}
    assert app.client.delete(path(session)).json == {"found": False}
    gone = app.client.get(path(session))
    assert (gone.status_code, gone.json) == (404, {"found": False})


def test_a_cached_vector_is_mentioned_with_its_release(app: OwnEndpoints) -> None:
    view(app, "visit")
    digest = app.services.hasher.digest("visit", Deadline(30))
    record, _ = app.services.store.read(digest, [], Deadline(30))
    assert record is not None
    app.services.store.cache_vector(digest, CachedVector(RELEASE, record.sequence, vector_of(1, 0)), Deadline(30))
    shown = app.client.get(path("visit")).json
    assert (shown["has_vector"], shown["release"]) == (True, RELEASE)


@pytest.mark.parametrize("session", ["a b", "a\nb", "x" * 257, "ä"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_that_is_none_is_a_400(app: OwnEndpoints, session: str, method: str) -> None:
    answer = app.client.open(path(session), method=method)
    assert answer.status_code == 400
    assert answer.json["error"]["type"] == "illegal_argument_exception"


def test_a_store_that_is_down_is_a_503() -> None:
    class Down(MemorySessions):
        def read(self, *_: object) -> None:  # type: ignore[override]
            raise StoreError("the store is down")

    answer = own_endpoints(store=Down(cap=1, ttl=1)).client.get(path("visit"))
    assert (answer.status_code, answer.json["error"]["type"]) == (503, "store_exception")


def test_what_is_no_endpoint_is_a_404_in_json(app: OwnEndpoints) -> None:
    answer = app.client.get("/_sessionrank/nothing")
    assert (answer.status_code, answer.json["error"]["reason"]) == (404, "no such endpoint")


def test_other_methods_are_405_with_the_allowed_ones(app: OwnEndpoints) -> None:
    answer = app.client.post(path("visit"))
    assert answer.status_code == 405
    assert {"GET", "DELETE"} <= set(answer.headers["Allow"].split(", "))
