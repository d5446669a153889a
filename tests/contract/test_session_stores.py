"""What every session store must do, run on each member of the family."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from proxy.deadline import Deadline
from proxy.sessions.base import (
    ORDER_SECONDS,
    ORDERS,
    CachedVector,
    Event,
    FrozenHits,
    Lookup,
    OfSession,
    Record,
    SessionStore,
)
from proxy.sessions.memory import MemorySessions
from proxy.sessions.redis import RedisSessions
from proxy.sessions.registry import STORES, from_url
from sessionrank import keys
from sessionrank.errors import ConfigurationError
from tests.support.redis_server import RedisServer, redis_server

CAP = 5
TTL = 1000
RELEASE = "20250101120000abc123"


def soon() -> Deadline:
    """A deadline that only a defect reaches."""
    return Deadline(30)


def event(sku: str, time: int, id_: str = "", type_: str = "view") -> Event:
    return Event(sku, type_, time, id_.encode().rjust(8, b"-") if id_ else b"")


@dataclass
class Member:
    """A store under test, and what the suite must be able to do behind its back."""

    store: SessionStore
    make: Callable[[int], SessionStore]
    publish: Callable[[str, dict[str, bytes], str], None]
    #: Seconds that a session still has; None for one that is not there; below zero for one that would stay for ever.
    time_to_live: Callable[[str], float | None]
    #: Lets time go by until what is left to the session is gone.
    outlive: Callable[[str], None]
    #: Lets some of the session's time go by.
    age: Callable[[str], None]
    #: Lets as many seconds go by for the orders of a session.
    age_orders: Callable[[str, int], None]
    #: How many of them it holds, old ones too.
    count_orders: Callable[[str], int]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def memory() -> Member:
    now = [0.0]
    store = MemorySessions(cap=CAP, ttl=TTL, clock=lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    def left(digest: str) -> float | None:
        found = store._live(digest)
        return None if found is None else found.expires - now[0]

    return Member(
        store,
        lambda cap: MemorySessions(cap=cap, ttl=TTL),
        lambda release, vectors, index: store.publish(release, vectors, index=index),
        left,
        lambda digest: advance(left(digest) or 0),
        lambda digest: advance(TTL / 2),
        lambda digest, seconds: advance(seconds),
        lambda digest: len(store._orders.get(digest, ())),
    )


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Member]:
    with server.client() as client:
        client.flushall()

        def publish(release: str, vectors: dict[str, bytes], index: str) -> None:
            client.hset(keys.vectors(release, 0), mapping=vectors)
            client.set(keys.pointer(index), release)

        def left(digest: str) -> float | None:
            seconds = client.ttl(keys.session(digest))
            return None if seconds == -2 else seconds

        def age_orders(digest: str, seconds: int) -> None:
            key = keys.orders(digest)
            for walk, kept in client.hgetall(key).items():
                client.hset(key, walk, b"%012d" % (int(kept[:12]) - seconds) + kept[12:])
            if (left := client.ttl(key) - seconds) > 0:
                client.expire(key, left)
            else:
                client.delete(key)

        made = [RedisSessions(server.url, cap=CAP, ttl=TTL)]

        def make(cap: int) -> SessionStore:
            made.append(RedisSessions(server.url, cap=cap, ttl=TTL))
            return made[-1]

        yield Member(
            made[0],
            make,
            publish,
            left,
            lambda digest: client.pexpire(keys.session(digest), 0),
            lambda digest: client.expire(keys.session(digest), TTL // 2),
            age_orders,
            lambda digest: client.hlen(keys.orders(digest)),
        )
        for store in made:
            store.close()


@pytest.fixture
def restless() -> Iterator[None]:
    """Lets threads interrupt each other a thousand times as often as usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


@pytest.fixture(params=["memory", "redis"])
def member(request: pytest.FixtureRequest) -> Member:
    return request.getfixturevalue(request.param)


@pytest.fixture
def store(member: Member) -> SessionStore:
    return member.store


def read(store: SessionStore, digest: str) -> Record | None:
    return store.read(digest, [], soon())[0]


