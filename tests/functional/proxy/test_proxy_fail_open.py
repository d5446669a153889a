"""Search never fails because personalisation did: a Redis that is gone, hangs or holds garbage costs the order only."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionrank import keys
from sessionrank.releases import release_of
from tests.support.asking import Ask, Got, untimed
from tests.support.redis_server import RedisServer, redis_server
from tests.support.shop import Shop
from tests.support.stack import TestStack

BUDGET_MS = 150
#: On top of the budget, for a machine that is busy with other things.
SLACK_MS = 2000
#: For tests of what is answered, not of when.
PATIENT = {"budget_ms": 10_000}
SESSION = "visitor"


@dataclass
class Behind:
    """A Redis of the test's own that holds the shop's vectors and one session."""

    server: RedisServer
    shop: Shop
    vectors: dict[bytes, bytes]

    @property
    def release(self) -> str:
        return release_of(self.shop.index) or ""

    def fill(self, ask: Ask) -> None:
        """Vectors and a visit, as they would come back after a restart."""
        with self.server.client() as client:
            client.hset(keys.vectors(self.release, 0), mapping=self.vectors)  # type: ignore[arg-type]
        skus = self.shop.of_cluster(1)
        events = [{"session": SESSION, "type": "view", "sku": sku} for sku in skus]
        assert not ask("POST", "/_sessionrank/events", {"events": events}).json()["errors"]

    def session_key(self, client: redis.Redis) -> str:
        secret = client.get(keys.SECRET)
        assert isinstance(secret, bytes)
        return keys.session(keys.session_digest(secret, SESSION))


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def behind(own_redis: RedisServer, shop: Shop, stack: TestStack) -> Behind:
    with redis.Redis.from_url(stack.redis_url) as shared, own_redis.client() as client:
        client.flushall()
        vectors = shared.hgetall(keys.vectors(release_of(shop.index) or "", 0))
    assert vectors
    return Behind(own_redis, shop, vectors)  # type: ignore[arg-type]


@pytest.fixture
def ask(proxy_with: Callable[..., Ask], behind: Behind) -> Ask:
    proxy = proxy_with(redis_url=behind.server.url, **PATIENT)
    behind.fill(proxy)
    assert searched(proxy, behind).reason == ""
    return proxy


def searched(ask: Ask, behind: Behind, session: str = SESSION) -> Got:
    headers = {"X-Session-Id": session} if session else {}
    answer = ask("POST", f"/{behind.shop.alias}/_search", {"query": {"match": {"name": "red"}}, "size": 60}, headers)
    assert answer.status == 200, answer.body
    return answer


def assert_plain(ask: Ask, behind: Behind, *reasons: str) -> None:
    """The answer is the one that everybody gets, for one of these reasons."""
    got = searched(ask, behind)
    assert got.reason in reasons
    assert untimed(got.body) == untimed(searched(ask, behind, "").body)


def store_ms(answer: Got) -> float:
    found = re.search(r"store;dur=([0-9.]+)", answer.header("Server-Timing") or "")
    assert found, answer.headers
    return float(found[1])


def test_redis_dies_and_comes_back(ask: Ask, behind: Behind) -> None:
    behind.server.kill()
    try:
        for _ in range(3):
            assert_plain(ask, behind, "store-error")
    finally:
        behind.server.start_again()
    behind.fill(ask)
    assert searched(ask, behind).reason == ""


def test_redis_hangs_and_goes_on(proxy_with: Callable[..., Ask], behind: Behind) -> None:
    ask = proxy_with(redis_url=behind.server.url, budget_ms=BUDGET_MS)
    behind.fill(ask)
    assert searched(ask, behind).status == 200
    behind.server.pause()
    try:
        for _ in range(3):
            got = searched(ask, behind)
            assert got.reason == "store-timeout"
            assert store_ms(got) < BUDGET_MS + SLACK_MS
            assert untimed(got.body) == untimed(searched(ask, behind, "").body)
    finally:
        behind.server.resume()
    assert any(searched(ask, behind).reason == "" for _ in range(20))


@pytest.mark.parametrize("trouble", ["hangs", "dead"])
def test_a_proxy_that_starts_without_its_redis_answers_and_finds_it_later(
    proxy_with: Callable[..., Ask], behind: Behind, trouble: str
) -> None:
    ask = proxy_with(redis_url=behind.server.url, budget_ms=BUDGET_MS)
    (behind.server.pause if trouble == "hangs" else behind.server.kill)()
    try:
        got = searched(ask, behind)
        assert got.reason == ("store-timeout" if trouble == "hangs" else "store-error")
        assert store_ms(got) < BUDGET_MS + SLACK_MS
        ready = ask("GET", "/_sessionrank/health/ready").json()
        assert (ready["status"], ready["engine"]["status"], ready["store"]["status"]) == ("plain", "ok", "error")
    finally:
        (behind.server.resume if trouble == "hangs" else behind.server.start_again)()
    behind.fill(ask)
    assert any(searched(ask, behind).reason == "" for _ in range(20))


def test_a_session_of_the_wrong_type_counts_as_none(ask: Ask, behind: Behind) -> None:
    with behind.server.client() as client:
        key = behind.session_key(client)
        for store in (lambda: client.set(key, "text"), lambda: client.rpush(key, "a"), lambda: client.sadd(key, "a")):
            client.delete(key)
            store()
            assert_plain(ask, behind, "empty-session")


@pytest.mark.parametrize("field", ["e", "v"])
def test_a_session_record_that_was_cut_is_not_believed(ask: Ask, behind: Behind, field: str) -> None:
    with behind.server.client() as client:
        key = behind.session_key(client)
        whole = client.hget(key, field)
        assert isinstance(whole, bytes)
        right = searched(ask, behind)
        for cut in (b"", whole[:1], whole[:9], whole[: len(whole) // 2], whole[:-1], whole + b"x", whole[::-1]):
            client.hset(key, field, cut)
            got = searched(ask, behind)
            if field == "v":
                # Only a cache: it is made again from the events.
                assert (got.reason, untimed(got.body)) == ("", untimed(right.body))
            else:
                assert got.reason in ("", "empty-session")


@pytest.mark.parametrize(
    "vector",
    [
        np.full(16, np.nan, "<f4").tobytes(),
        np.full(16, np.inf, "<f4").tobytes(),
        np.full(16, 3e38, "<f4").tobytes(),
        np.zeros(16, "<f4").tobytes(),
        np.ones(3, "<f4").tobytes(),
        b"abc",
        b"",
    ],
    ids=["nan", "infinite", "huge", "zeros", "another-size", "no-floats", "empty"],
)
def test_broken_vectors_of_products_leave_their_hits_in_place_and_the_search_whole(
    ask: Ask, behind: Behind, vector: bytes
) -> None:
    key = keys.vectors(behind.release, 0)
    expected = sorted(searched(ask, behind, "").ids())
    with behind.server.client() as client:
        # The first hits, and one that the session has seen.
        for sku in [*searched(ask, behind, "").ids()[:10], behind.shop.of_cluster(1)[2]]:
            client.hset(key, sku, vector)
        client.hdel(behind.session_key(client), "v")
        got = searched(ask, behind)
        assert got.reason == ""
        assert sorted(got.ids()) == expected
        client.hset(key, mapping=dict.fromkeys(behind.vectors, vector))  # type: ignore[arg-type]
        client.hdel(behind.session_key(client), "v")
        got = searched(ask, behind)
        assert sorted(got.ids()) == expected
        assert got.reason in ("", "no-vector", "no-known-hits")


def test_vectors_of_the_wrong_type_count_as_none(ask: Ask, behind: Behind) -> None:
    with behind.server.client() as client:
        client.delete(keys.vectors(behind.release, 0))
        client.set(keys.vectors(behind.release, 0), "text")
        client.hdel(behind.session_key(client), "v")
    assert_plain(ask, behind, "no-vector")


@pytest.mark.parametrize("secret", [b"", b"short", None])
def test_a_broken_secret_keeps_new_proxies_plain(
    proxy_with: Callable[..., Ask], ask: Ask, behind: Behind, secret: bytes | None
) -> None:
    with behind.server.client() as client:
        client.delete(keys.SECRET)
        client.set(keys.SECRET, secret) if secret is not None else client.rpush(keys.SECRET, "a")
    assert_plain(proxy_with(redis_url=behind.server.url, **PATIENT), behind, "store-error")


def test_a_flushed_redis_forgets_and_goes_on(ask: Ask, behind: Behind) -> None:
    with behind.server.client() as client:
        client.flushall()
    assert_plain(ask, behind, "empty-session")
    behind.fill(ask)
    assert searched(ask, behind).reason == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    session=st.dictionaries(st.sampled_from(["e", "v"]), st.binary(max_size=300), min_size=1),
    head=st.booleans(),
    vectors=st.lists(st.binary(max_size=130), max_size=10),
)
def test_random_bytes_never_cost_more_than_the_order(
    ask: Ask, behind: Behind, session: dict[str, bytes], head: bool, vectors: list[bytes]
) -> None:
    name = secrets.token_hex(8)
    plain = searched(ask, behind, "")
    with behind.server.client() as client:
        secret = client.get(keys.SECRET)
        assert isinstance(secret, bytes)
        if head:
            # As far as the version and the sequence it looks like ours.
            session = {field: b"\x01" + bytes(8) + value for field, value in session.items()}
        client.hset(keys.session(keys.session_digest(secret, name)), mapping=session)  # type: ignore[arg-type]
        for sku, vector in zip(plain.ids(), vectors, strict=False):
            client.hset(keys.vectors(behind.release, 0), sku, vector)
    assert sorted(searched(ask, behind, name).ids()) == sorted(plain.ids())
