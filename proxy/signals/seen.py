"""Whether a hit is among the products that the session has had to do with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Scored, SessionState, Signal, Window

__all__ = ["SeenSignal"]


class SeenSignal(Signal):
    """1 for those that are, 0 for the others. Whether they are wanted again differs from shop to shop."""

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        seen = {event.sku for event in session.events}
        return Scored(np.fromiter((item in seen for item in window.items), np.float64, len(window.items)))
