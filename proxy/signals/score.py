"""The engine's own score, popularity and all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Scored, SessionState, Signal, Window

__all__ = ["ScoreSignal"]


class ScoreSignal(Signal):
    """The logarithm of the score, a product of relevance and popularity; 0 and less count as the lowest above."""

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.log(window.scores)
        known = np.isfinite(logarithm)
        logarithm[~known] = np.nan
        # The lowest that there is: to be unknown would put such a hit in the middle.
        logarithm[window.scores <= 0] = logarithm[known].min() if known.any() else 0.0
        return Scored(logarithm)
