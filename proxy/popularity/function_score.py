"""The scores of ``script_score`` without a script, for engines without Painless."""

from __future__ import annotations

from typing import Any

from .base import PopularityMode

__all__ = ["FunctionScore"]


class FunctionScore(PopularityMode):
    """``_score · (1 + w·ln(1 + p))`` as a sum of two functions; the field's values must not be negative."""

    def wrap(self, query: Any, *, field: str, weight: float) -> Any:
        popularity = {"field": field, "modifier": "ln1p", "missing": 0}
        functions: list[dict[str, Any]] = [{"weight": 1}]
        if weight > 0:
            # A value below 0 would be an error of the whole search; without the function the score stays as it is.
            sound = {"range": {field: {"gte": 0}}}
            functions.append({"filter": sound, "field_value_factor": popularity, "weight": weight})
        return {
            "function_score": {"query": query, "functions": functions, "score_mode": "sum", "boost_mode": "multiply"}
        }
