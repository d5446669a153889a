"""By a model that was trained on the shop's own searches: `sessionrank search train`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .base import Candidates, Strategy, place
from .features import FEATURES, HIT_FEATURES, SIGNALS, features
from .trees import Forest, read_model

__all__ = ["Learned"]


class Learned(Strategy):
    """The sum of the model's trees, highest first. How much the session weighs was learned: no setting changes it."""

    needs = SIGNALS
    needs_model = True

    def __init__(self, weights: Mapping[str, float] | None = None, model: bytes = b"") -> None:
        super().__init__(weights, model)
        self._forest = Forest(read_model(model, FEATURES), len(HIT_FEATURES))

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        made = features(candidates)
        value = self._forest.values(made.of_hits, made.of_session)
        value[~made.known] = np.nan
        return place(value), value
