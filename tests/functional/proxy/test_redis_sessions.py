"""Sessions in a real Redis that hangs, dies, comes back, holds garbage or wants a password; and what they weigh."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pytest
import redis

from proxy.deadline import Deadline
from proxy.sessions.base import CachedVector, Event, Lookup, OfSession, SessionStore
from proxy.sessions.record import Kept, pack
from proxy.sessions.redis import RedisSessions
from proxy.sessions.wire import Pool
from proxy.signals.attention import Attention
from sessionrank import keys
from sessionrank.errors import StoreError
from sessionrank.vectors import decode
from tests.support.redis_server import RedisServer, redis_server

RELEASE = "20250101120000abc123"
VECTORS = keys.vectors(RELEASE, 0)
SESSION = keys.session("d")
EVENT = Event("a", "view", 1_700_000_000_000)
#: A store that hangs must be given up long before this; wide, so that a busy machine does not matter.
GENEROUS_S = 5.0


def soon() -> Deadline:
    return Deadline(30)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisSessions]:
    store = RedisSessions(server.url, cap=20, ttl=1000)
    yield store
    store.close()


CALLS: dict[str, Callable[[SessionStore, Deadline], object]] = {
    "append": lambda store, deadline: store.append("d", [EVENT], deadline),
    "cache_vector": lambda store, deadline: store.cache_vector("d", CachedVector(RELEASE, 1, b"1234"), deadline),
    "forget": lambda store, deadline: store.forget("d", deadline),
    "ping": lambda store, deadline: store.ping(deadline),
    "read": lambda store, deadline: store.read("d", [Lookup(VECTORS, ["a"])], deadline),
    "secret": lambda store, deadline: store.secret(deadline),
    "value": lambda store, deadline: store.value(keys.pointer("shop"), deadline),
}


@pytest.fixture(params=CALLS.values(), ids=CALLS)
def call(request: pytest.FixtureRequest) -> Callable[[SessionStore, Deadline], object]:
    return request.param


@pytest.mark.parametrize("connected", [True, False])
def test_a_redis_that_hangs_is_given_up_at_the_deadline(
    server: RedisServer, store: RedisSessions, call: Callable[[SessionStore, Deadline], object], connected: bool
) -> None:
    if connected:
        store.ping(soon())
    server.pause()
    try:
        began = time.monotonic()
        with pytest.raises(StoreError):
            call(store, Deadline(0.05))
        assert time.monotonic() - began < GENEROUS_S
    finally:
        server.resume()
    call(store, soon())


def test_a_deadline_that_is_over_is_a_store_error_and_sends_nothing(
    store: RedisSessions, client: redis.Redis, call: Callable[[SessionStore, Deadline], object]
) -> None:
    with pytest.raises(StoreError):
        call(store, Deadline(-1))
    assert client.dbsize() == 0


def test_a_late_answer_is_not_read_by_the_next_call(server: RedisServer, store: RedisSessions) -> None:
    with server.client() as client:
        client.hset(VECTORS, mapping={"a": b"AAAA", "b": b"BBBB"})
    store.ping(soon())
    server.pause()
    with pytest.raises(StoreError):
        store.read(None, [Lookup(VECTORS, ["a"])], Deadline(0.05))
    server.resume()
    assert store.read(None, [Lookup(VECTORS, ["b"])], soon())[1] == [[b"BBBB"]]


def test_a_killed_redis_is_a_store_error_and_serves_again_at_once_when_it_is_back(
    call: Callable[[SessionStore, Deadline], object],
) -> None:
    with redis_server() as own:
        store = RedisSessions(own.url, cap=20, ttl=1000)
        call(store, soon())
        own.kill()
        with pytest.raises(StoreError):
            call(store, soon())
        own.start_again()
        call(store, soon())
        # Connections that died while nobody looked are no excuse either.
        own.kill()
        own.start_again()
        call(store, soon())
        store.close()


def test_a_secret_that_was_flushed_away_is_put_back(store: RedisSessions, client: redis.Redis) -> None:
    secret = store.secret(soon())
    client.flushall()
    assert store.secret(soon()) == secret
    assert client.get(keys.SECRET) == secret
    assert client.ttl(keys.SECRET) == -1


def test_a_store_puts_back_the_secret_that_another_one_made(
    server: RedisServer, store: RedisSessions, client: redis.Redis
) -> None:
    secret = store.secret(soon())
    other = RedisSessions(server.url, cap=20, ttl=1000)
    other.secret(soon())
    client.flushall()
    assert other.secret(soon()) == secret == store.secret(soon())
    other.close()


def test_a_secret_that_is_none_is_a_store_error(store: RedisSessions, client: redis.Redis) -> None:
    client.set(keys.SECRET, b"short")
    with pytest.raises(StoreError, match=keys.SECRET):
        store.secret(soon())
    client.delete(keys.SECRET)
    client.rpush(keys.SECRET, "x")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.secret(soon())


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x01" + b"\0" * 8, os.urandom(400), b"\x01" * 50, b"{}"])
def test_garbage_in_a_session_counts_as_no_session_and_is_written_over(
    store: RedisSessions, client: redis.Redis, garbage: bytes
) -> None:
    client.hset(SESSION, mapping={"e": garbage, "v": garbage})
    assert store.read("d", [], soon())[0] is None
    assert store.append("d", [EVENT], soon()).record.events == (EVENT,)
    record = store.read("d", [], soon())[0]
    assert record is not None
    assert (record.events, record.cached) == ((EVENT,), None)


def test_keys_of_a_wrong_type_are_read_as_missing(store: RedisSessions, client: redis.Redis) -> None:
    client.set(SESSION, "text")
    client.rpush(VECTORS, "x")
    client.hset(keys.pointer("shop"), "a", "b")
    assert store.read("d", [Lookup(VECTORS, ["a", "b"])], soon()) == (None, [[None, None]])
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.value(keys.pointer("shop"), soon())
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.append("d", [EVENT], soon())
    with pytest.raises(StoreError, match="WRONGTYPE"):
        list(store.scan(VECTORS))


def test_a_vector_of_the_wrong_size_is_handed_on_for_the_decoder_to_leave_out(
    store: RedisSessions, client: redis.Redis
) -> None:
    client.hset(VECTORS, mapping={"good": np.ones(4, "<f4").tobytes(), "short": b"xyz", "long": b"x" * 400})
    _, (blobs,) = store.read(None, [Lookup(VECTORS, ["short", "good", "long"])], soon())
    matrix, positions = decode(blobs, 4)
    assert (matrix.shape, positions) == ((1, 4), [1])


def test_every_key_made_by_events_has_a_time_to_live(store: RedisSessions, client: redis.Redis) -> None:
    for i in range(30):
        sequence = store.append(f"s{i}", [EVENT], soon()).record.sequence
        store.cache_vector(f"s{i}", CachedVector(RELEASE, sequence, b"1234"), soon())
        store.read(f"t{i}", [Lookup(VECTORS, ["a"])], soon())
    found = list(client.scan_iter())
    assert len(found) == 30
    assert all(0 < client.ttl(key) <= 1000 for key in found)


def test_the_scripts_are_handed_over_again_when_redis_has_forgotten_them(
    store: RedisSessions, client: redis.Redis
) -> None:
    client.script_flush()
    sequence = store.append("d", [EVENT], soon()).record.sequence
    client.script_flush()
    store.cache_vector("d", CachedVector(RELEASE, sequence, b"1234"), soon())
    record = store.read("d", [], soon())[0]
    assert record is not None
    assert record.cached == CachedVector(RELEASE, sequence, b"1234")


def test_no_more_connections_are_made_than_allowed_and_callers_wait_for_one(
    server: RedisServer, client: redis.Redis
) -> None:
    before = client.info("clients")["connected_clients"]
    store = RedisSessions(server.url + "?max_connections=3", cap=20, ttl=1000)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda i: store.append(f"s{i}", [EVENT], soon()), range(200)))
    assert 1 <= client.info("clients")["connected_clients"] - before <= 3
    store.close()


def test_a_forked_process_makes_its_own_connections(server: RedisServer, client: redis.Redis) -> None:
    store = RedisSessions(server.url, cap=20, ttl=1000)
    store.ping(soon())
    client.hset(VECTORS, mapping={"parent": b"PPPP", "child": b"CCCC"})
    child = os.fork()
    mine = "parent" if child else "child"
    expected = [[mine[:1].upper().encode() * 4]]
    try:
        sound = all(store.read(None, [Lookup(VECTORS, [mine])], soon())[1] == expected for _ in range(300))
    except StoreError:
        sound = False
    if not child:
        os._exit(0 if sound else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert sound
    store.close()


def test_password_and_database_of_the_url_are_used_and_a_wrong_one_is_not_repeated(
    server: RedisServer, client: redis.Redis
) -> None:
    client.config_set("requirepass", "opensesame")
    try:
        good = RedisSessions(f"redis://:opensesame@127.0.0.1:{server.port}/3", cap=20, ttl=1000)
        good.append("d", [EVENT], soon())
        good.close()
        with redis.Redis(port=server.port, db=3, password="opensesame") as other:
            assert other.exists(SESSION)
        for url in (f"redis://:hunter2@127.0.0.1:{server.port}/0", server.url):
            bad = RedisSessions(url, cap=20, ttl=1000)
            with pytest.raises(StoreError, match=r"WRONGPASS|NOAUTH") as error:
                bad.ping(soon())
            assert "hunter2" not in str(error.value)
            bad.close()
    finally:
        with redis.Redis(port=server.port, password="opensesame") as admin:
            admin.config_set("requirepass", "")


def test_a_host_that_takes_no_connection_is_given_up_at_the_deadline() -> None:
    # An address of the documentation range (RFC 5737): packets to it go nowhere, or are refused on the way.
    store = RedisSessions("redis://192.0.2.1:6379/0", cap=20, ttl=1000)
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.ping(Deadline(0.05))
    assert time.monotonic() - began < GENEROUS_S


OF_SESSION = [OfSession(VECTORS), Lookup(VECTORS, ["b"])]
READ = [[b"AAAA", None, b"AAAA"], [b"BBBB"]]


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went over the wire in each exchange of any store."""
    counted: list[int] = []
    exchange = Pool.exchange

    def counting(self: Pool, commands: bytes, answers: int, deadline: Deadline) -> list[Any]:
        counted.append(answers)
        return exchange(self, commands, answers, deadline)

    monkeypatch.setattr(Pool, "exchange", counting)
    return counted


