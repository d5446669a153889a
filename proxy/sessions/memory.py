"""Sessions and vectors in this process, for tests and for trying: gone when it ends, invisible to any other."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sessionrank import keys
from sessionrank.exact import FOUND, fingerprint

from ..deadline import Deadline
from .base import (
    ORDER_SECONDS,
    ORDERS,
    Appended,
    CachedVector,
    Event,
    FrozenHits,
    Lookup,
    OfSession,
    Record,
    SessionStore,
)
from .record import Kept, append, record_of

__all__ = ["MemorySessions"]


@dataclass(slots=True)
class _Session:
    kept: Kept
    cached: CachedVector | None
    #: By the store's clock.
    expires: float


class MemorySessions(SessionStore):
    """At most ``max_sessions`` sessions of at most ``cap`` events, each gone ``ttl`` seconds after its last event.

    ``clock`` gives seconds that only grow.
    """

    single_process = True

    def __init__(
        self, *, cap: int, ttl: int, max_sessions: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cap = cap
        self._ttl = ttl
        self._max_sessions = max_sessions
        self._clock = clock
        self._lock = threading.Lock()
        #: The session whose last event is the oldest first: it is the first to expire, and the first to give way.
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        #: Digest → walk → when it goes, and the order; the oldest first.
        self._orders: OrderedDict[str, OrderedDict[str, tuple[float, FrozenHits]]] = OrderedDict()
        self._hashes: dict[str, dict[str, bytes]] = {}
        self._values: dict[str, bytes] = {}
        self._secret = secrets.token_bytes(32)

    @classmethod
    def from_url(cls, url: str, *, cap: int, ttl: int) -> MemorySessions:
        """As the registry makes it; there is nothing in ``url`` but the scheme."""
        del url
        return cls(cap=cap, ttl=ttl)

    def publish(
        self,
        release: str,
        vectors: Mapping[str, bytes],
        *,
        index: str | None = None,
        covisits: Mapping[str, bytes] | None = None,
        lengths: Mapping[str, bytes] | None = None,
        names: Iterable[str] = (),
        values: Mapping[str, bytes] | None = None,
    ) -> None:
        """Hold what the loader writes: vectors, covisits, lengths by item id, ``names`` of products by fingerprint.

        ``values`` stand under their keys (a ranking, say); ``index`` gets its pointer.
        """
        buckets = keys.BUCKETS
        info = {"index": index, "dimensions": _dimensions(vectors), "buckets": buckets, "count": len(vectors)}
        with self._lock:
            for of_bucket, blobs in (
                (keys.vectors, vectors),
                (keys.covisits, covisits or {}),
                (keys.lengths, lengths or {}),
            ):
                for item_id, blob in blobs.items():
                    self._hashes.setdefault(of_bucket(release, keys.bucket(item_id, buckets)), {})[item_id] = blob
            for found in filter(None, map(fingerprint, names)):
                self._hashes.setdefault(keys.exact(release), {})[found] = FOUND
            self._values.update(values or {})
            self._values[keys.release_info(release)] = json.dumps(info).encode()
            if index is not None:
                self._values[keys.pointer(index)] = release.encode()

    def secret(self, deadline: Deadline) -> bytes:
        """See the contract."""
        return self._secret

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        """See the contract."""
        with self._lock:
            found = self._live(digest)
            record = None if found is None else record_of(found.kept, found.cached, self._cap)
            own = [] if record is None else [event.sku for event in record.events]
            values = [
                list(map(self._hashes.get(lookup.key, {}).get, own if isinstance(lookup, OfSession) else lookup.fields))
                for lookup in lookups
            ]
        return record, values

    def append(self, digest: str, events: Sequence[Event], deadline: Deadline) -> Appended:
        """See the contract."""
        with self._lock:
            found = self._live(digest)
            kept, new = append(found.kept if found else None, events, cap=self._cap, now=int(time.time() * 1000))
            cached = found.cached if found else None
            if events:
                self._sessions[digest] = _Session(kept, cached, self._clock() + self._ttl)
                self._sessions.move_to_end(digest)
                self._make_room()
        return Appended(new, record_of(kept, cached, self._cap))

    def cache_vector(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        """See the contract."""
        with self._lock:
            found = self._live(digest)
            if found is not None and found.kept.sequence == cached.sequence:
                found.cached = cached

    def freeze(self, digest: str, walk: str, order: FrozenHits, deadline: Deadline) -> None:
        """See the contract."""
        with self._lock:
            self._keep(digest, walk, order)
            self._drop_orders()

    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        """See the contract."""
        with self._lock:
            found = self._orders.get(digest, OrderedDict()).get(walk)
            if found is None or found[0] <= self._clock():
                return None
            self._keep(digest, walk, FrozenHits(found[1].packed, max(shown, found[1].shown)))
        return found[1]

    def forget(self, digest: str, deadline: Deadline) -> bool:
        """See the contract."""
        with self._lock:
            found = self._live(digest)
            self._orders.pop(digest, None)
            self._sessions.pop(digest, None)
        return found is not None

    def value(self, key: str, deadline: Deadline) -> bytes | None:
        """See the contract."""
        return self._values.get(key)

    def put(self, key: str, value: bytes, deadline: Deadline) -> None:
        """See the contract."""
        self._values[key] = value

    def scan(self, key: str) -> Iterator[tuple[str, bytes]]:
        """See the contract."""
        with self._lock:
            fields = list(self._hashes.get(key, {}).items())
        yield from fields

    def ping(self, deadline: Deadline) -> None:
        """See the contract."""

    def close(self) -> None:
        """See the contract."""

    def _live(self, digest: str | None) -> _Session | None:
        found = None if digest is None else self._sessions.get(digest)
        return found if found is not None and found.expires > self._clock() else None

    def _make_room(self) -> None:
        now = self._clock()
        while len(self._sessions) > self._max_sessions or next(iter(self._sessions.values())).expires <= now:
            self._sessions.popitem(last=False)

    def _keep(self, digest: str, walk: str, order: FrozenHits) -> None:
        mine = self._orders.setdefault(digest, OrderedDict())
        self._orders.move_to_end(digest)
        mine[walk] = (self._clock() + ORDER_SECONDS, order)
        mine.move_to_end(walk)
        if len(mine) > ORDERS:
            mine.popitem(last=False)

    def _drop_orders(self) -> None:
        """Of sessions whose latest order is too old, or that are too many."""
        now = self._clock()
        while True:
            oldest = next(iter(self._orders.values()))
            if len(self._orders) <= self._max_sessions and next(reversed(oldest.values()))[0] > now:
                return
            self._orders.popitem(last=False)


def _dimensions(vectors: Mapping[str, bytes]) -> int:
    return len(next(iter(vectors.values()), b"")) // 4
