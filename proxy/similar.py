"""The products nearest to one: exact, over all vectors of a release, held in this process."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.errors import StoreError
from sessionrank.vectors import DTYPE

from .deadline import Deadline
from .errors import HttpError
from .sessions.base import SessionStore

__all__ = ["MAX_ITEMS", "Neighbour", "SimilarItems"]

#: Past this many items the matrix is too much for a process that answers searches: 200,000 × 64 floats are 51 MB.
MAX_ITEMS = 200_000
_MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A product near another."""

    sku: str
    cosine: float


@dataclass(frozen=True, slots=True)
class _Matrix:
    """All vectors of a release: ``rows[place[sku]]``, unit length."""

    release: str
    skus: list[str]
    place: dict[str, int]
    rows: NDArray[np.float32]


class SimilarItems:
    """Nearest products under one release at a time, loaded when first asked for."""

    def __init__(self, store: SessionStore, *, max_items: int = MAX_ITEMS) -> None:
        self._store = store
        self._max_items = max_items
        self._lock = threading.Lock()
        self._loaded: _Matrix | None = None

    def nearest(self, release: str, sku: str, n: int, deadline: Deadline) -> list[Neighbour] | None:
        """The ``n`` products nearest to ``sku``, the nearest first and equal ones by sku; None when it has no vector.

        Raises:
            HttpError: 501 when the release has too many items, 503 while another request loads it.
            StoreError: the store failed.
        """
        matrix = self._matrix(release, deadline)
        own = matrix.place.get(sku)
        if own is None:
            return None
        cosines = matrix.rows @ matrix.rows[own]
        cosines[own] = -np.inf
        n = min(n, len(cosines) - 1)
        if n < 1:
            return []
        # All that reach the n-th best, so that equal ones at the edge are told apart by sku and not by chance.
        reached = np.flatnonzero(cosines >= np.partition(cosines, -n)[-n])
        best = sorted(reached.tolist(), key=lambda i: (-cosines[i], matrix.skus[i]))[:n]
        return [Neighbour(matrix.skus[i], float(np.clip(cosines[i], -1.0, 1.0))) for i in best]

    def _matrix(self, release: str, deadline: Deadline) -> _Matrix:
        loaded = self._loaded
        if loaded is not None and loaded.release == release:
            return loaded
        if not self._lock.acquire(timeout=max(0.0, deadline.remaining())):
            raise HttpError(503, "release_loading_exception", "the vectors are being loaded; ask again")
        try:
            if self._loaded is None or self._loaded.release != release:
                # Let go of the old one first: never two in memory.
                self._loaded = None
                self._loaded = self._load(release, deadline)
            return self._loaded
        finally:
            self._lock.release()

    def _load(self, release: str, deadline: Deadline) -> _Matrix:
        size, buckets = self._shape(release, deadline)
        place: dict[str, int] = {}
        data = bytearray()
        for bucket in range(buckets):
            for sku, blob in self._store.scan(keys.vectors(release, bucket)):
                if len(blob) == size and sku not in place:
                    place[sku] = len(place)
                    data += blob
                    self._check_size(len(place), len(data))
        rows = np.frombuffer(data, dtype=DTYPE).reshape(len(place), -1) if place else np.empty((0, 0), DTYPE)
        skus = list(place)
        sound = np.flatnonzero(np.isfinite(rows).all(axis=1))
        if len(sound) < len(skus):
            skus, rows = [skus[i] for i in sound], rows[sound]
            place = {sku: i for i, sku in enumerate(skus)}
        return _Matrix(release, skus, place, rows)

    def _shape(self, release: str, deadline: Deadline) -> tuple[int, int]:
        """Bytes of a vector, and the number of buckets, from the record of the release."""
        record = self._store.value(keys.release_info(release), deadline)
        if record is None:
            raise HttpError(404, "resource_not_found_exception", f"release {release} has no vectors in the store")
        try:
            info: dict[str, Any] = json.loads(record)
            size, buckets = int(info["dimensions"]) * DTYPE.itemsize, int(info.get("buckets", keys.BUCKETS))
            count = int(info.get("count", 0))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"the record of release {release} is not of our making") from error
        if not (0 < size <= 1 << 20 and 1 <= buckets <= 4096):
            raise StoreError(f"the record of release {release} is not of our making")
        self._check_size(count, count * size)
        return size, buckets

    def _check_size(self, count: int, size: int) -> None:
        if count > self._max_items or size > _MAX_BYTES:
            reason = f"the release has more than {self._max_items} items or {_MAX_BYTES >> 20} MiB of vectors"
            raise HttpError(501, "too_many_items_exception", reason)