@pytest.fixture
def visited(store: RedisSessions, client: redis.Redis) -> RedisSessions:
    """A session of a, c and a again; of which a is published, and b beside it."""
    client.hset(VECTORS, mapping={"a": b"AAAA", "b": b"BBBB"})
    store.append("d", [Event(sku, "view", 1_700_000_000_000 + i) for i, sku in enumerate("aca")], soon())
    store.read("d", OF_SESSION, soon())
    return store


def test_what_is_published_of_a_sessions_items_comes_with_the_session_in_one_round_trip(
    visited: RedisSessions, exchanges: list[int]
) -> None:
    record, values = visited.read("d", OF_SESSION, soon())
    assert record is not None
    assert ([event.sku for event in record.events], values) == (["a", "c", "a"], READ)
    assert exchanges == [3]


def test_a_full_session_of_long_names_comes_in_one_round_trip_too(
    store: RedisSessions, client: redis.Redis, exchanges: list[int]
) -> None:
    skus = ["x" * length for length in (1, 31, 32, 255, 256, 512)] + [f"ü{i}" for i in range(14)]
    client.hset(VECTORS, mapping={sku: sku.encode() for sku in skus})
    store.append("d", [Event(sku, "view", 1_700_000_000_000 + i) for i, sku in enumerate(skus)], soon())
    store.read("d", [OfSession(VECTORS)], soon())
    exchanges.clear()
    assert store.read("d", [OfSession(VECTORS)], soon())[1] == [[sku.encode() for sku in skus]]
    assert exchanges == [2]


