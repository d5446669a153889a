"""``_score · (1 + w·ln(1 + p))`` by a Painless script: relevance lifted by popularity."""

from __future__ import annotations

from typing import Any

from .base import PopularityMode, script

__all__ = ["ScriptScore"]


class ScriptScore(PopularityMode):
    """Needs an engine with Painless; safe where the field is unmapped or a value is missing or negative."""

    def wrap(self, query: Any, *, field: str, weight: float) -> Any:
        source = {"lang": "painless", "source": script("script_score"), "params": {"field": field, "weight": weight}}
        return {"script_score": {"query": query, "script": source}}
