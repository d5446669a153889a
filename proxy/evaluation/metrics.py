"""How high the clicked hit stood: one number for each search, from its rank.

A rank counts from 1; 0 stands for a clicked product that is not among the hits of the window. Each search has one
clicked hit, so that the best order there is scores 1 by every measure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["found_rank", "hit_rate", "ndcg", "reciprocal_rank"]


def reciprocal_rank(ranks: NDArray[Any]) -> NDArray[np.float64]:
    """1 / rank, and 0 where it was not found; the mean is the MRR."""
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where(ranks > 0, 1.0 / np.maximum(ranks, 1.0), 0.0)


def ndcg(ranks: NDArray[Any], k: int) -> NDArray[np.float64]:
    """1 / log2(1 + rank) among the first ``k``, else 0: of one clicked hit the ideal gain is 1."""
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where((ranks > 0) & (ranks <= k), 1.0 / np.log2(1.0 + np.maximum(ranks, 1.0)), 0.0)


def hit_rate(ranks: NDArray[Any], k: int) -> NDArray[np.float64]:
    """1 where it stood among the first ``k``, else 0."""
    ranks = np.asarray(ranks)
    return ((ranks > 0) & (ranks <= k)).astype(np.float64)


def found_rank(ranks: NDArray[Any]) -> NDArray[np.float64]:
    """The rank itself, and NaN where it was not found."""
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where(ranks > 0, ranks, np.nan)
