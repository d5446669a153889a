"""Session ids and their digests."""

import threading

import pytest

from proxy.deadline import Deadline
from proxy.sessions.identity import Hasher, check_session_id, event_id
from proxy.sessions.memory import MemorySessions
from sessionrank import keys
from sessionrank.errors import StoreError


class Secrets(MemorySessions):
    """A store whose secret the test sets; it counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__(cap=1, ttl=1)
        self.answer: bytes | None = b"s" * 32
        self.asked = 0

    def secret(self, deadline: Deadline) -> bytes:
        self.asked += 1
        if self.answer is None:
            raise StoreError("down")
        return self.answer


def soon() -> Deadline:
    return Deadline(30)


@pytest.mark.parametrize("text", ["a", "x" * 256, "_id/with~odd:{chars}|\\\"'<>%20"])
def test_printable_ascii_up_to_256_characters_is_a_session_id(text: str) -> None:
    check_session_id(text)


@pytest.mark.parametrize("text", ["", "x" * 257, "x" * 10_000, "a b", "a\tb", "a\nb", "a\x00", "a\x7f", "ä", "\ud800"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="session id"):
        check_session_id(text)


def test_a_key_of_our_own_asks_the_store_nothing() -> None:
    store = Secrets()
    assert Hasher(store, b"k" * 16).digest("v", soon()) == keys.session_digest(b"k" * 16, "v")
    assert store.asked == 0


def test_the_key_of_the_store_is_read_once_a_minute() -> None:
    store, now = Secrets(), [0.0]
    hasher = Hasher(store, clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 59.0):
        assert hasher.digest("v", soon()) == keys.session_digest(b"s" * 32, "v")
    assert store.asked == 1
    store.answer, now[0] = b"t" * 32, 61.0
    assert hasher.digest("v", soon()) == keys.session_digest(b"t" * 32, "v")
    assert store.asked == 2


def test_a_store_that_fails_later_leaves_the_known_key_and_is_not_asked_at_every_turn() -> None:
    store, now = Secrets(), [0.0]
    hasher = Hasher(store, clock=lambda: now[0])
    before = hasher.digest("v", soon())
    store.answer, now[0] = None, 61.0
    assert hasher.digest("v", soon()) == before
    assert hasher.digest("v", soon()) == before
    assert store.asked == 2


def test_a_store_that_fails_at_first_is_a_store_error_until_it_answers() -> None:
    store = Secrets()
    hasher = Hasher(store)
    store.answer = None
    with pytest.raises(StoreError):
        hasher.digest("v", soon())
    store.answer = b"s" * 32
    assert hasher.digest("v", soon()) == keys.session_digest(b"s" * 32, "v")


def test_while_one_thread_reads_the_first_key_another_gives_up_at_its_deadline() -> None:
    reading, go_on = threading.Event(), threading.Event()

    class Slow(Secrets):
        def secret(self, deadline: Deadline) -> bytes:
            reading.set()
            go_on.wait(30)
            return super().secret(deadline)

    hasher = Hasher(Slow())
    first = threading.Thread(target=hasher.digest, args=("v", soon()))
    first.start()
    reading.wait(30)
    with pytest.raises(StoreError, match="in time"):
        hasher.digest("v", Deadline(0.01))
    go_on.set()
    first.join()
    assert hasher.digest("v", Deadline(-1)) == keys.session_digest(b"s" * 32, "v")


def test_event_ids_are_eight_bytes_and_tell_events_apart() -> None:
    assert len({event_id(str(i)) for i in range(10_000)}) == 10_000
    assert len(event_id("ä" * 500)) == 8
