"""All strategies, by the name that ``SESSIONRANK_STRATEGY`` takes and a release carries."""

from __future__ import annotations

from .base import Strategy
from .blend import Blend
from .cosine import Cosine
from .covisit import Covisit
from .learned import Learned
from .mix import Mix
from .none import NoRanking
from .shuffle import Shuffle

__all__ = ["BY_RELEASE", "STRATEGIES"]

#: The setting that leaves the choice to the release.
BY_RELEASE = "release"

STRATEGIES: dict[str, type[Strategy]] = {
    "blend": Blend,
    "cosine": Cosine,
    "covisit": Covisit,
    "learned": Learned,
    "mix": Mix,
    "none": NoRanking,
    "shuffle": Shuffle,
}