def frozen(store: SessionStore, digest: str, walk: str) -> bytes | None:
    found = store.frozen(digest, walk, 0, soon())
    return None if found is None else found.packed


def skus(record: Record | None) -> list[str]:
    assert record is not None
    return [each.sku for each in record.events]


def test_a_session_that_was_never_written_is_none(store: SessionStore) -> None:
    assert store.read("nobody", [], soon()) == (None, [])


def test_events_come_back_as_they_were_written(store: SessionStore) -> None:
    events = (event("ä/b c", 1_700_000_000_000, "1", "view"), event("x" * 512, 1_700_000_000_001, "", "cart"))
    appended = store.append("d", events, soon())
    assert appended.new == (True, True)
    assert appended.record.events == events
    assert read(store, "d") == appended.record


def test_events_are_ordered_by_time_and_equal_times_as_they_came(store: SessionStore) -> None:
    store.append("d", [event("c", 30), event("a", 10)], soon())
    store.append("d", [event("b1", 20), event("b2", 20), event("a2", 10)], soon())
    assert skus(read(store, "d")) == ["a", "a2", "b1", "b2", "c"]


def test_the_oldest_events_are_dropped_beyond_the_cap(store: SessionStore) -> None:
    for i in range(CAP + 3):
        store.append("d", [event(str(i), i)], soon())
    assert skus(read(store, "d")) == ["3", "4", "5", "6", "7"]


def test_an_event_older_than_all_of_a_full_session_is_taken_and_dropped(store: SessionStore) -> None:
    store.append("d", [event(str(i), 100 + i) for i in range(CAP)], soon())
    appended = store.append("d", [event("late", 1, "late")], soon())
    assert appended.new == (True,)
    assert "late" not in skus(appended.record)


def test_the_same_event_id_counts_once_within_a_batch_and_across_batches(store: SessionStore) -> None:
    assert store.append("d", [event("a", 1, "x"), event("b", 2, "x")], soon()).new == (True, False)
    assert store.append("d", [event("a", 1, "x"), event("c", 3, "y")], soon()).new == (False, True)
    assert skus(read(store, "d")) == ["a", "c"]


def test_the_id_of_an_event_that_the_cap_just_dropped_is_still_known(store: SessionStore) -> None:
    store.append("d", [event(str(i), i, str(i)) for i in range(2 * CAP)], soon())
    assert store.append("d", [event("0", 99, "0")], soon()).new == (False,)


def test_events_without_an_id_all_count(store: SessionStore) -> None:
    assert store.append("d", [event("a", 1), event("a", 1)], soon()).new == (True, True)
    assert skus(read(store, "d")) == ["a", "a"]


def test_the_same_event_id_in_two_sessions_counts_in_both(store: SessionStore) -> None:
    assert store.append("one", [event("a", 1, "x")], soon()).new == (True,)
    assert store.append("two", [event("a", 1, "x")], soon()).new == (True,)


def test_the_sequence_grows_with_each_change_and_not_with_a_repeat(store: SessionStore) -> None:
    first = store.append("d", [event("a", 1, "x")], soon()).record.sequence
    second = store.append("d", [event("b", 2, "y")], soon()).record.sequence
    assert second > first
    assert store.append("d", [event("b", 2, "y")], soon()).record.sequence == second


def test_appending_nothing_makes_no_session(store: SessionStore, member: Member) -> None:
    assert store.append("d", [], soon()).new == ()
    assert read(store, "d") is None
    assert member.time_to_live("d") is None


def test_a_smaller_cap_shows_only_the_latest_events(redis: Member, server: RedisServer) -> None:
    redis.store.append("d", [event(str(i), i) for i in range(CAP)], soon())
    assert skus(read(redis.make(2), "d")) == ["3", "4"]


def test_a_session_lives_for_its_time_after_the_last_event(store: SessionStore, member: Member) -> None:
    store.append("d", [event("a", 1)], soon())
    member.age("d")
    assert 0 < (member.time_to_live("d") or 0) <= TTL / 2
    store.append("d", [event("b", 2)], soon())
    assert TTL / 2 < (member.time_to_live("d") or 0) <= TTL
    member.outlive("d")
    assert read(store, "d") is None
    assert store.append("d", [event("c", 3)], soon()).record.events == (event("c", 3),)


