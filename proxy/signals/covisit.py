"""How strongly each hit goes with the items of the session: what others bought or looked at together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionrank import keys
from sessionrank.covisits import covisited

from ..sessions.base import Lookup, OfSession
from .base import Scored, SessionState, Signal, Window

__all__ = ["SUPPORT_HALF", "CovisitSignal"]

#: So often must training have seen an item for half of what it says to count.
SUPPORT_HALF = 100.0


class CovisitSignal(Signal):
    """The weighted sum of the hit's shares among the neighbours of the session's items.

    Facts: ``evidence``, about how many pairs of items of the session and of the window were counted in training; and
    ``support``, the weighted mean of ``n / (n + 100)`` over the session's items, seen ``n`` times each in training.
    """

    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup | OfSession]:
        return [OfSession(keys.covisits(release, 0))]

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        (blobs,) = values
        total = float(session.weights.sum())
        if not any(blobs) or not total > 0:
            # Nothing is told of the support: a release of before there were covisits has vectors alone.
            return Scored(np.full(len(window.items), np.nan), {"evidence": 0.0})
        found = covisited(blobs, session.weights, window.items)
        known = found.support / (found.support + SUPPORT_HALF)
        support = float(known @ session.weights) / total
        seen = {event.sku for event in session.events}
        if len(seen) == 1 and not seen.isdisjoint(window.items):
            # Of the only item of a session nothing is known: there is no other that it could go with.
            found.shares[[item in seen for item in window.items]] = np.nan
        return Scored(found.shares, {"evidence": found.evidence, "support": support})
