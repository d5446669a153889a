"""The vectors file, and the bytes of one vector in the store.

A vectors file is an ``.npz`` with ``ids`` (unicode, n), ``vectors`` (float32 little-endian, n × d, unit length),
``support`` (int64, n: how often training saw each item), ``lengths`` (float32, n: how long each vector was before; a
file without them has 1 for all) and ``meta`` (a JSON text: format version, algorithm, parameters, data hash, seed,
library versions). The same float32 bytes stand in the store, four of them for a length.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.npz import opened, save

__all__ = ["DTYPE", "FORMAT_VERSION", "VectorsFile", "decode", "decode_lengths", "unit"]

FORMAT_VERSION = 1
DTYPE = np.dtype("<f4")
#: How far from 1 the length of a vector may be and still count as unit length.
_TOLERANCE = 1e-3
_FLOATS = np.finfo(DTYPE)
_ONE = np.ones(1, DTYPE).tobytes()


@dataclass(frozen=True)
class VectorsFile:
    """Item vectors with where they come from; ``vectors[i]`` belongs to ``ids[i]``.

    ``vectors[i] * lengths[i]`` is the vector as it was trained.
    """

    ids: NDArray[np.str_]
    vectors: NDArray[np.float32]
    support: NDArray[np.int64]
    lengths: NDArray[np.float32]
    meta: dict[str, Any]

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self.vectors.shape[1])

    @property
    def has_lengths(self) -> bool:
        """Whether any length is another than 1."""
        return bool((self.lengths != 1.0).any())

    def rows(self, chosen: NDArray[Any]) -> VectorsFile:
        """These rows alone, by their numbers or by a mask."""
        return replace(
            self,
            ids=self.ids[chosen],
            vectors=self.vectors[chosen],
            support=self.support[chosen],
            lengths=self.lengths[chosen],
        )

    @classmethod
    def build(
        cls, ids: Sequence[str], vectors: NDArray[Any], support: Sequence[int] | NDArray[Any], meta: dict[str, Any]
    ) -> VectorsFile:
        """Take trained vectors of any length, bring them to unit length, keep that length and add the format version.

        Raises:
            DataError: shapes do not fit together, an id stands twice, or a number is not finite.
        """
        trained = np.asarray(vectors, dtype=DTYPE)
        made = cls(
            ids=np.asarray(ids, dtype=np.str_),
            vectors=unit(trained),
            support=np.asarray(support, dtype=np.int64),
            lengths=_lengths(trained),
            meta={"format_version": FORMAT_VERSION, **meta},
        )
        made._check("vectors")
        return made

    def save(self, path: Path | str) -> None:
        """Write the file; a reader sees the old one or the whole new one.

        Raises:
            ConfigurationError: it cannot be written (a full disk, for example); nothing is left behind then.
        """
        save(path, self.meta, ids=self.ids, vectors=self.vectors, support=self.support, lengths=self.lengths)

    @classmethod
    def load(cls, path: Path | str) -> VectorsFile:
        """Read and check a vectors file; vectors that are not of unit length are brought to it, and their length kept.

        Raises:
            DataError: the file is missing, is no vectors file, its parts do not fit together, or all of it is zeros.
        """
        missing = "no such vectors file; make one with `sessionrank model train`"
        otherwise = "not a vectors file (.npz with ids, vectors, support, meta)"
        with opened(path, missing=missing, otherwise=otherwise) as parts:
            ids, vectors = parts["ids"], _numbers(parts["vectors"], DTYPE)
            made = cls(
                ids=ids,
                vectors=vectors,
                support=_numbers(parts["support"], np.dtype(np.int64)),
                lengths=_numbers(parts.get("lengths", np.ones(vectors.shape[:1], DTYPE)), DTYPE),
                meta=json.loads(str(parts["meta"])),
            )
        made._check(str(path))
        return made._of_unit_length(str(path))

    def _of_unit_length(self, name: str) -> VectorsFile:
        lengths = np.linalg.norm(self.vectors.astype(np.float64), axis=1)
        if not lengths.any():
            raise DataError(f"{name}: every vector is zero, which no ranking can use; make the file again")
        # Sound rows keep their bytes, so that a file and what is stored of it stay comparable; zeros stay zero.
        wrong = _another_length(lengths)
        if not wrong.any():
            return self
        vectors, kept = self.vectors.copy(), self.lengths.copy()
        vectors[wrong] = unit(vectors[wrong])
        kept[wrong] = _as_floats(kept[wrong] * lengths[wrong])
        return replace(self, vectors=vectors, lengths=kept)

    def _check(self, name: str) -> None:
        n = self.ids.size
        if self.ids.ndim != 1 or self.ids.dtype.kind != "U" or n == 0:
            raise DataError(f"{name}: ids must be a list of at least one text")
        if self.vectors.ndim != 2 or self.vectors.shape[0] != n or self.vectors.shape[1] == 0:
            raise DataError(f"{name}: {n} ids, but vectors of shape {self.vectors.shape}")
        if self.support.shape != (n,):
            raise DataError(f"{name}: {n} ids, but support of shape {self.support.shape}")
        if self.lengths.shape != (n,):
            raise DataError(f"{name}: {n} ids, but lengths of shape {self.lengths.shape}")
        if not (np.isfinite(self.lengths) & (self.lengths > 0)).all():
            raise DataError(f"{name}: a length is not a number above 0")
        if not np.isfinite(self.vectors).all():
            raise DataError(f"{name}: a vector holds a number that is not finite")
        if np.unique(self.ids).size != n:
            raise DataError(f"{name}: an id stands twice")
        if not isinstance(self.meta, dict) or self.meta.get("format_version") != FORMAT_VERSION:
            raise DataError(f"{name}: format version {FORMAT_VERSION} expected; make the file again")


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Rows brought to unit length; a row of zeros stays zero."""
    rows = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1.0), dtype=DTYPE)


