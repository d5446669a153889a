"""What a learned strategy is told of a hit and of the session, in a fixed order: the same in training and in serving.

A model names the features that it was trained for (:data:`FEATURES`), so that one of another order is refused. Whoever
changes what a feature means gives it another name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import Candidates
from .mix import confidence, standardised, unknown

__all__ = ["FEATURES", "HIT_FEATURES", "SESSION_FEATURES", "SIGNALS", "START", "Features", "features", "weighed"]

#: The signals that must be there.
SIGNALS = ("cosine", "covisit", "rank", "score", "seen")

#: Of each hit. ``… z``: standardised over the window; ``… place``: -log2(1 + rank), by that signal alone;
#: ``mix``: the weighted sum that the trees begin with.
HIT_FEATURES = (
    "rank", "score below best", "score z", "cosine", "cosine z", "cosine place", "covisit", "covisit z",
    "covisit place", "seen", "mix",
)  # fmt: skip
#: Of the session, and of the search: one number for all hits.
SESSION_FEATURES = ("length", "coherence", "weight", "reliability", "hits")
FEATURES = (*HIT_FEATURES, *SESSION_FEATURES)

#: Where the sum stands that the trees begin with, among :data:`HIT_FEATURES`.
START = HIT_FEATURES.index("mix")
_OF_SESSION = ("cosine", "covisit", "seen")


@dataclass(frozen=True, slots=True)
class Features:
    """The numbers of one window; NaN where nothing is known."""

    #: By feature, then by hit, in the order of :data:`HIT_FEATURES`.
    of_hits: NDArray[np.float64]
    #: In the order of :data:`SESSION_FEATURES`.
    of_session: NDArray[np.float64]
    #: The hits that have an order at all; the others keep the engine's places.
    known: NDArray[np.bool_]

    def matrix(self) -> NDArray[np.float64]:
        """A row for each known hit, a column for each of :data:`FEATURES`."""
        hits = self.of_hits[:, self.known].T
        return np.hstack([hits, np.broadcast_to(self.of_session, (len(hits), len(SESSION_FEATURES)))])


def weighed(weights: Mapping[str, float], weight: float) -> dict[str, float]:
    """The weights of ``mix`` with the weight of the session in them, so that nothing can change the sum later."""
    return {name: each * (weight if name in _OF_SESSION else 1 - weight) for name, each in weights.items()}


def features(candidates: Candidates, start: Mapping[str, float]) -> Features:
    """The features of a window's hits; needs all of :data:`SIGNALS`.

    Args:
        start: signal → weight (:func:`weighed`) in the sum that the trees begin with.
    """
    signals, facts = candidates.signals, candidates.facts
    score, cosine, covisit = signals["score"], signals["cosine"], signals["covisit"]
    standard = {name: standardised(signals[name]) for name in ("rank", "score", "cosine", "covisit")}
    standard["seen"] = signals["seen"]
    trust = confidence(facts)
    mix = np.zeros(candidates.count)
    for name, weight in start.items():
        if weight := weight * trust.get(name, 1.0):
            mix += weight * standard[name]
    of_hits = (
        signals["rank"],
        score - np.fmax.reduce(score, initial=-np.inf),
        standard["score"],
        cosine,
        standard["cosine"],
        _places(cosine),
        covisit,
        standard["covisit"],
        _places(covisit),
        signals["seen"],
        mix,
    )
    of_session = [facts.get(name, np.nan) for name in SESSION_FEATURES[:-1]]
    return Features(np.stack(of_hits), np.array([*of_session, candidates.count]), ~unknown(signals, candidates.count))


def _places(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """``-log2(1 + rank)`` by one signal, ties in the engine's order; NaN where it knows nothing."""
    places = np.full(signal.size, np.nan)
    (known,) = (~np.isnan(signal)).nonzero()
    best_first = known[(-signal[known]).argsort(kind="stable")]
    places[best_first] = -np.log2(2.0 + np.arange(known.size))
    return places
