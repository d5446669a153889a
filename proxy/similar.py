"""The products nearest to one, or to a sum of several, over all vectors of a release, held in this process."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sessionrank import keys
from sessionrank.errors import SessionrankError, StoreError
from sessionrank.nearest import EXACT_TO, NearestItems, Neighbour
from sessionrank.vectors import DTYPE

from .deadline import Deadline
from .errors import HttpError
from .sessions.base import SessionStore

__all__ = ["MAX_ITEMS", "SimilarItems"]

#: Past this many items a process that answers searches should not hold them: 1,000,000 × 64 floats are 256 MB, and as
#: much again for their ids and the index.
MAX_ITEMS = 1_000_000
_MAX_BYTES = 512 * 1024 * 1024
#: Seconds for the record of a release; the vectors come in pieces, each with a time of its own.
_RECORD_S = 5.0

_log = logging.getLogger("sessionrank.proxy")


class _Release:
    """A release on its way into memory, and there; all of it on a thread of its own, which no request waits for long.

    Attributes:
        arrived: set when ``items`` can be asked, or ``error`` says why not. The index may still be building then:
            answers are exact until it is there.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.arrived = threading.Event()
        self.items: NearestItems | None = None
        self.error: SessionrankError | None = None
        self._dropped = threading.Event()
        self._thread: threading.Thread | None = None

    def may_give_way_to(self, name: str) -> bool:
        """Whether the release of that name may be loaded now, this one again if it failed."""
        if not self.arrived.is_set():
            return False
        # Too many items stay too many: what is published under the name of a release does not change.
        again = self.error is not None and not (isinstance(self.error, HttpError) and self.error.status == 501)
        return self.name != name or again

    def start(self, loader: _Loader, after: _Release | None) -> None:
        """Begin; what is ``after`` gives up its index, and is over before this loads anything."""
        before = None
        if after is not None:
            after._dropped.set()
            before = after._thread
        # No reference to what is after: it must be gone from memory before this one comes in.
        self._thread = threading.Thread(target=self._run, args=(loader, before), name="similar-items", daemon=True)
        self._thread.start()

    def _run(self, loader: _Loader, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        items = self.items = self._loaded(loader)
        self.arrived.set()
        if items is None or not items.wants_index():
            return
        try:
            items.build_index(lambda: not self._dropped.is_set())
        except Exception:
            # Answers stay exact; the next release tries again.
            _log.exception("the index of similar items of release %s was not built", self.name)

    def _loaded(self, loader: _Loader) -> NearestItems | None:
        try:
            return loader.load(self.name)
        except SessionrankError as error:
            self.error = error
        except Exception as error:
            _log.exception("the vectors of release %s were not loaded", self.name)
            self.error = StoreError(f"the vectors of release {self.name} cannot be loaded")
            self.error.__cause__ = error
        return None


class SimilarItems:
    """Nearest products under one release at a time, loaded when first asked for; past ``exact_to`` by an index."""

    def __init__(self, store: SessionStore, *, max_items: int = MAX_ITEMS, exact_to: int = EXACT_TO) -> None:
        self._loader = _Loader(store, max_items, exact_to)
        self._lock = threading.Lock()
        self._release: _Release | None = None

    def nearest(self, release: str, sku: str, n: int, deadline: Deadline) -> list[Neighbour] | None:
        """The ``n`` products nearest to ``sku``, the nearest first and equal ones by sku; None when it has no vector.

        Raises:
            HttpError: 501 when the release has too many items, 503 while it is being loaded.
            StoreError: the store failed.
        """
        return self._items(release, deadline).nearest(sku, n)

    def completing(
        self, release: str, wanted: Sequence[str], unwanted: Sequence[str], n: int, deadline: Deadline
    ) -> list[Neighbour]:
        """The ``n`` products nearest to the sum of ``wanted`` minus ``unwanted``, which are not among them.

        Raises:
            KeyError: a product has no vector; its argument is the sku.
            HttpError, StoreError: as in :meth:`nearest`.
        """
        return self._items(release, deadline).nearest_to(wanted, unwanted, n)

    def _items(self, name: str, deadline: Deadline) -> NearestItems:
        """The items of a release; loads it when no other one is on its way, and waits as long as it may."""
        while True:
            release = self._current(name)
            if not release.arrived.wait(max(0.0, deadline.remaining())):
                raise HttpError(503, "release_loading_exception", "the vectors are being loaded; ask again")
            # Of what was waited for, though by now others may have put another release into its place.
            if release.name == name and release.items is not None:
                return release.items
            if release.name == name and release.error is not None:
                # Without the frames that it came through before: they would add up from request to request.
                raise release.error.with_traceback(None)

    def _current(self, name: str) -> _Release:
        """The release that is there or on its way: the named one, or another that has not arrived yet."""
        with self._lock:
            current = self._release
            if current is None or current.may_give_way_to(name):
                current, before = _Release(name), current
                self._release = current
                current.start(self._loader, before)
            return current


class _Loader:
    """Reads the vectors of a release from the store, as many as a process should hold."""

    def __init__(self, store: SessionStore, max_items: int, exact_to: int) -> None:
        self._store = store
        self._max_items = max_items
        self._exact_to = exact_to

    def load(self, release: str) -> NearestItems:
        """All vectors of the right size; an item that comes twice counts once.

        Raises:
            HttpError: 404 without a record, 501 for too many items.
            StoreError: the store failed, or the record is none.
        """
        size, buckets = self._shape(release)
        found: dict[str, None] = {}
        data = bytearray()
        texts = 0
        for sku, blob in self._fields(release, buckets):
            if len(blob) == size and sku not in found:
                found[sku] = None
                data += blob
                texts += len(sku)
                self._check_size(len(found), len(data) + texts)
        rows = np.frombuffer(data, dtype=DTYPE).reshape(-1, size // DTYPE.itemsize)
        return NearestItems(list(found), rows, exact_to=self._exact_to)

    def _fields(self, release: str, buckets: int) -> Iterator[tuple[str, bytes]]:
        for bucket in range(buckets):
            yield from self._store.scan(keys.vectors(release, bucket))

    def _shape(self, release: str) -> tuple[int, int]:
        """Bytes of a vector, and the number of buckets, from the record of the release."""
        record = self._store.value(keys.release_info(release), Deadline(_RECORD_S))
        if record is None:
            raise HttpError(404, "resource_not_found_exception", f"release {release} has no vectors in the store")
        try:
            info: dict[str, Any] = json.loads(record)
            size, buckets = int(info["dimensions"]) * DTYPE.itemsize, int(info.get("buckets", keys.BUCKETS))
            count = int(info.get("count", 0))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise StoreError(f"the record of release {release} is not of our making") from error
        if not (0 < size <= 1 << 20 and 1 <= buckets <= 4096):
            raise StoreError(f"the record of release {release} is not of our making")
        self._check_size(count, count * size)
        return size, buckets

    def _check_size(self, count: int, size: int) -> None:
        if count > self._max_items or size > _MAX_BYTES:
            reason = f"the release has more than {self._max_items} items or {_MAX_BYTES >> 20} MiB of vectors"
            raise HttpError(501, "too_many_items_exception", reason)
