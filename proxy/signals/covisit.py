"""How strongly each hit goes with the items of the session: what others bought or looked at together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionrank import keys
from sessionrank.covisits import covisited

from ..sessions.base import Lookup, OfSession
from .base import Scored, SessionState, Signal, Window

__all__ = ["CovisitSignal"]


class CovisitSignal(Signal):
    """The weighted sum of the hit's shares among the neighbours of the session's items.

    Facts: ``reliability``, the weighted mean of that of the session's items, 0 for those that training never saw.
    """

    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup | OfSession]:
        return [OfSession(keys.covisits(release, 0))]

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        (blobs,) = values
        total = float(session.weights.sum())
        if not any(blobs) or not total > 0:
            return Scored(np.full(len(window.items), np.nan), {})
        found = covisited(blobs, session.weights, window.items)
        reliability = float(found.reliability @ session.weights) / total
        seen = {event.sku for event in session.events}
        if len(seen) == 1 and not seen.isdisjoint(window.items):
            # Of the only item of a session nothing is known: there is no other that it could go with.
            found.shares[[item in seen for item in window.items]] = np.nan
        return Scored(found.shares, {"reliability": reliability})
