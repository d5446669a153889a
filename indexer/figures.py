"""A ranking in words: what is used, and what it was worth where that was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessionrank.console import printable
from sessionrank.ranking import Ranking

__all__ = ["as_record", "gain", "order"]

#: Beyond it, a figure is none: no shop has so many searches.
_LARGEST = 1e12


def as_record(ranking: Ranking | None) -> dict[str, Any] | None:
    """The ranking as it stands in JSON; None where there is none."""
    if ranking is None:
        return None
    return {"strategy": ranking.strategy, "weights": dict(ranking.weights), "measured": dict(ranking.measured)}


def order(ranking: Mapping[str, Any]) -> str:
    """The strategy of a record with its weights: ``mix (cosine 0.3, covisit 1)``."""
    weights = ", ".join(f"{name} {weight:g}" for name, weight in ranking["weights"].items())
    return printable(ranking["strategy"] + (f" ({weights})" if weights else ""))


def gain(ranking: Mapping[str, Any]) -> str | None:
    """What that is worth: ``MRR 0.225 → 0.436 (+0.211, +0.190 to +0.233) in 750 searches``; None where nobody measured.

    Anybody who may write into the store may have written the figures: those that are none are left out.
    """
    found = {name: _number(value) for name, value in ranking["measured"].items()}
    plain, ranked, difference = (found.get(name) for name in ("mrr_plain", "mrr", "difference"))
    if plain is None or ranked is None:
        few = found.get("too_few")
        return None if few is None else f"cautious defaults, for {few:,.0f} searches are too few to measure"
    difference = ranked - plain if difference is None else difference
    low, high, cases = (found.get(name) for name in ("low", "high", "cases"))
    interval = "" if low is None or high is None else f", {low:+.3f} to {high:+.3f}"
    searches = "" if cases is None else f" in {cases:,.0f} searches"
    return f"MRR {plain:.3f} → {ranked:.3f} ({difference:+.3f}{interval}){searches}"


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return None
    return float(value)
