"""Signals of a window's hits for one session: read in as few round trips as can be."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.errors import StoreError
from sessionrank.releases import release_of
from sessionrank.vectors import DTYPE, decode, decode_lengths

from .deadline import Deadline
from .sessions.base import CachedVector, Lookup, OfSession, Record, SessionStore
from .signals.attention import Attention
from .signals.base import SessionState, SessionVector, Window
from .signals.cosine import LONGEST, length_lookup, session_vector, vector_lookup
from .signals.registry import SIGNALS

__all__ = ["Gathered", "Gatherer", "NotRankable", "Releases"]

#: The release of each hit, None where none is published for its index.
Releases = list[str | None]

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
    #: What the signals found out about the session; see ``ranking.base.FACTS``.
    facts: dict[str, float]
    record: Record
    #: The release of each hit, None where none is published.
    releases: Releases


class Gatherer:
    """Reads the signals that a strategy needs."""

    def __init__(self, store: SessionStore, attention: Attention) -> None:
        self._store = store
        self._attention = attention
        self._signals = {name: signal() for name, signal in SIGNALS.items()}
        self._pointers: dict[str, tuple[float, str | None]] = {}

    def releases(self, names: Sequence[str], indexes: Sequence[str], deadline: Deadline) -> Releases:
        """The release of each hit of the concrete ``indexes``, searched for as ``names``; None where there is none.

        Raises:
            NotRankable: there is none for any of them.
            StoreError: the store failed or the time was used up.
        """
        if indexes and indexes.count(indexes[0]) == len(indexes):
            # Nearly always, and then one look at each name is enough.
            if (only := self._release(indexes[0], names, deadline)) is None:
                raise NotRankable("no-release")
            return [only] * len(indexes)
        release_by_index = {index: self._release(index, names, deadline) for index in set(indexes)}
        releases = list(map(release_by_index.__getitem__, indexes))
        if not any(release_by_index.values()):
            raise NotRankable("no-release")
        return releases

    def gather(
        self,
        digest: str,
        releases: Releases,
        window: Window,
        needs: Sequence[str],
        deadline: Deadline,
        *,
        unless: Sequence[Lookup] = (),
    ) -> Gathered:
        """The signals ``needs`` of the hits of a window.

        Args:
            releases: of each hit.
            unless: where any of these is found, the order stays the engine's.

        Raises:
            NotRankable: nothing is known of the session, its items or the hits.
            StoreError: the store failed or the time was used up.
        """
        parts = _parts_by_release(releases)
        asked = list(self._asked(parts, window.items, needs))
        lookups = [*unless, *(lookup for *_, each in asked for lookup in each)]
        record, values = self._store.read(digest, lookups, deadline)
        if any(value is not None for found in values[: len(unless)] for value in found):
            raise NotRankable("exact-query")
        if record is None or not record.events:
            raise NotRankable("empty-session")
        weights = self._attention.weights(record.events)
        vectors: dict[str, SessionVector | None] = {}
        if any(self._signals[name].needs_vector for name in needs):
            vectors = self._session_vectors(digest, record, weights, list(parts), deadline)
        signals: dict[str, NDArray[np.float64]] = {}
        facts = {"length": float(len(record.events))}
        answers = iter(values[len(unless) :])
        for release, part, name, each in asked:
            state = SessionState(record.events, weights, vectors.get(release))
            scored = self._signals[name].score(state, _window(window, part), [next(answers) for _ in each])
            if isinstance(part, slice):
                signals[name] = scored.values
            else:
                signals.setdefault(name, np.full(len(window.items), np.nan))[part] = scored.values
            # Of two releases the one that knows more of the session has the word.
            facts |= {name: value for name, value in scored.facts.items() if value >= facts.get(name, 0.0)}
        if not _tells(signals):
            unknown = ("cosine" in signals or "covisit" in signals) and not any(vectors.values())
            raise NotRankable("no-vector" if unknown and "reliability" not in facts else "no-known-hits")
        return Gathered(signals, facts, record, releases)

    def _asked(
        self, parts: Mapping[str, _Part], items: Sequence[str], needs: Sequence[str]
    ) -> Iterator[tuple[str, _Part, str, list[Lookup | OfSession]]]:
        """Release by release and signal by signal: which hits to score, and what must be read for them."""
        for name in needs:
            for release, part in parts.items():
                lookups = self._signals[name].lookups(release, _of(items, part))
                if not lookups:
                    # What needs no release is told of the window as a whole: the engine's rank, say.
                    yield release, slice(None), name, []
                    break
                yield release, part, name, lookups

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
            _, (blobs,) = self._store.read(None, [vector_lookup(release, wanted)], deadline)
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
        self,
        digest: str,
        record: Record,
        weights: NDArray[np.float64],
        releases: Sequence[str],
        deadline: Deadline,
    ) -> dict[str, SessionVector | None]:
        """The session vector under each release: the cached one where it is still right, else made from the events."""
        vectors: dict[str, SessionVector | None] = {}
        cached = record.cached
        if cached is not None and cached.sequence == record.sequence:
            release, _, fingerprint = cached.release.partition("/")
            if release in releases and fingerprint == self._attention.fingerprint:
                mean = np.frombuffer(cached.vector, DTYPE)
                # Floats that may be anything: what is no mean of unit vectors is made again.
                coherence = math.hypot(*mean.tolist())
                parts = None if self._attention.unit_length else np.frombuffer(cached.parts, DTYPE)
                sound = parts is None or (parts.size == len(record.events) and bool(np.isfinite(parts).all()))
                if coherence <= LONGEST and sound:
                    vectors[release] = SessionVector(mean, cached.weight, coherence, parts)
        stale = [release for release in releases if release not in vectors]
        if stale:
            vectors |= self._computed(digest, record, weights, stale, deadline)
        return vectors

    def _computed(
        self,
        digest: str,
        record: Record,
        weights: NDArray[np.float64],
        releases: Sequence[str],
        deadline: Deadline,
    ) -> dict[str, SessionVector | None]:
        skus = [event.sku for event in record.events]
        lookups = [vector_lookup(release, skus) for release in releases]
        if not self._attention.unit_length:
            lookups += [length_lookup(release, skus) for release in releases]
        _, values = self._store.read(None, lookups, deadline)
        count = len(releases)
        lengths: list[NDArray[np.float64] | None] = [decode_lengths(blobs) for blobs in values[count:]]
        vectors = {
            release: session_vector(weights, blobs, each)
            for release, blobs, each in zip(releases, values[:count], lengths or [None] * count, strict=True)
        }
        release, vector = next(iter(vectors.items()))
        if vector is not None:
            name = f"{release}/{self._attention.fingerprint}"
            parts = b"" if vector.parts is None else vector.parts.tobytes()
            cached = CachedVector(name, record.sequence, vector.mean.tobytes(), vector.weight, parts)
            self._cache(digest, cached, deadline)
        return vectors

    def _cache(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        try:
            self._store.cache_vector(digest, cached, deadline)
        except StoreError:
            # The vector is at hand for this search; the next one makes it again.
            return


def _tells(signals: Mapping[str, NDArray[np.float64]]) -> bool:
    """Whether anything of the session is known to have to do with any hit; a share of 0 is what all strangers have."""
    # What is no number does not equal itself.
    if (cosine := signals.get("cosine")) is not None and (cosine == cosine).any():
        return True
    return any((signals[name] > 0.0).any() for name in ("covisit", "seen") if name in signals)


def _window(window: Window, part: _Part) -> Window:
    if isinstance(part, slice):
        return window
    return Window(_of(window.items, part), window.scores[part] if window.scores.size else window.scores)


def _parts_by_release(releases: Sequence[str | None]) -> dict[str, _Part]:
    if (only := releases[0]) is not None and releases.count(only) == len(releases):
        # Nearly always: a slice of all of them costs nothing where a list of positions would be gone through.
        return {only: slice(None)}
    positions: dict[str, list[int]] = {}
    for position, release in enumerate(releases):
        if release is not None:
            positions.setdefault(release, []).append(position)
    return {**positions}


def _of(items: Sequence[str], part: _Part) -> Sequence[str]:
    return items[part] if isinstance(part, slice) else [items[p] for p in part]
