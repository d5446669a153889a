"""The engine's order: the baseline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy

__all__ = ["NoRanking"]


class NoRanking(Strategy):
    """Changes nothing and asks for nothing."""

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        return np.arange(candidates.count), np.full(candidates.count, np.nan)
