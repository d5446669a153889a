"""The engine's own score, popularity and all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Scored, SessionState, Signal, Window

__all__ = ["ScoreSignal"]


class ScoreSignal(Signal):
    """The logarithm of the score, which is a product of relevance and popularity; unknown where it is not above 0."""

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.log(window.scores)
        logarithm[~np.isfinite(logarithm)] = np.nan
        return Scored(logarithm)
