"""By cosine alone, as the notebook had it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place

__all__ = ["Cosine"]


class Cosine(Strategy):
    """Nearest to the session first; the engine only chooses the window."""

    needs = ("cosine",)

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        value = candidates.signals["cosine"]
        return place(value), value
