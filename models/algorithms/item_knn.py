"""Item-kNN: items that stand in the same baskets (G. Linden et al., IEEE Internet Computing 7(1), 2003).

A basket is a visit, such as an invoice, where the data have visits, and a session otherwise. The similarity is the
share of an item's baskets that hold the other one, with large baskets counting less and popular items damped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from ..parameters import parameter
from ..sessions import Sessions
from .base import Algorithm, OnEpoch, learnable
from .item_to_item import ItemToItemModel, row_shares, strongest

__all__ = ["ItemKnn"]


@dataclass(frozen=True)
class ItemKnn(Algorithm):
    """Pairs of items by the baskets that hold both."""

    name: ClassVar[str] = "item-knn"
    neighbours: int = parameter(500, "Most similar items that are kept of each.", least=1, most=100_000)
    size_exponent: float = parameter(1.0, "A basket of n items counts 1 / n to this power.", least=0, most=2)
    damping: float = parameter(
        0.2, "Similarities are divided by the baskets of the item to this power.", least=0, most=1
    )
    decay: float = parameter(0.4, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)
    last: int = parameter(30, "Newest items of the prefix that count; 0: all.", least=0)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> ItemToItemModel:
        data = learnable(sessions)
        baskets = _baskets(data)
        sizes = np.asarray(baskets.sum(axis=1)).ravel()
        counts = np.maximum(np.asarray(baskets.sum(axis=0)).ravel(), 1)
        weighted = sparse.diags_array((1 / np.maximum(sizes, 2) ** self.size_exponent).astype(np.float32)) @ baskets
        together = sparse.csr_array(baskets.T @ weighted)
        together.setdiag(0)
        together.eliminate_zeros()
        damped = together @ sparse.diags_array((1 / counts**self.damping).astype(np.float32))
        rules = strongest(sparse.csr_array(damped), self.neighbours)
        return ItemToItemModel(data.items, row_shares(rules), self.describe())

    @classmethod
    def load(cls, path: Path | str) -> ItemToItemModel:
        return ItemToItemModel.load(path, cls)


def _baskets(data: Sessions) -> sparse.csr_array:
    """(baskets × items) 1 where the basket holds the item."""
    keys: NDArray[np.int64] = data.rows
    if data.visits is not None:
        numbers = data.visits.astype(np.int64) - int(data.visits.min(initial=0))
        keys = keys * (int(numbers.max(initial=0)) + 1) + numbers
    _, baskets = np.unique(keys, return_inverse=True)
    ones = np.ones(data.events, dtype=np.float32)
    made = sparse.csr_array((ones, (baskets, data.codes)), shape=(int(baskets.max()) + 1, len(data.items)))
    made.sum_duplicates()
    made.data[:] = 1
    return made
