"""What a set of sessions looks like, in numbers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import numpy as np

from .sessions import Sessions

__all__ = ["QUANTILES", "density", "summary"]

#: Of the lengths of sessions, in per cent.
QUANTILES = (0, 25, 50, 75, 95, 99, 100)


def summary(sessions: Sessions) -> dict[str, Any]:
    """Counts, quantiles of length and of how often items are seen, density, and the times from and to where known."""
    support = sessions.support[sessions.support > 0]
    found: dict[str, Any] = {
        "sessions": len(sessions),
        "items": int(support.size),
        "events": sessions.events,
        "density": density(sessions),
        "length": {"mean": float(sessions.lengths.mean()), **_quantiles(sessions.lengths)},
        "item_count": {"mean": float(support.mean()), **_quantiles(support)},
    }
    if sessions.times is not None:
        found["from"], found["to"] = _day(int(sessions.times.min())), _day(int(sessions.times.max()))
    return found


def density(sessions: Sessions) -> float:
    """The share of all pairs of a session and an item that were seen, once or more often."""
    items = int((sessions.support > 0).sum())
    pairs = np.unique(sessions.rows * np.int64(len(sessions.items)) + sessions.codes).size
    return pairs / (len(sessions) * items)


def _quantiles(numbers: Any) -> dict[str, float]:
    return {f"{q}%": float(value) for q, value in zip(QUANTILES, np.percentile(numbers, QUANTILES), strict=True)}


def _day(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"
