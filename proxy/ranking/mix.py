"""A weighted sum of signals, each standardised over the window and shrunk by what it rests on.

``(1 - w) (a z(rank) + b z(score)) + w (c · C z(cosine) + d · D z(covisit) + e · seen)``: ``w`` is the weight of the
session, ``a`` to ``e`` are the weights of the release, and ``C`` and ``D``, between 0 and 1, are the confidence in each
signal for this session:

- ``D``, the mean reliability of the session's items: how far what training counted can be told from chance;
- ``C = D · r / (r + 1)`` with ``r = coherence · weight``: low as well for a session that is short (``weight`` is the
  sum of the events' weights, 1 for a single view) or that points in no direction.

Where training knows nothing both are 0, and the engine's order is left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place

__all__ = ["Mix", "confidence", "standardised", "unknown"]

_SESSION = ("cosine", "covisit", "seen")


class Mix(Strategy):
    """Signals added with weights. The defaults are cautious: see docs/relevance.md for what they were measured on."""

    defaults: Mapping[str, float] = {"rank": 0.6, "score": 0.0, "cosine": 0.5, "covisit": 1.0, "seen": 0.0}

    def __init__(self, weights: Mapping[str, float] | None = None, model: bytes = b"") -> None:
        super().__init__(weights, model)
        wanted = {name for name, weight in self.weights.items() if weight}
        # The reliability of the session's items comes with the covisits.
        wanted |= {"covisit"} if "cosine" in wanted else set()
        self.needs = tuple(sorted(wanted)) if wanted.intersection(_SESSION) else ()

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        signals, facts = candidates.signals, candidates.facts
        trust = confidence(facts)
        value = np.zeros(candidates.count)
        for name in self.needs:
            of_session = name in _SESSION
            weight = self.weights[name] * (candidates.weight if of_session else 1.0 - candidates.weight)
            if weight := weight * trust.get(name, 1.0):
                signal = signals[name]
                value += weight * (signal if name == "seen" else standardised(signal))
        value[unknown(signals, candidates.count)] = np.nan
        return place(value), value


def confidence(facts: Mapping[str, float]) -> dict[str, float]:
    """``C`` and ``D`` of the session, by the signal that they are of."""
    direction = facts.get("coherence", 0.0) * facts.get("weight", 0.0)
    # Of a release of vectors alone that was loaded before there was such a thing nothing is told.
    reliability = facts.get("reliability", 1.0)
    return {"cosine": reliability * direction / (direction + 1.0), "covisit": reliability}


def standardised(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """With mean 0 and standard deviation 1 over the hits that it knows; 0, the mean, for the others."""
    missing = np.isnan(signal)
    known = signal.size - np.count_nonzero(missing)
    if known < 2:
        return np.zeros(signal.size)
    # Sums and products in place of mean() and std(), which take several times as long for a window.
    total = np.add.reduce(signal[~missing] if known < signal.size else signal)
    centred = signal - total / known
    if known < signal.size:
        centred[missing] = 0.0
    deviation = math.sqrt(centred @ centred / known)
    return np.asarray(centred / deviation) if deviation > 1e-12 else np.zeros(signal.size)


def unknown(signals: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.bool_]:
    """The hits of which neither vectors nor covisits say anything; none where neither was asked."""
    told = [~np.isnan(signals["cosine"])] if "cosine" in signals else []
    if "covisit" in signals:
        covisit = signals["covisit"]
        # A share of 0 is also what an item has that training never saw; a vector tells the difference.
        told.append(covisit > 0 if told and told[0].any() else ~np.isnan(covisit))
    return ~np.logical_or.reduce(told) if told else np.zeros(count, dtype=np.bool_)
