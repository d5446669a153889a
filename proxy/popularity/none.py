"""No popularity: the engine's own scores."""

from __future__ import annotations

from typing import Any

from .base import PopularityMode

__all__ = ["NoPopularity"]


class NoPopularity(PopularityMode):
    """The baseline: the query stays as it is."""

    def wrap(self, query: Any, *, field: str, weight: float) -> Any:
        return query
