"""Points in time as records have them: ISO 8601 in UTC with microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

__all__ = ["age_s", "now", "written"]


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(timezone.utc)


def written(moment: datetime) -> str:
    """``moment`` as text."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def age_s(text: Any, at: datetime) -> float:
    """Seconds from a written moment to ``at``; what cannot be read is as old as can be."""
    try:
        return (at - datetime.fromisoformat(text)).total_seconds()
    except (TypeError, ValueError):
        return float("inf")