def test_a_vector_is_kept_for_the_state_that_it_was_made_of(store: SessionStore) -> None:
    sequence = store.append("d", [event("a", 1)], soon()).record.sequence
    cached = CachedVector(RELEASE, sequence, b"\0\0\x80?", 0.5, b"\0\0\0?")
    store.cache_vector("d", cached, soon())
    found = read(store, "d")
    assert found is not None
    assert found.cached == cached
    assert store.append("d", [event("b", 2)], soon()).record.cached is None
    later = read(store, "d")
    assert later is not None
    assert later.cached is None


def test_a_vector_of_an_earlier_state_does_not_replace_a_newer_one(store: SessionStore) -> None:
    first = store.append("d", [event("a", 1)], soon()).record.sequence
    second = store.append("d", [event("b", 2)], soon()).record.sequence
    store.cache_vector("d", CachedVector(RELEASE, second, b"newr"), soon())
    store.cache_vector("d", CachedVector(RELEASE, first, b"oldr"), soon())
    found = read(store, "d")
    assert found is not None
    assert found.cached == CachedVector(RELEASE, second, b"newr")


def test_caching_a_vector_makes_no_session_and_prolongs_none(store: SessionStore, member: Member) -> None:
    store.cache_vector("d", CachedVector(RELEASE, 1, b"1234"), soon())
    assert member.time_to_live("d") is None
    sequence = store.append("d", [event("a", 1)], soon()).record.sequence
    member.age("d")
    left = member.time_to_live("d")
    store.cache_vector("d", CachedVector(RELEASE, sequence, b"1234"), soon())
    assert 0 < (member.time_to_live("d") or 0) <= (left or 0)


def test_a_session_begun_again_is_not_taken_for_the_forgotten_one(store: SessionStore) -> None:
    sequence = store.append("d", [event("a", 1)], soon()).record.sequence
    threading.Event().wait(0.005)  # sequences begin with the clock's milliseconds
    store.forget("d", soon())
    store.append("d", [event("b", 1)], soon())
    store.cache_vector("d", CachedVector(RELEASE, sequence, b"1234"), soon())
    found = read(store, "d")
    assert found is not None
    assert found.cached is None


def test_forgetting_leaves_nothing_and_says_whether_there_was_anything(store: SessionStore, member: Member) -> None:
    store.append("d", [event("a", 1, "x")], soon())
    assert store.forget("d", soon()) is True
    assert store.forget("d", soon()) is False
    assert read(store, "d") is None
    assert member.time_to_live("d") is None
    assert store.append("d", [event("a", 1, "x")], soon()).new == (True,)


@pytest.mark.usefixtures("restless")
def test_an_order_comes_back_under_its_own_session_and_walk_alone(store: SessionStore) -> None:
    order = bytes(range(256))
    store.freeze("s1", "walk", FrozenHits(order, 10), soon())
    assert frozen(store, "s1", "walk") == order
    assert frozen(store, "s1", "other") is frozen(store, "s2", "walk") is None
    store.freeze("s1", "walk", FrozenHits(b"newer", 10), soon())
    assert frozen(store, "s1", "walk") == b"newer"


def test_an_order_goes_after_its_time_though_others_of_the_session_came_later(
    store: SessionStore, member: Member
) -> None:
    store.freeze("s1", "first", FrozenHits(b"1", 10), soon())
    member.age_orders("s1", ORDER_SECONDS - 5)
    store.freeze("s1", "second", FrozenHits(b"2", 10), soon())
    member.age_orders("s1", 5)
    assert frozen(store, "s1", "first") is None
    assert frozen(store, "s1", "second") == b"2"


def test_an_order_tells_how_far_it_was_shown_before(store: SessionStore) -> None:
    store.freeze("s1", "walk", FrozenHits(b"1", 10), soon())
    asked = [store.frozen("s1", "walk", shown, soon()) for shown in (30, 20, 40, 40)]
    assert asked == [FrozenHits(b"1", shown) for shown in (10, 30, 30, 40)]


