"""The contract of session stores: what the proxy keeps of a visit, and how it reads item vectors beside it.

A store keeps, under the keyed digest of a session id, a capped list of events ordered by time (the truth) and a cached
session vector (derived from it). It also reads what the indexer has published: fields of hashes, by :class:`Lookup`.
Every call takes a :class:`~proxy.deadline.Deadline` and raises ``StoreError`` when it cannot answer by then.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from ..deadline import Deadline

__all__ = [
    "ORDERS",
    "ORDER_SECONDS",
    "Appended",
    "CachedVector",
    "Event",
    "FrozenHits",
    "Lookup",
    "OfSession",
    "Record",
    "SessionStore",
]

#: Orders that are kept of one session at a time, and the seconds that each is kept after its last use.
ORDERS = 8
ORDER_SECONDS = 60


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a visitor did with one product."""

    sku: str
    type: str
    #: Milliseconds since 1970, from the client or the proxy's clock.
    time: int
    #: Eight bytes that tell this event from others (a hash of the client's event id), or empty without one.
    id: bytes = b""


class CachedVector(msgspec.Struct, frozen=True, array_like=True):
    """A session vector, valid for one release and one state of the events."""

    #: The release, and whatever else decides what the vector is.
    release: str
    sequence: int
    #: float32, little-endian: the weighted mean of unit item vectors, so its length is their coherence, 0 to 1.
    vector: bytes
    #: The sum of the weights of the events that it was made of.
    weight: float = 0.0
    #: float32, little-endian: how much of that each event has in the mean; empty where it is what it weighs.
    parts: bytes = b""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of one session."""

    #: Grows with every change of ``events``; begins with the clock, so that a session begun anew never repeats one.
    sequence: int
    #: Oldest first, at most the store's cap.
    events: tuple[Event, ...]
    #: Only when it was made of this sequence.
    cached: CachedVector | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Fields of one published hash."""

    key: str
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class OfSession:
    """Fields of one published hash: those named by the items of the session's events, oldest first."""

    key: str


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of one append, event by event: False where the event was there before."""

    new: tuple[bool, ...]
    record: Record


@dataclass(frozen=True, slots=True)
class FrozenHits:
    """An order of hits that a first page has frozen."""

    packed: bytes
    #: How many of its hits, from the first on, pages have shown.
    shown: int


class SessionStore(ABC):
    """A place that keeps sessions and holds published vectors; safe to share between threads."""

    #: True when the store lives in this process, so that several workers would not see the same sessions.
    single_process = False

    @abstractmethod
    def secret(self, deadline: Deadline) -> bytes:
        """The random key of the session digest, made once and shared by all who use this store."""

    @abstractmethod
    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        """A session's record (None when there is none, or no digest) and the values of the lookups, in one round trip.

        A record that is not of our making counts as none; what is looked up for its items is then an empty list.
        """

    @abstractmethod
    def append(self, digest: str, events: Sequence[Event], deadline: Deadline) -> Appended:
        """Add events atomically: sorted by time, an id counted once, the oldest dropped beyond the cap, TTL renewed."""

    @abstractmethod
    def cache_vector(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        """Keep a session vector, unless the session has moved on or is gone; never makes or prolongs a key."""

    @abstractmethod
    def freeze(self, digest: str, walk: str, order: FrozenHits, deadline: Deadline) -> None:
        """Keep an order under the name of a walk until it was unused for ``ORDER_SECONDS``.

        Beyond ``ORDERS`` of them the oldest gives way.
        """

    @abstractmethod
    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        """The order that was kept under that name, unless it is gone by now; this renews its time.

        ``shown`` hits of it count as shown from now on, if that is more than before.
        """

    @abstractmethod
    def forget(self, digest: str, deadline: Deadline) -> bool:
        """Delete all that is kept of a session, its orders too; whether there was anything."""

    @abstractmethod
    def value(self, key: str, deadline: Deadline) -> bytes | None:
        """A published string: a pointer or the record of a release."""

    @abstractmethod
    def put(self, key: str, value: bytes, deadline: Deadline) -> None:
        """Publish a string: the ranking of a release, or its model. For tools; no request ever writes one."""

    @abstractmethod
    def scan(self, key: str) -> Iterator[tuple[str, bytes]]:
        """All fields of a published hash, in pieces; for start-up and background work, not for a search."""

    @abstractmethod
    def ping(self, deadline: Deadline) -> None:
        """Raise ``StoreError`` when the store does not answer."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""
