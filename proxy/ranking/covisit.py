"""By co-visitation alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place

__all__ = ["Covisit"]


class Covisit(Strategy):
    """What goes with the session's items the most first."""

    needs = ("covisit",)

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        value = candidates.signals["covisit"]
        return place(value), value
