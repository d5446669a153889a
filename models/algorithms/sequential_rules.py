"""Sequential rules: what came soon after an item, the sooner the stronger (M. Ludewig, D. Jannach, arXiv:1803.09587).

Beyond the published rules: what came before counts as well, at ``back`` of the weight; the rules of each item are
shares of 1, so that those of frequent items do not drown the others when several items of the prefix are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from ..parameters import parameter
from ..sessions import Sessions
from .base import Algorithm, OnEpoch, learnable
from .item_to_item import ItemToItemModel, row_shares

__all__ = ["SequentialRules"]


@dataclass(frozen=True)
class SequentialRules(Algorithm):
    """Pairs of items weighted by 1 / distance."""

    name: ClassVar[str] = "sequential-rules"
    steps: int = parameter(10, "Largest distance, in events.", least=1, most=1000)
    back: float = parameter(0.5, "Weight of what came before against what came after.", least=0, most=1)
    decay: float = parameter(0.3, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)
    last: int = parameter(30, "Newest items of the prefix that count; 0: all.", least=0)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> ItemToItemModel:
        data = learnable(sessions)
        ahead = _weights_by_distance(data, self.steps)
        rules = sparse.csr_array(ahead + self.back * ahead.T)
        rules.setdiag(0)
        rules.eliminate_zeros()
        return ItemToItemModel(data.items, row_shares(rules), self.describe())

    @classmethod
    def load(cls, path: Path | str) -> ItemToItemModel:
        return ItemToItemModel.load(path, cls)


def _weights_by_distance(data: Sessions, steps: int) -> sparse.csr_array:
    """(n × n) sums of 1 / distance over all pairs of events at most ``steps`` apart, by (earlier, later) item."""
    n = len(data.items)
    total = sparse.csr_array((n, n), dtype=np.float32)
    for distance in range(1, min(steps, int(data.lengths.max(initial=1)) - 1) + 1):
        together = data.rows[:-distance] == data.rows[distance:]
        first, second = data.codes[:-distance][together], data.codes[distance:][together]
        weights = np.full(len(first), 1 / distance, dtype=np.float32)
        total = total + sparse.csr_array((weights, (first, second)), shape=(n, n))
    return total
