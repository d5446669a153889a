"""The contract of strategies: from signals to an order, purely.

A strategy must return a permutation; hits that its signals know nothing of keep the engine's place, and ties keep the
engine's order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["FACTS", "Candidates", "Strategy", "place"]

#: What is known of the session itself, by name; which of them are there depends on the signals that were asked for.
FACTS: Mapping[str, str] = {
    "length": "how many events it has",
    "coherence": "the length of the mean of its items' unit vectors, 0 to 1",
    "weight": "the sum of the weights in that mean",
    "reliability": "how far what training says of its items can be told from chance, 0 to 1",
}


@dataclass(frozen=True, slots=True)
class Candidates:
    """The hits of the window in the engine's order: position 0 is the engine's first hit."""

    count: int
    #: Signal name → one number for each hit, NaN where the signal knows nothing of it (float64, n).
    signals: Mapping[str, NDArray[np.float64]]
    #: Weight of the session against the engine's order, 0 to 1.
    weight: float = 1.0
    #: Differs from session to session and stays the same within one; for controls that draw at random.
    seed: int = 0
    #: See :data:`FACTS`.
    facts: Mapping[str, float] = field(default_factory=dict)


class Strategy(ABC):
    """One way to order the hits of the window."""

    #: Names of the signals that must be fetched; none at all means that the order is never changed.
    needs: tuple[str, ...] = ()
    #: Weights of signals where a release tells none; empty for a strategy that does not look at weights.
    defaults: Mapping[str, float] = {}
    #: Whether a release has to bring a learned model.
    needs_model = False

    def __init__(self, weights: Mapping[str, float] | None = None, model: bytes = b"") -> None:
        """As a release says.

        Args:
            weights: signal → weight; None takes the defaults. Names that the strategy does not know are passed over.
            model: the release's learned model.

        Raises:
            DataError: the model cannot be used.
        """
        del model
        known = self.defaults
        self.weights = {name: (known if weights is None else weights).get(name, 0.0) for name in known}

    @abstractmethod
    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The new order and the value that each hit was ordered by.

        Returns:
            (order, value): ``order[i]`` is the engine's position of the hit that now stands at ``i`` (n integers);
            ``value[j]`` belongs to the hit at the engine's position ``j``, NaN where it was not moved on purpose.
        """


def place(value: NDArray[np.float64]) -> NDArray[np.intp]:
    """Hits with a value in descending order over the places that they had; the others (NaN) stay where they are."""
    order = np.arange(value.size)
    (known,) = (~np.isnan(value)).nonzero()
    order[known] = known[(-value[known]).argsort(kind="stable")]
    return order
