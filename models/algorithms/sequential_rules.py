"""Sequential rules: what came soon after an item, the sooner the stronger (M. Ludewig, D. Jannach, arXiv:1803.09587).

Beyond the published rules: what came before counts as well, at ``back`` of the weight; the rules of each item are
shares of 1, so that those of frequent items do not drown the others when several items of the prefix are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..parameters import parameter
from .base import Algorithm, OnEpoch, learnable
from .item_to_item import ItemToItemModel, row_shares, weights_by_distance

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
        rules = row_shares(weights_by_distance(data, steps=self.steps, back=self.back))
        return ItemToItemModel(data.items, rules, self.describe())

    @classmethod
    def load(cls, path: Path | str) -> ItemToItemModel:
        return ItemToItemModel.load(path, cls)