def test_an_order_that_is_used_stays(store: SessionStore, member: Member) -> None:
    store.freeze("s1", "walk", FrozenHits(b"1", 10), soon())
    for _ in range(3):
        member.age_orders("s1", ORDER_SECONDS - 5)
        assert frozen(store, "s1", "walk") == b"1"


def test_orders_leave_nothing_behind_when_their_time_is_over(store: SessionStore, member: Member) -> None:
    store.freeze("s1", "walk", FrozenHits(b"1", 10), soon())
    member.age_orders("s1", ORDER_SECONDS)
    store.freeze("s2", "walk", FrozenHits(b"1", 10), soon())
    assert (member.count_orders("s1"), member.count_orders("s2")) == (0, 1)


def test_the_oldest_order_gives_way_beyond_the_most_that_are_kept(store: SessionStore, member: Member) -> None:
    for number in range(ORDERS + 3):
        store.freeze("s1", f"walk {number}", FrozenHits(b"%d" % number * 100, 10), soon())
        # Used again at once, in another order: only the one that was used longest ago may go.
        if number == 1:
            store.frozen("s1", "walk 0", 0, soon())
    kept = [number for number in range(ORDERS + 3) if frozen(store, "s1", f"walk {number}")]
    assert kept == list(range(3, ORDERS + 3))
    assert member.count_orders("s1") == ORDERS


def test_forgetting_a_session_forgets_its_orders(store: SessionStore, member: Member) -> None:
    store.freeze("s1", "walk", FrozenHits(b"1", 10), soon())
    assert not store.forget("s1", soon()), "there were no events"
    assert member.count_orders("s1") == 0


def test_no_event_is_lost_or_doubled_when_fifty_threads_write_one_session(member: Member) -> None:
    store = member.make(200)
    start = threading.Barrier(50)

    def write(i: int) -> list[bool]:
        start.wait()
        own = [event(f"{i}-{j}", i * 10 + j, f"{i}-{j}") for j in range(3)]
        shared = event("shared", 5, "shared")
        return [new for batch in ([own[0], shared], own[1:], own) for new in store.append("d", batch, soon()).new]

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(write, range(50)))
    assert sum(itertools.chain(*outcomes)) == 50 * 3 + 1
    assert sorted(skus(read(store, "d"))) == sorted(["shared", *(f"{i}-{j}" for i in range(50) for j in range(3))])
    times = [each.time for each in read(store, "d").events]  # type: ignore[union-attr]
    assert times == sorted(times)


