"""How the hits of a release are ordered: what was measured on a shop's own searches, kept beside its vectors.

JSON under ``sr:w:<release>``::

    {"format_version": 1, "strategy": "mix", "weights": {"engine": 0.5, "cosine": 0.3, "covisit": 1.0, "seen": -1.0},
     "measured": {"cases": 750, "mrr_plain": 0.205, "mrr": 0.383, …}}

``measured`` is empty where nothing was: then strategy and weights are defaults.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sessionrank.errors import DataError

__all__ = ["FORMAT_VERSION", "NOTHING_HELPS", "Ranking"]

FORMAT_VERSION = 1
#: Largest weight of a signal; far more than any measurement gave.
_LARGEST = 1000.0


@dataclass(frozen=True)
class Ranking:
    """A strategy by its name, the weights of its signals, and the figures that it was chosen by."""

    strategy: str
    #: Signal → weight, for a strategy that adds signals; others look at none.
    weights: Mapping[str, float] = field(default_factory=dict)
    #: Of the searches that neither the strategy nor the weights were chosen on; empty where nothing was measured.
    measured: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """As it stands in the store."""
        fields = {"strategy": self.strategy, "weights": dict(self.weights), "measured": dict(self.measured)}
        return json.dumps({"format_version": FORMAT_VERSION, **fields}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Ranking:
        """Read what :meth:`to_json` wrote.

        Raises:
            DataError: it is something else, or of another version.
        """
        try:
            fields = json.loads(text)
            if fields["format_version"] != FORMAT_VERSION:
                raise DataError(f"a ranking of format version {fields['format_version']}; {FORMAT_VERSION} expected")
            weights = {str(name): float(weight) for name, weight in fields["weights"].items()}
            if not all(math.isfinite(weight) and abs(weight) <= _LARGEST for weight in weights.values()):
                raise ValueError("a weight is no number that can be used")
            return cls(str(fields["strategy"]), weights, dict(fields["measured"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DataError(f"not a ranking (strategy, weights, measured): {str(error)[:100]}") from error


#: What a shop gets where no strategy was better than the engine's own order.
NOTHING_HELPS = Ranking("none")