def test_a_redis_that_lost_its_scripts_is_asked_once_more_and_has_them_again(
    visited: RedisSessions, client: redis.Redis, exchanges: list[int]
) -> None:
    client.script_flush()
    assert visited.read("d", OF_SESSION, soon())[1] == READ
    assert exchanges == [3, 2]
    assert visited.read("d", OF_SESSION, soon())[1] == READ
    assert exchanges == [3, 2, 3]


def test_an_event_that_comes_between_the_two_reads_is_not_mixed_up_with_those_before_it(
    visited: RedisSessions, client: redis.Redis, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, exchange = client.hget(SESSION, "e"), Pool.exchange
    other = RedisSessions(server.url, cap=20, ttl=1000)
    other.append("d", [Event("b", "view", 1_800_000_000_000)], soon())
    asked: list[bytes] = []

    def late(self: Pool, commands: bytes, answers: int, deadline: Deadline) -> list[Any]:
        """The record of before the event, and what a script reads after it."""
        asked.append(commands)
        found = exchange(self, commands, answers, deadline)
        return [[before, None], *found[1:]] if len(asked) == 1 else found

    monkeypatch.setattr(Pool, "exchange", late)
    record, values = visited.read("d", OF_SESSION, soon())
    assert record is not None
    assert ([event.sku for event in record.events], values) == (["a", "c", "a"], READ)
    assert len(asked) == 2
    other.close()


def test_of_more_events_than_the_cap_allows_the_latest_are_looked_up(
    visited: RedisSessions, server: RedisServer, exchanges: list[int]
) -> None:
    smaller = RedisSessions(server.url, cap=2, ttl=1000)
    assert smaller.read("d", OF_SESSION, soon())[1] == [[None, b"AAAA"], [b"BBBB"]]
    assert exchanges == [3]
    smaller.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x01" * 50,
        os.urandom(400),
        # Of our version, with something else in the place of the skus: a number, a map, a list of lists, too many.
        b"\x01" + b"\0" * 8 + msgspec.msgpack.encode([1, 2]),
        b"\x01" + b"\0" * 8 + msgspec.msgpack.encode([1, {"a": 1}]),
        b"\x01" + b"\0" * 8 + msgspec.msgpack.encode([1, [["a"]], ["view"], [0], [], b"\0" * 8, b""]),
        b"\x01" + b"\0" * 8 + msgspec.msgpack.encode([1, ["a"] * 20_000]),
    ],
)
def test_nothing_is_looked_up_for_garbage_in_a_session(
    store: RedisSessions, client: redis.Redis, garbage: bytes
) -> None:
    client.hset(VECTORS, mapping={"a": b"AAAA", "b": b"BBBB"})
    client.hset(SESSION, "e", garbage)
    assert store.read("d", OF_SESSION, soon()) == (None, [[], [b"BBBB"]])