def test_published_fields_are_read_beside_the_session_in_the_order_asked_for(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA", "b": b"BBBB", "ü": b"UUUU"}, "shop")
    member.store.append("d", [event("a", 1)], soon())
    vectors = keys.vectors(RELEASE, 0)
    record, values = member.store.read(
        "d",
        [
            Lookup(vectors, ["b", "missing", "a"]),
            Lookup("sr:v:{nowhere:0}", ["a"]),
            Lookup(vectors, []),
            Lookup(vectors, ["ü"]),
        ],
        soon(),
    )
    assert skus(record) == ["a"]
    assert values == [[b"BBBB", None, b"AAAA"], [None], [], [b"UUUU"]]
    assert member.store.read(None, [Lookup(vectors, ["a"])], soon()) == (None, [[b"AAAA"]])
    assert member.store.read(None, [], soon()) == (None, [])


def test_what_is_published_of_a_sessions_items_is_read_in_the_order_of_its_events(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA", "b": b"BBBB", "ü": b"", "x" * 512: b"long"}, "shop")
    of_session = OfSession(keys.vectors(RELEASE, 0))
    told = [event("b", 5), event("a", 1), event("missing", 2), event("ü", 3), event("x" * 512, 4)]
    member.store.append("d", told, soon())
    record, values = member.store.read("d", [of_session], soon())
    assert skus(record) == ["a", "missing", "ü", "x" * 512, "b"]
    assert values == [[b"AAAA", None, b"", b"long", b"BBBB"]]


def test_an_item_that_a_session_has_twice_is_read_twice(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA", "b": b"BBBB"}, "shop")
    member.store.append("d", [event("a", 1), event("b", 2), event("a", 3)], soon())
    assert member.store.read("d", [OfSession(keys.vectors(RELEASE, 0))], soon())[1] == [[b"AAAA", b"BBBB", b"AAAA"]]


def test_what_is_of_a_session_is_read_beside_other_fields_and_from_several_hashes(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA", "b": b"BBBB"}, "shop")
    member.publish("20250202120000def456", {"a": b"aaaa"}, "other")
    member.store.append("d", [event("a", 1)], soon())
    first, second = (keys.vectors(release, 0) for release in (RELEASE, "20250202120000def456"))
    asked = [
        OfSession(first),
        Lookup(first, ["b"]),
        OfSession("sr:v:{nowhere:0}"),
        Lookup(first, []),
        OfSession(second),
    ]
    assert member.store.read("d", asked, soon())[1] == [[b"AAAA"], [b"BBBB"], [None], [], [b"aaaa"]]


@pytest.mark.parametrize("digest", ["nobody", "", None])
def test_nothing_is_read_for_the_items_of_a_session_that_is_not_there(member: Member, digest: str | None) -> None:
    member.publish(RELEASE, {"a": b"AAAA", "": b"no sku"}, "shop")
    vectors = keys.vectors(RELEASE, 0)
    asked = [OfSession(vectors), Lookup(vectors, ["a"]), OfSession(vectors)]
    assert member.store.read(digest, asked, soon()) == (None, [[], [b"AAAA"], []])
    assert member.store.read(digest, [OfSession(vectors)], soon()) == (None, [[]])


def test_only_the_events_within_the_cap_are_looked_up(member: Member) -> None:
    member.publish(RELEASE, {str(i): b"%04d" % i for i in range(CAP + 3)}, "shop")
    member.store.append("d", [event(str(i), i) for i in range(CAP + 3)], soon())
    _, values = member.store.read("d", [OfSession(keys.vectors(RELEASE, 0))], soon())
    assert values == [[b"%04d" % i for i in range(3, CAP + 3)]]


def test_a_field_name_that_is_no_unicode_is_just_missing(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA"}, "shop")
    assert member.store.read(None, [Lookup(keys.vectors(RELEASE, 0), ["\ud800", "a"])], soon())[1] == [[None, b"AAAA"]]


def test_a_published_string_is_read_and_a_missing_one_is_none(member: Member) -> None:
    member.publish(RELEASE, {"a": b"AAAA"}, "shop")
    assert member.store.value(keys.pointer("shop"), soon()) == RELEASE.encode()
    assert member.store.value(keys.pointer("other"), soon()) is None


def test_a_scan_gives_every_field(member: Member) -> None:
    vectors = {f"item {i}": i.to_bytes(4, "little") for i in range(5000)}
    member.publish(RELEASE, vectors, "shop")
    assert dict(member.store.scan(keys.vectors(RELEASE, 0))) == vectors
    assert list(member.store.scan("sr:v:{nowhere:0}")) == []


def test_the_secret_is_random_stays_the_same_and_is_long_enough(member: Member) -> None:
    secret = member.store.secret(soon())
    assert len(secret) >= 32
    assert member.store.secret(soon()) == secret
    assert member.make(CAP).secret(soon()) == secret or member.store.single_process


def test_a_store_that_works_answers_a_ping(store: SessionStore) -> None:
    store.ping(soon())


@pytest.mark.parametrize("url", ["memory://", "redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "REDIS://127.0.0.1:1"])
def test_a_store_is_chosen_by_the_scheme_of_its_url_and_connects_to_nothing_yet(url: str) -> None:
    made = from_url(url, cap=CAP, ttl=TTL)
    assert type(made).__name__ == STORES[url.partition(":")[0].lower()].partition(":")[2]


def test_an_unknown_scheme_is_refused_with_the_known_ones_and_without_the_password() -> None:
    with pytest.raises(ConfigurationError, match="memory://, redis://, rediss://") as error:
        from_url("memcached://user:hunter2@host", cap=CAP, ttl=TTL)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:99999/0", "redis://127.0.0.1/0?nonsense=1", "redis://h/0?db=x"])
def test_a_url_that_cannot_work_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError):
        from_url(url, cap=CAP, ttl=TTL)
