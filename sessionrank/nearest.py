"""The items nearest to one, or to a sum of several: exactly, or through an index where exact search takes too long.

The index is faiss's: cells around k-means centres, vectors of 8-bit numbers; docs/nearest-neighbours.md has the
measurements that chose it. This is the one file that loads faiss, and only when an index is built; the kernel otherwise
needs numpy alone. Where faiss is not installed (the extra ``ann``), searches stay exact.
"""

from __future__ import annotations

import heapq
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.vectors import DTYPE

__all__ = ["EXACT_TO", "NearestItems", "Neighbour"]

#: Up to so many items an exact search takes about 2 ms (64 dimensions, one core).
EXACT_TO = 200_000
#: Of the cells, the share that a search visits, and candidates that it takes for each item asked for.
_VISITED, _CANDIDATES = 1 / 4, 4
#: Vectors that k-means learns each centre from, and that are added between two looks at whether to go on.
_LEARNED_FROM, _ADDED_AT_ONCE = 64, 20_000
#: How far products of 32-bit numbers may be from those of 64 bits; what lies as close is computed again.
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item near what was asked for."""

    sku: str
    cosine: float


class NearestItems:
    """Vectors of unit length, to be asked by item id.

    Equal questions have equal answers: cosines are computed with 64 bits in the end, whichever way the candidates
    were found, and of equal ones the lesser id comes first. Through an index a search may miss a neighbour (about 2 in
    100 of the ten nearest). May be asked by several threads, also while one builds the index.
    """

    def __init__(self, ids: Sequence[str], vectors: NDArray[np.float32], *, exact_to: int = EXACT_TO) -> None:
        """Take n ids and an n × d matrix, which is kept and not copied; rows that are not finite are left out.

        Raises:
            DataError: there are not as many ids as rows, or an id stands twice.
        """
        if vectors.ndim != 2 or len(ids) != len(vectors):
            raise DataError(f"{len(ids)} ids, but vectors of shape {vectors.shape}")
        sound = np.isfinite(vectors).all(axis=1)
        if not sound.all():
            kept: list[int] = np.flatnonzero(sound).tolist()
            ids, vectors = [ids[i] for i in kept], vectors[kept]
        self._ids = ids
        self._rows = np.ascontiguousarray(vectors, dtype=DTYPE)
        self._place = {sku: i for i, sku in enumerate(ids)}
        if len(self._place) < len(ids):
            raise DataError("an id stands twice")
        self._exact_to = exact_to
        self._index: Any = None

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, sku: object) -> bool:
        return sku in self._place

    @property
    def is_exact(self) -> bool:
        """Whether searches look at every item: there is no index, or not yet."""
        return self._index is None

    def wants_index(self) -> bool:
        """Whether exact search takes long here, there is no index yet, and the library is installed."""
        return self.is_exact and len(self) > self._exact_to and importlib.util.find_spec("faiss") is not None

    def build_index(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Build the index, on this thread alone, and let searches use it; seconds for a million items.

        ``goes_on`` is asked now and then: when it says no, the work ends without an index.
        """
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)  # for this thread, and for the linear algebra below it
        cells = _cells(len(self))
        index = faiss.index_factory(self._rows.shape[1], f"IVF{cells},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _LEARNED_FROM, 1
        index.nprobe = max(1, round(cells * _VISITED))
        index.train(self._rows)
        for start in range(0, len(self), _ADDED_AT_ONCE):
            if not goes_on():
                return
            index.add(self._rows[start : start + _ADDED_AT_ONCE])
        self._index = index

    def nearest(self, sku: str, n: int) -> list[Neighbour] | None:
        """The ``n`` items nearest to ``sku``, the nearest first and equal ones by id; None when it has no vector."""
        own = self._place.get(sku)
        return None if own is None else self._near(self._rows[own].astype(np.float64), n, [own])

    def nearest_to(self, wanted: Sequence[str], unwanted: Sequence[str], n: int) -> list[Neighbour]:
        """The ``n`` items nearest to the sum of ``wanted`` minus ``unwanted``, which are not among them.

        Raises:
            KeyError: an item has no vector; its argument is the id.
        """
        places = [self._place[sku] for sku in (*wanted, *unwanted)]
        aim = np.array([1.0] * len(wanted) + [-1.0] * len(unwanted)) @ self._rows[places].astype(np.float64)
        length = np.linalg.norm(aim)
        return self._near(aim / length if length > 0 else aim, n, sorted(set(places)))

    def _near(self, aim: NDArray[np.float64], n: int, left_out: list[int]) -> list[Neighbour]:
        n = min(n, len(self) - len(left_out))
        if n < 1:
            return []
        index, asked = self._index, aim.astype(DTYPE)
        found = None if index is None else self._through(index, asked, n + len(left_out))
        if found is None or found.size < n + len(left_out):
            found = self._all_near(asked, n, left_out)
        found = found[~np.isin(found, left_out)]
        # Row by row, so that equal vectors have equal cosines wherever they stand. (Adding 0 makes -0 one.)
        cosines = np.clip((self._rows[found] * aim).sum(axis=1), -1.0, 1.0) + 0.0
        pairs = zip((-cosines).tolist(), found.tolist(), strict=True)
        return [
            Neighbour(self._ids[place], -negative) for negative, place in heapq.nsmallest(n, pairs, key=self._order)
        ]

    def _order(self, found: tuple[float, int]) -> tuple[float, str]:
        return found[0], self._ids[found[1]]

    def _all_near(self, asked: NDArray[np.float32], n: int, left_out: list[int]) -> NDArray[np.intp]:
        """All that reach the n-th best, so that equal ones at the edge are told apart by id and not by chance."""
        cosines = self._rows @ asked
        cosines[left_out] = -np.inf
        return np.flatnonzero(cosines >= np.partition(cosines, -n)[-n] - _ROUNDING)

    def _through(self, index: Any, asked: NDArray[np.float32], n: int) -> NDArray[np.intp]:
        """More candidates than asked for: the index knows their cosines by 8-bit numbers only."""
        _, found = index.search(asked[None], min(len(self), _CANDIDATES * n))
        return np.asarray(found[0][found[0] >= 0], dtype=np.intp)


def _cells(size: int) -> int:
    """About 2·√n: so a search compares about as many centres as vectors in the cells that it visits."""
    return int(2 ** round(np.log2(2 * np.sqrt(size))))
