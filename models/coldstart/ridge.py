"""A linear map from texts to vectors by ridge regression, the baseline that every other method must be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import lsqr  # type: ignore[import-untyped]

from sessionrank.vectors import VectorsFile, unit

from ..parameters import parameter
from ..sessions import Sessions
from .base import ColdStart, ContentModel, Material, OnEpoch
from .features import TextFeatures

__all__ = ["Ridge"]

#: What ``strength`` 0 chooses from.
_STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
#: One item in so many is kept out while the strength is chosen.
_PART = 5
_STEPS = 200


@dataclass(frozen=True)
class Ridge(ColdStart):
    """The least squares of all trained vectors, items that training saw often counting more.

    There is no constant term, so that a text about which nothing is known stays at zero.
    """

    name: ClassVar[str] = "ridge"
    strength: float = parameter(
        0.0, "How much large weights cost; 0: what predicts a fifth of the items best from the others.", least=0
    )
    trust: float = parameter(20.0, "An item seen so often counts half of one seen without end.", least=0)

    def fit(
        self,
        vectors: VectorsFile,
        texts: Mapping[str, str],
        *,
        sessions: Sessions | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> ContentModel:
        material = Material.gather(vectors, texts)
        support = material.support.astype(np.float64)
        # Of items of no support nothing is known, but a file may hold nothing else.
        weights = (support + 1) / (support + 1 + self.trust)
        strength = self.strength or self._choose(material, weights)
        learned = _solve(material.rows, material.vectors, weights, strength)
        return _LinearModel(material.features, learned, self.describe(material, strength=strength))

    def _choose(self, material: Material, weights: NDArray[np.float64]) -> float:
        """The strength whose vectors come closest, by weighted mean cosine, to those of items that were kept out."""
        n = len(material.ids)
        order = np.random.default_rng(self.seed).permutation(n)
        out, rest = order[: n // _PART], order[n // _PART :]

        def closeness(strength: float) -> float:
            learned = _solve(material.rows[rest], material.vectors[rest], weights[rest], strength)
            cosines = np.sum(unit(material.rows[out] @ learned) * material.vectors[out], axis=1)
            return float(np.average(cosines, weights=weights[out]))

        return max(_STRENGTHS, key=closeness)


class _LinearModel(ContentModel):
    def __init__(self, features: TextFeatures, weights: NDArray[np.float32], meta: dict[str, Any]) -> None:
        super().__init__(meta)
        self._features = features
        self._weights = weights

    def vectors_for(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return unit(self._features.rows(texts) @ self._weights)


def _solve(
    rows: sparse.csr_array, vectors: NDArray[np.float32], weights: NDArray[np.float64], strength: float
) -> NDArray[np.float32]:
    """Weights (terms × d) of least Σ weight · |row · W - vector|² + strength · |W|².

    Column by column and by steps of LSQR, which touches the sparse rows alone: a hundred thousand products with
    fifty thousand terms never become a dense matrix.
    """
    roots = np.sqrt(weights)
    left = sparse.csr_array(sparse.diags_array(roots) @ rows.astype(np.float64))
    right = roots[:, None] * vectors
    solved = np.empty((rows.shape[1], vectors.shape[1]), dtype=np.float32)
    for column in range(vectors.shape[1]):
        solved[:, column] = lsqr(left, right[:, column], damp=strength**0.5, atol=1e-4, btol=1e-4, iter_lim=_STEPS)[0]
    return solved
