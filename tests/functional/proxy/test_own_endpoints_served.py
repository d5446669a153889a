"""The own endpoints through a real server and a real Redis: what only a wire can show."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from sessionrank import keys
from tests.support.recorder import recorder
from tests.support.redis_server import RedisServer, redis_server
from tests.support.served import served

RELEASE = "20250101120000abc123"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        with server.client() as client:
            rows = np.eye(4, dtype="<f4")
            client.hset(keys.vectors(RELEASE, 0), mapping={name: rows[i].tobytes() for i, name in enumerate("abcd")})
            client.set(keys.release_info(RELEASE), json.dumps({"dimensions": 4, "buckets": 1, "count": 4}))
        yield server


@pytest.fixture(scope="module")
def port(server: RedisServer) -> Iterator[int]:
    with recorder() as engine:
        engine.answer = json.dumps({f"catalog-{RELEASE}": {"aliases": {"catalog": {}}}}).encode()
        settings = {
            "SESSIONRANK_UPSTREAM": f"http://127.0.0.1:{engine.port}",
            "SESSIONRANK_REDIS_URL": server.url,
            "SESSIONRANK_MAX_BODY_BYTES": "100000",
        }
        with served(settings) as port:
            yield port


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def event(session: str, **more: Any) -> dict[str, Any]:
    return {"session": session, "type": "view", "sku": "a", **more}


def post(port: int, *events: dict[str, Any]) -> Any:
    status, answer = ask(port, "POST", "/_sessionrank/events", json.dumps(events))
    assert status == 200
    return answer


@pytest.mark.parametrize("session", ["visit", "a/b", "/a", "a//b", "%2F", "a?b#c", "..", "~{};:@&=+$,!*'()[]|\\\"<>^`"])
def test_any_session_can_be_seen_and_forgotten(port: int, session: str) -> None:
    path = "/_sessionrank/sessions/" + quote(session, safe="").replace("..", "%2e%2e")
    assert post(port, event(session))["items"] == [{"status": 201, "result": "created"}]
    status, shown = ask(port, "GET", path)
    assert (status, [each["sku"] for each in shown["events"]]) == (200, ["a"])
    assert ask(port, "DELETE", path) == (200, {"found": True})
    assert ask(port, "GET", path) == (404, {"found": False})


def test_no_session_id_stands_in_redis(port: int, server: RedisServer) -> None:
    post(port, event("a-name-to-look-for"))
    with server.client() as client:
        for key in client.scan_iter():
            assert b"look-for" not in key
            assert b"look-for" not in (client.dump(key) or b"")


def test_a_body_without_a_length_is_read_and_bounded(port: int) -> None:
    def pieces(count: int) -> Iterator[bytes]:
        for i in range(count):
            yield json.dumps(event("chunked", id=f"{i}-" + "x" * 400)).encode() + b"\n"

    path, lines = "/_sessionrank/events", {"Content-Type": "application/x-ndjson"}
    status, answer = ask(port, "POST", path, pieces(3), **lines)
    assert (status, len(answer["items"])) == (200, 3)
    status, answer = ask(port, "POST", path, pieces(300), **lines)
    assert (status, answer["error"]["type"]) == (413, "content_too_long_exception")


def test_many_clients_write_one_session_and_each_event_counts_once(port: int) -> None:
    def write(i: int) -> int:
        mine, shared = event("crowd", id=f"own-{i}"), event("crowd", id="shared")
        return sum(item["status"] == 201 for item in post(port, mine, shared)["items"])

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(write, range(32))) == 33
    assert len(ask(port, "GET", "/_sessionrank/sessions/crowd")[1]["events"]) == 20


def test_unknown_products_are_counted_and_similar_ones_found(port: int) -> None:
    assert post(port, event("known"), event("known", sku="none such"))["unknown_skus"] == 1
    status, answer = ask(port, "GET", "/_sessionrank/items/a/similar?n=2")
    assert (status, [each["sku"] for each in answer["similar"]]) == (200, ["b", "c"])


def test_an_analogy_is_completed(port: int) -> None:
    status, answer = ask(port, "GET", "/_sessionrank/analogy?a=a&b=b&c=c&n=5")
    assert (status, answer["analogy"]) == (200, [{"sku": "d", "cosine": 0.0}])
    assert ask(port, "GET", "/_sessionrank/analogy?a=a&b=b&c=none+such")[0] == 404


def test_readiness_and_events_say_so_when_redis_hangs_and_recover(port: int, server: RedisServer) -> None:
    assert ask(port, "GET", "/_sessionrank/health/ready")[1]["status"] == "ready"
    server.pause()
    try:
        status, answer = ask(port, "GET", "/_sessionrank/health/ready")
        assert (status, answer["status"], answer["store"]["status"]) == (200, "plain", "error")
        assert ask(port, "GET", "/_sessionrank/health/ready?strict=true")[0] == 503
        (item,) = post(port, event("hung"))["items"]
        assert (item["status"], item["error"]["type"]) == (503, "store_exception")
        assert ask(port, "GET", "/_sessionrank/sessions/hung")[0] == 503
    finally:
        server.resume()
    assert post(port, event("hung"))["items"][0]["status"] == 201
    assert ask(port, "GET", "/_sessionrank/health/ready")[1]["status"] == "ready"


def test_metrics_tell_events_by_their_result(port: int) -> None:
    post(port, event("metrics", id="1"), event("metrics", id="1"), {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/_sessionrank/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    counts = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("sessionrank_e")}
    for result in ("created", "duplicate", "invalid"):
        assert counts[f'sessionrank_events_total{{result="{result}"}}'] >= 1
