"""Co-visits: what stood near an item, before it or after it, in a form that a release can carry into the store.

Like sequential rules, but of each item only the strongest neighbours stay, beside how far they can be told from chance,
so that the proxy knows what to rely on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy  # type: ignore[import-untyped]
from scipy import sparse

from sessionrank.covisits import CovisitsFile
from sessionrank.errors import DataError

from ..parameters import parameter
from ..reliability import reliability
from .base import Algorithm, OnEpoch, learnable
from .item_to_item import ItemToItemModel, row_shares, strongest, weights_by_distance

__all__ = ["Covisit", "CovisitModel"]


class CovisitModel(ItemToItemModel):
    """The strongest neighbours of each item, kept as the file that the indexer publishes."""

    def __init__(self, covisits: CovisitsFile) -> None:
        n = covisits.ids.size
        parts = (covisits.weights, covisits.neighbours, covisits.offsets)
        super().__init__(tuple(covisits.ids.tolist()), sparse.csr_array(parts, shape=(n, n)), covisits.meta)
        self._covisits = covisits

    @property
    def covisits(self) -> CovisitsFile:
        return self._covisits

    def save(self, path: Path | str) -> None:
        self._covisits.save(path)

    @classmethod
    def load(cls, path: Path | str, algorithm: type[Algorithm]) -> CovisitModel:
        """Read what :meth:`save` wrote; raises :class:`DataError` when the file is something else or damaged."""
        covisits = CovisitsFile.load(path)
        if covisits.meta.get("algorithm") != algorithm.name:
            raise DataError(f"{path}: made by {covisits.meta.get('algorithm')!r}, not by {algorithm.name}")
        algorithm.check_described(path, covisits.meta)
        return cls(covisits)


@dataclass(frozen=True)
class Covisit(Algorithm):
    """Pairs of items weighted by 1 / distance in both directions; the strongest of each, for search to re-rank by."""

    name: ClassVar[str] = "covisit"
    steps: int = parameter(10, "Largest distance, in events.", least=1, most=1000)
    back: float = parameter(1.0, "Weight of what came before against what came after.", least=0, most=1)
    decay: float = parameter(0.8, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)
    last: int = parameter(20, "Newest items of the prefix that count; 0: all.", least=0)
    neighbours: int = parameter(100, "Strongest neighbours that are kept of each item.", least=1, most=10_000)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> CovisitModel:
        data = learnable(sessions)
        weights = weights_by_distance(data, steps=self.steps, back=self.back)
        # Of all pairs: a share of what was seen, not of what was kept.
        mass = weights.sum(axis=1, dtype=np.float64)
        kept = row_shares(strongest(weights, self.neighbours), mass)
        relied = reliability(data, steps=self.steps, together=weights if self.back == 1 else None)
        meta = {**self.describe(scipy=scipy.__version__), "reliability": round(relied.whole, 4)}
        parts = (kept.indptr, kept.indices, kept.data)
        return CovisitModel(CovisitsFile.build(data.items, data.support, relied.items, *parts, meta))

    @classmethod
    def load(cls, path: Path | str) -> CovisitModel:
        return CovisitModel.load(path, cls)
