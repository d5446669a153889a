"""Association rules: what came after an item in the same session, at any distance, counted.

The co-occurrence baseline of the Fast Forward Labs report on session-based recommenders; every pair of events counts,
so that what is bought often together and often at all comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from ..parameters import parameter
from ..sessions import Sessions
from .base import Algorithm, OnEpoch, learnable
from .item_to_item import ItemToItemModel

__all__ = ["AssociationRules"]

#: Pairs that wait to be added up, at most: 16 bytes each.
_WAITING = 1 << 23


@dataclass(frozen=True)
class AssociationRules(Algorithm):
    """Pairs of items by how often the second came after the first."""

    name: ClassVar[str] = "association-rules"
    both: int = parameter(0, "1 counts what came before as well, 0 only what came after.", choices=(0, 1))
    decay: float = parameter(0.0, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)
    longest: int = parameter(10_000, "Of longer sessions only the newest events count.", least=2, most=10_000)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> ItemToItemModel:
        data = learnable(sessions)
        n = len(data.items)
        rules = sparse.csr_array((n, n), dtype=np.float32)
        for first, second, count in _batches(data, self.longest):
            rules = rules + sparse.csr_array((count, (first, second)), shape=(n, n), dtype=np.float32)
        return ItemToItemModel(data.items, sparse.csr_array(rules + rules.T) if self.both else rules, self.describe())

    @classmethod
    def load(cls, path: Path | str) -> ItemToItemModel:
        return ItemToItemModel.load(path, cls)


_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]


def _batches(data: Sessions, longest: int) -> Iterator[_Pairs]:
    """The pairs of all sessions, some at a time, so that memory stays bounded."""
    waiting: list[_Pairs] = []
    held = 0
    for start, end in zip(data.offsets[:-1].tolist(), data.offsets[1:].tolist(), strict=True):
        if end - start < 2:
            continue
        waiting.append(_pairs(data.codes[max(start, end - longest) : end]))
        held += len(waiting[-1][0])
        if held > _WAITING:
            yield _joined(waiting)
            waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(waiting: list[_Pairs]) -> _Pairs:
    first, second, count = zip(*waiting, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(count)


def _pairs(codes: NDArray[np.int32]) -> _Pairs:
    """(first, second, how many pairs of events stand in that order) of one session; never an item with itself."""
    there, places = np.unique(codes, return_inverse=True)
    after = np.zeros(len(there), dtype=np.float32)
    counts = np.zeros((len(there), len(there)), dtype=np.float32)
    for place in places[::-1].tolist():
        counts[place] += after
        after[place] += 1
    np.fill_diagonal(counts, 0)
    first, second = np.nonzero(counts)
    return there[first], there[second], counts[first, second]
