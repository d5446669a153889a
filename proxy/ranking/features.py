"""What a learned strategy is told of a hit and of the session, in a fixed order: the same in training and in serving.

A model names the features that it was trained for (:data:`FEATURES`), so that one of another order is refused. Whoever
changes what a feature means gives it another name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import Candidates
from .mix import confidence, standardised, unknown

__all__ = ["FEATURES", "HIT_FEATURES", "SESSION_FEATURES", "SIGNALS", "Features", "features"]

#: The signals that must be there.
SIGNALS = ("cosine", "covisit", "rank", "score", "seen")

#: Of each hit. ``… z``: standardised over the window; ``… place``: -log2(1 + rank), by that signal alone.
HIT_FEATURES = (
    "rank", "score below best", "score z", "cosine", "cosine z", "cosine place", "covisit", "covisit z",
    "covisit place", "seen", "mix 1",
)  # fmt: skip
#: Of the session, and of the search: one number for all hits.
SESSION_FEATURES = ("length", "coherence", "weight", "evidence", "support", "hits")
FEATURES = (*HIT_FEATURES, *SESSION_FEATURES)

#: A cautious sum, whatever the defaults of ``mix`` are by now: ``mix 1`` is what it says of a hit.
_MIX_1 = {"rank": 0.4, "cosine": 0.35, "covisit": 0.7}


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


def features(candidates: Candidates) -> Features:
    """The features of a window's hits; needs all of :data:`SIGNALS`."""
    signals, facts = candidates.signals, candidates.facts
    score, cosine, covisit = signals["score"], signals["cosine"], signals["covisit"]
    standard = {name: standardised(signals[name]) for name in _MIX_1}
    trust = confidence(facts)
    of_hits = (
        signals["rank"],
        score - np.fmax.reduce(score, initial=-np.inf),
        standardised(score),
        cosine,
        standard["cosine"],
        _places(cosine),
        covisit,
        standard["covisit"],
        _places(covisit),
        signals["seen"],
        np.add.reduce([weight * trust.get(name, 1.0) * standard[name] for name, weight in _MIX_1.items()]),
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
