"""Visits of a log, begun in this process: the shop's own sessions are neither read nor touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sessionrank.errors import DataError
from sessionrank.searchlog import SearchCase

from ..deadline import Deadline
from ..schemas import EVENT_TYPES
from ..sessions.base import Appended, CachedVector, Event, FrozenHits, Lookup, OfSession, Record, SessionStore
from ..sessions.memory import MemorySessions

__all__ = ["VisitStore", "check_types", "events_of"]

#: Milliseconds between events of which the log tells no times.
_STEP_MS = 1000
#: When a search was made of which the log does not tell (2020-01-01).
_SOME_TIME_MS = 1_577_836_800_000


class VisitStore(SessionStore):
    """Sessions in this process beside what is published in the shop's own store, which is only read."""

    single_process = True

    def __init__(self, published: SessionStore, *, cap: int, ttl: int) -> None:
        self._published = published
        self._visits = MemorySessions(cap=cap, ttl=ttl)

    def secret(self, deadline: Deadline) -> bytes:
        """See the contract."""
        return self._visits.secret(deadline)

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        """See the contract."""
        record, _ = self._visits.read(digest, [], deadline)
        own = [] if record is None else [event.sku for event in record.events]
        asked = [Lookup(each.key, own) if isinstance(each, OfSession) else each for each in lookups]
        _, values = self._published.read(None, asked, deadline)
        return record, values

    def append(self, digest: str, events: Sequence[Event], deadline: Deadline) -> Appended:
        """See the contract."""
        return self._visits.append(digest, events, deadline)

    def cache_vector(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        """See the contract."""
        self._visits.cache_vector(digest, cached, deadline)

    def freeze(self, digest: str, walk: str, order: FrozenHits, deadline: Deadline) -> None:
        """See the contract."""
        self._visits.freeze(digest, walk, order, deadline)

    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        """See the contract."""
        return self._visits.frozen(digest, walk, shown, deadline)

    def forget(self, digest: str, deadline: Deadline) -> bool:
        """See the contract."""
        return self._visits.forget(digest, deadline)

    def value(self, key: str, deadline: Deadline) -> bytes | None:
        """See the contract."""
        return self._published.value(key, deadline)

    def put(self, key: str, value: bytes, deadline: Deadline) -> None:
        """See the contract."""
        self._published.put(key, value, deadline)

    def scan(self, key: str) -> Iterator[tuple[str, bytes]]:
        """See the contract."""
        return self._published.scan(key)

    def ping(self, deadline: Deadline) -> None:
        """See the contract."""
        self._published.ping(deadline)

    def close(self) -> None:
        """See the contract."""
        self._published.close()


def events_of(case: SearchCase) -> list[Event]:
    """The events of a case in the order of the log, with times that keep it.

    An event without a time stands a second before the next one; one that is told to be later than that, at its time.
    """
    known = [event.time for event in case.session if event.time is not None]
    following = case.time
    if following is None:
        following = max(known, default=_SOME_TIME_MS) + _STEP_MS * len(case.session)
    times: list[int] = []
    for event in reversed(case.session):
        own = following - _STEP_MS if event.time is None else event.time
        following = max(0, min(own, following))
        times.append(following)
    return [Event(event.sku, event.type, time) for event, time in zip(case.session, reversed(times), strict=True)]


def check_types(name: str, cases: Sequence[SearchCase]) -> None:
    """Raises :class:`DataError` where an event of the log ``name`` is of a type that the proxy does not take."""
    unknown = {event.type for case in cases for event in case.session} - set(EVENT_TYPES)
    if unknown:
        raise DataError(f"{name}: events of type {min(unknown)[:40]!r}; known are {', '.join(EVENT_TYPES)}")
