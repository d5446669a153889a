"""By a model that was trained on the shop's own searches: `sessionrank search train`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place
from .features import FEATURES, HIT_FEATURES, SIGNALS, START, features
from .trees import Forest, read_model

__all__ = ["Learned"]


class Learned(Strategy):
    """What `mix` said when the model was trained, corrected by its trees; no setting changes the session's weight."""

    needs = SIGNALS
    needs_model = True

    def __init__(self, weights: Mapping[str, float] | None = None, model: bytes = b"") -> None:
        super().__init__(weights, model)
        read = read_model(model, FEATURES, SIGNALS)
        self._start = read.start
        self._forest = Forest(read, len(HIT_FEATURES))

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        made = features(candidates, self._start)
        value = made.of_hits[START] + self._forest.values(made.of_hits, made.of_session)
        value[~made.known] = np.nan
        return place(value), value
