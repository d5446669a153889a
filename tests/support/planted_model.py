"""A learned model that nobody had to learn: what is near the session by cosine comes first."""

from __future__ import annotations

from proxy.ranking.features import FEATURES
from proxy.ranking.trees import LearnedModel, Tree

__all__ = ["by_cosine"]


def by_cosine(*, lift: float = 1.0) -> LearnedModel:
    """Three leaves by the cosine: up to 0.25, up to 0.75, and above; what has none goes to the left."""
    cosine = FEATURES.index("cosine")
    splits = [(cosine, 0.25, 0, 1, False), (cosine, 0.75, 1, 2, False)]
    return LearnedModel(list(FEATURES), {}, [Tree(splits, [0.0, 0.5 * lift, lift])], {"made": "by hand"})
