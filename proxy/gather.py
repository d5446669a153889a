"""Signals of a window's hits for one session: read in as few round trips as can be."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.errors import StoreError
from sessionrank.releases import release_of
from sessionrank.vectors import DTYPE, decode

from .deadline import Deadline
from .sessions.base import CachedVector, Lookup, Record, SessionStore
from .signals.base import SessionState
from .signals.cosine import session_vector, vector_lookups
from .signals.registry import SIGNALS

__all__ = ["Gathered", "Gatherer", "NotRankable"]

#: Which hits of a window: their positions, or all.
_Part = list[int] | slice
#: Seconds that the pointer of an index which we did not load is believed without asking again.
_POINTER_AGE = 1.0


class NotRankable(Exception):
    """There is nothing to rank by; ``reason`` is one of ``reasons.REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Gathered:
    """Signals of the hits of a window, and the session that they are for."""

    signals: dict[str, NDArray[np.float64]]
    record: Record
    #: The release of each hit, None where none is published.
    releases: list[str | None]


class Gatherer:
    """Reads the signals that a strategy needs."""

    def __init__(self, store: SessionStore, needs: Sequence[str], *, decay: float) -> None:
        self._store = store
        self._signals = {name: SIGNALS[name]() for name in needs}
        self._decay = decay
        self._pointers: dict[str, tuple[float, str | None]] = {}

    def gather(
        self, digest: str, names: Sequence[str], indexes: Sequence[str], items: Sequence[str], deadline: Deadline
    ) -> Gathered:
        """The signals of the hits ``items`` (product ids) of the concrete ``indexes``, searched for as ``names``.

        Raises:
            NotRankable: nothing is known of the session, its items or the hits.
            StoreError: the store failed or the time was used up.
        """
        release_by_index = {index: self._release(index, names, deadline) for index in set(indexes)}
        releases = list(map(release_by_index.__getitem__, indexes))
        parts = _parts_by_release(releases)
        if not parts:
            raise NotRankable("no-release")
        asked = [
            (release, part, name, signal.lookups(release, _of(items, part)))
            for release, part in parts.items()
            for name, signal in self._signals.items()
        ]
        lookups = [lookup for *_, each in asked for lookup in each]
        record, values = self._store.read(digest, lookups, deadline)
        if record is None or not record.events:
            raise NotRankable("empty-session")
        vectors = self._session_vectors(digest, record, list(parts), deadline)
        signals = {name: np.full(len(items), np.nan) for name in self._signals}
        answers = iter(values)
        for release, part, name, each in asked:
            state = SessionState(record.events, vectors[release])
            signals[name][part] = self._signals[name].score(state, [next(answers) for _ in each])
        if all(np.isnan(values).all() for values in signals.values()):
            raise NotRankable("no-vector" if all(v is None for v in vectors.values()) else "no-known-hits")
        return Gathered(signals, record, releases)

    def nearest_viewed(
        self, gathered: Gathered, items: Sequence[str], positions: Sequence[int], deadline: Deadline
    ) -> list[str | None]:
        """For each hit at ``positions``, the item of the session whose vector is nearest to the hit's (for explain)."""
        skus = list(dict.fromkeys(event.sku for event in gathered.record.events))
        nearest: list[str | None] = [None] * len(positions)
        for release in {r for r in gathered.releases if r is not None}:
            places = [i for i, p in enumerate(positions) if gathered.releases[p] == release]
            if not places:
                continue
            wanted = [*skus, *(items[positions[i]] for i in places)]
            _, (blobs,) = self._store.read(None, vector_lookups(release, wanted), deadline)
            viewed, viewed_at = decode(blobs[: len(skus)])
            hits, hits_at = decode(blobs[len(skus) :], viewed.shape[1] or None)
            if viewed_at and hits_at:
                for place, best in zip(hits_at, np.argmax(hits @ viewed.T, axis=1), strict=True):
                    nearest[places[place]] = skus[viewed_at[best]]
        return nearest

    def _release(self, index: str, names: Sequence[str], deadline: Deadline) -> str | None:
        """The release in the index's name; else what the pointer of the index, or of a searched alias of it, names."""
        if (release := release_of(index)) is not None:
            return release
        return next((found for name in (index, *names) if (found := self._pointer(name, deadline))), None)

    def _pointer(self, name: str, deadline: Deadline) -> str | None:
        now = time.monotonic()
        known = self._pointers.get(name)
        if known is None or now - known[0] > _POINTER_AGE:
            value = self._store.value(keys.pointer(name), deadline)
            if len(self._pointers) > 1000:
                self._pointers.clear()
            known = self._pointers[name] = (now, value.decode("ascii", "replace") if value else None)
        return known[1]

    def _session_vectors(
        self, digest: str, record: Record, releases: Sequence[str], deadline: Deadline
    ) -> dict[str, NDArray[np.float32] | None]:
        """The session vector under each release: the cached one where it is still right, else made from the events."""
        vectors: dict[str, NDArray[np.float32] | None] = {}
        cached = record.cached
        if cached is not None and cached.sequence == record.sequence and cached.release in releases:
            matrix, _ = decode([cached.vector], len(cached.vector) // DTYPE.itemsize)
            if len(matrix):
                vectors[cached.release] = matrix[0]
        stale = [release for release in releases if release not in vectors]
        if stale:
            vectors |= self._computed(digest, record, stale, deadline)
        return vectors

    def _computed(
        self, digest: str, record: Record, releases: Sequence[str], deadline: Deadline
    ) -> dict[str, NDArray[np.float32] | None]:
        skus = [event.sku for event in record.events]
        lookups: list[Lookup] = [lookup for release in releases for lookup in vector_lookups(release, skus)]
        _, values = self._store.read(None, lookups, deadline)
        vectors = {
            release: session_vector(record.events, blobs, decay=self._decay)
            for release, blobs in zip(releases, values, strict=True)
        }
        release, vector = next(iter(vectors.items()))
        if vector is not None:
            self._cache(digest, CachedVector(release, record.sequence, vector.tobytes()), deadline)
        return vectors

    def _cache(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        try:
            self._store.cache_vector(digest, cached, deadline)
        except StoreError:
            # The vector is at hand for this search; the next one makes it again.
            return


def _parts_by_release(releases: Sequence[str | None]) -> dict[str, _Part]:
    if len(set(releases)) == 1 and (only := releases[0]) is not None:
        # Nearly always: a slice of all of them costs nothing where a list of positions would be gone through.
        return {only: slice(None)}
    positions: dict[str, list[int]] = {}
    for position, release in enumerate(releases):
        if release is not None:
            positions.setdefault(release, []).append(position)
    return {**positions}


def _of(items: Sequence[str], part: _Part) -> Sequence[str]:
    return items[part] if isinstance(part, slice) else [items[p] for p in part]
