"""How the hits of a release are ordered: what was measured on a shop's own searches, kept beside its vectors.

JSON under ``sr:w:<release>``::

    {"format_version": 1, "strategy": "mix", "weights": {"engine": 0.5, "cosine": 0.3, "covisit": 1.0, "seen": -1.0},
     "measured": {"cases": 750, "mrr_plain": 0.205, "mrr": 0.383, …}}

``measured`` is empty where nothing was: then strategy and weights are defaults.
"""

from __future__ import annotations

import json
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
            if (version := fields["format_version"]) != FORMAT_VERSION:
                raise ValueError(f"its format version is {version!r}, not {FORMAT_VERSION}")
            strategy, weights, measured = fields["strategy"], fields["weights"], fields["measured"]
            if not (isinstance(strategy, str) and isinstance(weights, dict) and isinstance(measured, dict)):
                raise TypeError("a part of it is of another kind")
            return cls(strategy, {name: _weight(one) for name, one in weights.items()}, measured)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DataError(f"not a ranking (strategy, weights, measured): {str(error)[:100]}") from error


def _weight(given: object) -> float:
    """A weight as it is used; raises :class:`ValueError` for what is none."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not abs(given) <= _LARGEST:
        raise ValueError(f"a weight is no number from {-_LARGEST:g} to {_LARGEST:g}")
    return float(given)


#: What a shop gets where no strategy was better than the engine's own order.
NOTHING_HELPS = Ranking("none")
