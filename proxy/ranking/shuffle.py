"""A control: the hits that could be ranked, in an order that means nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place
from .mix import unknown

__all__ = ["Shuffle"]


class Shuffle(Strategy):
    """Draws an order by the session's seed, so that the pages of one session fit together."""

    needs = ("cosine", "covisit")

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        drawn = np.random.default_rng(candidates.seed).random(candidates.count)
        value = np.where(unknown(candidates.signals, candidates.count), np.nan, drawn)
        return place(value), value
