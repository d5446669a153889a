"""Popularity from counted purchases or views, older ones weighing less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .base import Popularity

__all__ = ["Purchase", "decayed_counts", "from_counts"]

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """So many pieces of one product at one time (seconds since 1970, or None)."""

    sku: str
    quantity: float = 1.0
    time: float | None = None


def decayed_counts(purchases: Iterable[Purchase], *, half_life: float | None = None) -> dict[str, float]:
    """Pieces a product; what is not more than 0 pieces (a cancellation) does not count.

    With ``half_life`` (days) a purchase counts ½ for each half-life that it lies before the last one of all. The
    purchases may come in any order and are read once: each product keeps its sum as of its own last purchase, which is
    brought to the last of all at the end, so that no power of two grows out of bounds.
    """
    sums: dict[str, tuple[float, float]] = {}
    latest = float("-inf")
    for purchase in purchases:
        if purchase.quantity <= 0:
            continue
        time = purchase.time or 0.0
        latest = max(latest, time)
        total, as_of = sums.get(purchase.sku, (0.0, time))
        if time >= as_of:
            sums[purchase.sku] = (total * _weight(time - as_of, half_life) + purchase.quantity, time)
        else:
            sums[purchase.sku] = (total + purchase.quantity * _weight(as_of - time, half_life), as_of)
    return {sku: total * _weight(latest - as_of, half_life) for sku, (total, as_of) in sums.items()}


def _weight(seconds: float, half_life: float | None) -> float:
    return 1.0 if half_life is None else 0.5 ** (seconds / (half_life * _DAY))


def from_counts(counts: Mapping[str, float]) -> Popularity:
    """The count of the product; 0 for one that was never counted."""

    def popularity(sku: str, _values: Mapping[str, Any]) -> float | None:
        return round(counts.get(sku, 0.0), 6)

    return popularity
