"""The model of every algorithm that ends in item vectors: the next items are those nearest to the session's vector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile, unit

from .base import Model
from .prefixes import recency_matrix

__all__ = ["VectorModel"]


class VectorModel(Model):
    """Item vectors of unit length; the score is the cosine with the recency-weighted mean of the prefix.

    With ``decay`` 0 that is the vector of the last known item alone.
    """

    def __init__(self, vectors: VectorsFile, *, decay: float = 0.0) -> None:
        super().__init__(tuple(vectors.ids.tolist()), vectors.meta)
        self._vectors = vectors
        self._decay = decay

    @property
    def vectors(self) -> VectorsFile:
        return self._vectors

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        weights = recency_matrix(prefixes, self._column, decay=self._decay)
        queries = unit(weights @ self._vectors.vectors)
        scores = np.asarray(queries @ self._vectors.vectors.T, dtype=np.float32)
        scores[np.diff(weights.indptr) == 0] = -np.inf
        return scores

    def save(self, path: Path | str) -> None:
        self._vectors.save(path)

    @classmethod
    def load(cls, path: Path | str, algorithm: str) -> VectorModel:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the file is missing, is no vectors file, or another algorithm made it.
        """
        vectors = VectorsFile.load(path)
        if vectors.meta.get("algorithm") != algorithm:
            raise DataError(f"{path}: made by {vectors.meta.get('algorithm')!r}, not by {algorithm}")
        parameters = vectors.meta.get("parameters")
        decay = parameters.get("decay", 0.0) if isinstance(parameters, dict) else 0.0
        if isinstance(decay, bool) or not isinstance(decay, (int, float)) or not 0 <= decay <= 1:
            raise DataError(f"{path}: decay must be from 0 to 1, not {decay!r}")
        return cls(vectors, decay=float(decay))
