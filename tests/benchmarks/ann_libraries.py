"""The ways to find nearest neighbours that ``ann.py`` measures, one class for each library, behind one contract."""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.nearest import NearestItems

__all__ = ["LIBRARIES", "Library", "missing"]

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

#: The same graph for all that build one: links of a node, candidates while building.
_LINKS, _WIDTH = 16, 128


class Library(ABC):
    """A way to search: made for the vectors once, then asked with more or less effort."""

    #: The module that it needs.
    module: ClassVar[str] = "numpy"
    #: What :meth:`search` may spend, least first; 0 where there is no choice. The meaning is the library's own.
    efforts: ClassVar[tuple[int, ...]] = (0,)
    #: How many queries are handed over at once when time is taken for many.
    batch: ClassVar[int] = 1000

    def __init__(self, vectors: Floats) -> None:
        """Take the vectors (n × d, unit length)."""
        self.vectors = vectors

    @abstractmethod
    def build(self, threads: int) -> None:
        """Index the vectors on at most so many threads."""

    @abstractmethod
    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """Rows of the ``k`` nearest of each of the m ``rows`` (m × k), the nearest first; a row may be its own."""

    @abstractmethod
    def save(self, path: str) -> None:
        """Write the index to a file."""


class Exact(Library):
    """Numpy: one product of the matrix with one vector, or with several at once."""

    batch = 32

    def build(self, threads: int) -> None:
        """There is nothing to build."""

    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """See the contract."""
        if len(rows) == 1:
            return self._best(self.vectors @ self.vectors[rows[0]], k)[None]
        return np.stack([self._best(row, k) for row in self.vectors[rows] @ self.vectors.T])

    def save(self, path: str) -> None:
        """There is nothing beside the vectors."""

    def _best(self, cosines: Floats, k: int) -> Places:
        found = np.argpartition(cosines, -k)[-k:]
        return found[np.argsort(-cosines[found], kind="stable")]


class Usearch(Library):
    """The graph of usearch; ``dtype`` is how it keeps the vectors."""

    module = "usearch"
    efforts = (32, 64, 128, 256)
    dtype: ClassVar[str] = "f32"

    def build(self, threads: int) -> None:
        """See the contract."""
        index = importlib.import_module("usearch.index")
        self._index: Any = index.Index(
            ndim=self.vectors.shape[1], metric="ip", dtype=self.dtype, connectivity=_LINKS, expansion_add=_WIDTH
        )
        self._index.add(np.arange(len(self.vectors)), self.vectors, threads=threads)

    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """See the contract."""
        self._index.expansion_search = effort
        found = self._index.search(self.vectors[rows], k, threads=threads)
        return np.asarray(found.keys, dtype=np.int64).reshape(len(rows), -1)

    def save(self, path: str) -> None:
        """See the contract."""
        self._index.save(path)


class UsearchHalf(Usearch):
    """The same with 16-bit floats."""

    dtype = "f16"


class UsearchByte(Usearch):
    """The same with 8-bit integers."""

    dtype = "i8"


class Hnswlib(Library):
    """The graph of hnswlib."""

    module = "hnswlib"
    efforts = (32, 64, 128, 256)

    def build(self, threads: int) -> None:
        """See the contract."""
        self._index: Any = importlib.import_module("hnswlib").Index(space="ip", dim=self.vectors.shape[1])
        self._index.init_index(max_elements=len(self.vectors), M=_LINKS, ef_construction=_WIDTH, random_seed=1)
        self._index.add_items(self.vectors, np.arange(len(self.vectors)), num_threads=threads)

    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """See the contract."""
        self._index.set_ef(max(effort, k))
        found, _ = self._index.knn_query(self.vectors[rows], k=k, num_threads=threads)
        return np.asarray(found, dtype=np.int64)

    def save(self, path: str) -> None:
        """See the contract."""
        self._index.save_index(path)


class _Faiss(Library):
    """What the indexes of faiss have in common: a description, and a number that is set before a search."""

    module = "faiss"

    def build(self, threads: int) -> None:
        """See the contract."""
        self._faiss: Any = importlib.import_module("faiss")
        self._faiss.omp_set_num_threads(threads)
        self._index: Any = self._made(*self.vectors.shape)
        self._index.train(self.vectors)
        self._index.add(self.vectors)

    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """See the contract."""
        self._faiss.omp_set_num_threads(threads)
        self._set(effort)
        return np.asarray(self._index.search(self.vectors[rows], k)[1], dtype=np.int64)

    def save(self, path: str) -> None:
        """See the contract."""
        self._faiss.write_index(self._index, path)

    @abstractmethod
    def _made(self, size: int, dimensions: int) -> Any:
        """An empty index."""

    def _set(self, effort: int) -> None:
        """Make the next searches spend so much."""


class FaissFlat(_Faiss):
    """Exact, in faiss."""

    batch = 100

    def _made(self, size: int, dimensions: int) -> Any:
        return self._faiss.IndexFlatIP(dimensions)


class FaissGraph(_Faiss):
    """The graph of faiss."""

    efforts = (32, 64, 128, 256)

    def _made(self, size: int, dimensions: int) -> Any:
        index = self._faiss.IndexHNSWFlat(dimensions, _LINKS, self._faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _WIDTH
        return index

    def _set(self, effort: int) -> None:
        self._index.hnsw.efSearch = effort


class FaissCells(_Faiss):
    """Cells around k-means centres, of which the nearest are searched; about 2·√n of them."""

    efforts = (16, 32, 64, 128, 256)
    kept: ClassVar[str] = "Flat"

    def _made(self, size: int, dimensions: int) -> Any:
        cells = 2 ** round(np.log2(2 * np.sqrt(size)))
        text = f"IVF{cells},{self.kept}"
        index = self._faiss.index_factory(dimensions, text, self._faiss.METRIC_INNER_PRODUCT)
        # A sample of this size gives centres as good as faiss's own of 256 a cell, in a quarter of the time.
        index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = 64, 1
        return index

    def _set(self, effort: int) -> None:
        self._index.nprobe = effort


class FaissCellsByte(FaissCells):
    """The same with 8-bit integers."""

    kept = "SQ8"


class Sessionrank(Library):
    """What the proxy uses: cells of bytes, a quarter of them visited, and the exact cosines of the best candidates."""

    module = "faiss"

    def build(self, threads: int) -> None:
        """See the contract; always on one thread."""
        self._items = NearestItems([str(row) for row in range(len(self.vectors))], self.vectors)
        self._items.build_index()

    def search(self, rows: Places, k: int, effort: int, threads: int) -> Places:
        """See the contract; one after the other, always."""
        found = [self._items.nearest(str(row), k) or () for row in rows.tolist()]
        return np.array([[int(near.sku) for near in one] for one in found])

    def save(self, path: str) -> None:
        """It is never saved: building takes seconds."""


#: By the name that ``--library`` takes.
LIBRARIES: dict[str, type[Library]] = {
    "exact": Exact,
    "faiss-flat": FaissFlat,
    "faiss-cells": FaissCells,
    "faiss-cells-i8": FaissCellsByte,
    "faiss-graph": FaissGraph,
    "hnswlib": Hnswlib,
    "sessionrank": Sessionrank,
    "usearch": Usearch,
    "usearch-f16": UsearchHalf,
    "usearch-i8": UsearchByte,
}


def missing(name: str) -> str | None:
    """The module that a library lacks here, if any."""
    module = LIBRARIES[name].module
    return None if importlib.util.find_spec(module) else module
