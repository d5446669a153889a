"""A scale-free mixture of the engine's rank and the rank by cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place

__all__ = ["Blend"]


class Blend(Strategy):
    """``(1-w)/log2(1+rank_engine) + w/log2(1+rank_cosine)``, both ranks counted from 1 among the known hits."""

    needs = ("cosine",)

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        cosine = candidates.signals["cosine"]
        known = np.flatnonzero(~np.isnan(cosine))
        discount = 1.0 / np.log2(2.0 + np.arange(known.size))
        by_cosine = np.empty(known.size)
        by_cosine[np.argsort(-cosine[known], kind="stable")] = discount
        value = np.full(candidates.count, np.nan)
        value[known] = (1.0 - candidates.weight) * discount + candidates.weight * by_cosine
        return place(value), value