def _lengths(rows: NDArray[Any]) -> NDArray[np.float32]:
    """How long each row is: 1 for one that is of unit length but for rounding, and for a row of zeros."""
    if rows.ndim != 2:
        return np.ones(rows.shape[:1], DTYPE)  # What is no matrix is refused for that.
    with np.errstate(invalid="ignore"):
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    return _as_floats(np.where(_another_length(lengths), lengths, 1.0))


def _another_length(lengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((np.abs(lengths - 1.0) > _TOLERANCE) & (lengths > 0))


def _as_floats(lengths: NDArray[np.float64]) -> NDArray[np.float32]:
    """As float32, which the length of a row of float32 may be too long or too short for."""
    return np.asarray(np.clip(lengths, _FLOATS.tiny, _FLOATS.max), dtype=DTYPE)


def _numbers(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "iuf":
        raise ValueError(f"numbers expected, not {array.dtype}")
    return array.astype(dtype, copy=False)


def decode(blobs: Sequence[bytes | None], dimensions: int | None = None) -> tuple[NDArray[np.float32], list[int]]:
    """Stored vectors as a matrix, with the positions that it has rows for.

    Returns:
        (m × d matrix, positions of the m blobs that hold a vector). Missing blobs are left out, and so are blobs of
        another size than ``dimensions`` (default: the size that most of them have) or with a number that is not finite.
    """
    if dimensions:
        size = dimensions * DTYPE.itemsize
    else:
        sizes = Counter(len(blob) for blob in blobs if blob)
        size = max(sizes, key=sizes.__getitem__, default=0)
    positions = [i for i, blob in enumerate(blobs) if blob is not None and len(blob) == size]
    if not positions or not size or size % DTYPE.itemsize:
        return np.empty((0, dimensions or 0), dtype=DTYPE), []
    matrix = np.frombuffer(b"".join([blobs[i] for i in positions]), dtype=DTYPE)  # type: ignore[misc]
    matrix = matrix.reshape(len(positions), -1)
    if not np.isfinite(matrix).all():
        sound = np.isfinite(matrix).all(axis=1)
        matrix, positions = matrix[sound], [positions[i] for i in np.flatnonzero(sound)]
    return matrix, positions


def decode_lengths(blobs: Sequence[bytes | None]) -> NDArray[np.float64]:
    """Stored lengths, one for each blob; 1 where there is none, or anything but a number above 0."""
    sized = [blob if blob is not None and len(blob) == DTYPE.itemsize else _ONE for blob in blobs]
    lengths = np.frombuffer(b"".join(sized), dtype=DTYPE)
    with np.errstate(invalid="ignore"):
        return np.where((lengths > 0) & np.isfinite(lengths), lengths, 1.0).astype(np.float64)
