"""All popularity modes, by the name that ``SESSIONRANK_POPULARITY`` takes."""

from __future__ import annotations

from .base import PopularityMode
from .function_score import FunctionScore
from .none import NoPopularity
from .popularity_only import PopularityOnly
from .script_score import ScriptScore

__all__ = ["POPULARITY_MODES"]

POPULARITY_MODES: dict[str, type[PopularityMode]] = {
    "function_score": FunctionScore,
    "none": NoPopularity,
    "popularity_only": PopularityOnly,
    "script_score": ScriptScore,
}
