"""The engine's own rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Scored, SessionState, Signal, Window

__all__ = ["RankSignal"]


class RankSignal(Signal):
    """``-log2(1 + rank)``, ranks counted from 1: the first places are far apart, the last ones close together."""

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        return Scored(-np.log2(2.0 + np.arange(len(window.items))))
