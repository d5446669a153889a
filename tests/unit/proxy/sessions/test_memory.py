"""What the store in memory does beyond the contract: it stays small."""

from proxy.deadline import Deadline
from proxy.sessions.base import Event
from proxy.sessions.memory import MemorySessions

EVENT = Event("a", "view", 1)


def soon() -> Deadline:
    return Deadline(30)


def test_the_session_that_was_quiet_for_longest_gives_way_to_a_new_one() -> None:
    store = MemorySessions(cap=5, ttl=10, max_sessions=2)
    for digest in ("a", "b", "a", "c"):
        store.append(digest, [EVENT], soon())
    assert [store.read(digest, [], soon())[0] is not None for digest in "abc"] == [True, False, True]


def test_sessions_that_are_over_are_dropped_when_another_is_written() -> None:
    now = [0.0]
    store = MemorySessions(cap=5, ttl=10, clock=lambda: now[0])
    for i in range(100):
        store.append(str(i), [EVENT], soon())
    now[0] = 10.0
    store.append("new", [EVENT], soon())
    assert list(store._sessions) == ["new"]