def test_a_session_longer_than_a_script_can_take_is_looked_up_all_the_same(
    server: RedisServer, client: redis.Redis
) -> None:
    client.hset(VECTORS, mapping={"a": b"AAAA"})
    client.hset(SESSION, "e", pack(Kept(7, tuple(Event("a", "view", time) for time in range(9000)))))
    store = RedisSessions(server.url, cap=1000, ttl=1000)
    record, values = store.read("d", [OfSession(VECTORS)], soon())
    assert record is not None
    assert (len(record.events), values) == (1000, [[b"AAAA"] * 1000])
    store.close()


def test_a_key_of_another_type_holds_nothing_of_a_sessions_items(visited: RedisSessions, client: redis.Redis) -> None:
    client.delete(VECTORS)
    client.rpush(VECTORS, "x")
    record, values = visited.read("d", OF_SESSION, soon())
    assert record is not None
    assert values == [[None] * 3, [None]]
    client.delete(SESSION)
    client.set(SESSION, "text")
    assert visited.read("d", OF_SESSION, soon()) == (None, [[], [None]])


@pytest.mark.parametrize(("cap", "bytes_allowed"), [(20, 1280), (100, 3072)])
def test_a_full_session_stays_within_its_memory(
    server: RedisServer, client: redis.Redis, cap: int, bytes_allowed: int
) -> None:
    store = RedisSessions(server.url, cap=cap, ttl=86_400)
    digest = keys.session_digest(b"secret", "visitor")
    rng = np.random.default_rng(1)
    types = ("view", "click", "cart", "purchase")
    for i in range(3 * cap):
        sku = f"{rng.integers(10_000, 99_999)}{'ABCDEFGH'[i % 8]}"
        event = Event(sku, types[i % 4], 1_700_000_000_000 + 45_123 * i, rng.bytes(8))
        sequence = store.append(digest, [event], soon()).record.sequence
    vector = rng.standard_normal(64).astype("<f4").tobytes()
    # As the proxy keeps it: under the release and what events weigh, with the sum of their weights.
    cached = CachedVector(f"{RELEASE}/{Attention().fingerprint}", sequence, vector, 4.942353924539186)
    store.cache_vector(digest, cached, soon())
    record = store.read(digest, [], soon())[0]
    assert record is not None
    assert (len(record.events), record.cached) == (cap, cached)
    assert client.memory_usage(keys.session(digest)) <= bytes_allowed
    store.close()
