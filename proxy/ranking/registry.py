"""All strategies, by the name that ``SESSIONRANK_STRATEGY`` takes."""

from __future__ import annotations

from .base import Strategy
from .blend import Blend
from .cosine import Cosine
from .none import NoRanking
from .shuffle import Shuffle

__all__ = ["STRATEGIES"]

STRATEGIES: dict[str, type[Strategy]] = {
    "blend": Blend,
    "cosine": Cosine,
    "none": NoRanking,
    "shuffle": Shuffle,
}
