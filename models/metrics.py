"""Metrics of ranked lists, as pure functions of arrays: one value a case, or one for all cases.

``found`` tells where in each list an answer stands; the others count in that table. A case's list has K places, best
first; places beyond the end of a short list hold -1 and are never found. All are between 0 and 1 except where they say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "coverage_at_k",
    "found",
    "hit_rate_at_k",
    "mean_at_k",
    "mrr_at_k",
    "ndcg_at_k",
    "percentiles",
    "recall_at_k",
    "sole_items_at_k",
]

Found = NDArray[np.bool_]
Values = NDArray[np.float64]


def found(ranked: NDArray[Any], rows: NDArray[Any], codes: NDArray[Any]) -> Found:
    """Which places hold an answer: (cases × K).

    Args:
        ranked: (cases × K) item codes, -1 for no item.
        rows, codes: one pair for each answer: item ``codes[i]`` answers case ``rows[i]``; code -1, an item that the
            model does not know, is never found.
    """
    rows, codes = np.asarray(rows, dtype=np.int64), np.asarray(codes, dtype=np.int64)
    known = codes >= 0
    if not ranked.size or not known.any():
        return np.zeros(ranked.shape, dtype=bool)
    # One number for each (case, item): then all cases are looked up at once.
    width = int(max(ranked.max(), codes.max())) + 1
    keys = np.arange(len(ranked))[:, None] * width + ranked
    wanted = rows[known] * width + codes[known]
    return np.isin(keys, wanted) & (ranked >= 0)


def hit_rate_at_k(hits: Found, k: int) -> Values:
    """1 where an answer is among the first ``k``, else 0."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def recall_at_k(hits: Found, answers: NDArray[Any], k: int) -> Values:
    """The share of the case's ``answers`` (how many it has) among the first ``k``; with one answer the hit rate."""
    return np.asarray(hits[:, :k].sum(axis=1) / answers, dtype=np.float64)


def mrr_at_k(hits: Found, k: int) -> Values:
    """1 / the place of the first answer, 0 where none is among the first ``k``."""
    first = hits[:, :k]
    if not first.shape[1]:
        return np.zeros(len(hits))
    return np.where(first.any(axis=1), 1.0 / (1 + first.argmax(axis=1)), 0.0)


def ndcg_at_k(hits: Found, answers: NDArray[Any], k: int) -> Values:
    """Σ 1 / log2(1 + place) over the answers found, against the same sum with all answers at the top (binary gain)."""
    discounts = 1.0 / np.log2(2.0 + np.arange(k))
    gained = hits[:, :k] @ discounts[: hits[:, :k].shape[1]]
    ideal = np.concatenate(([0.0], np.cumsum(discounts)))
    return np.asarray(gained / ideal[np.minimum(answers, k)], dtype=np.float64)


def mean_at_k(ranked: NDArray[Any], values: NDArray[Any], k: int) -> Values:
    """The mean of ``values`` (one an item, by code) over the first ``k`` items; NaN for an empty list.

    With the items' support in training that is the average recommendation popularity of Yin et al., "Challenging the
    long tail recommendation" (VLDB 2012); not between 0 and 1 then.
    """
    first = ranked[:, :k]
    there = first >= 0
    if not values.size:
        return np.full(len(ranked), np.nan)
    total = np.where(there, np.asarray(values, dtype=np.float64)[first], 0.0).sum(axis=1)
    count = there.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def percentiles(support: NDArray[Any]) -> Values:
    """For each item the share of items that are less popular, equal ones counted half: on average 0.5."""
    if not support.size:
        return np.empty(0)
    _, level, counts = np.unique(support, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    return np.asarray(((below + counts / 2) / len(support))[level.reshape(len(support))])


def coverage_at_k(ranked: NDArray[Any], k: int, items: int) -> float:
    """The share of ``items`` items that stand among the first ``k`` of at least one case."""
    first = ranked[:, :k]
    return len(np.unique(first[first >= 0])) / items if items else 0.0


def sole_items_at_k(ranked: NDArray[Any], k: int) -> NDArray[np.int64]:
    """How many items each case alone recommends: what the coverage would lose without it."""
    first = ranked[:, :k]
    codes = first[first >= 0]
    counts = np.bincount(codes, minlength=1)
    return np.asarray(((first >= 0) & (counts[first] == 1)).sum(axis=1), dtype=np.int64)
