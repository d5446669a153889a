"""``p / 10``: the order by popularity alone, as the notebook had it."""

from __future__ import annotations

from typing import Any

from .base import PopularityMode, script

__all__ = ["PopularityOnly"]


class PopularityOnly(PopularityMode):
    """The query only selects; the score is the popularity. The weight does not matter."""

    def wrap(self, query: Any, *, field: str, weight: float) -> Any:
        source = {"lang": "painless", "source": script("popularity_only"), "params": {"field": field}}
        return {"script_score": {"query": query, "script": source}}
