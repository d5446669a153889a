"""Figures of one part: means over draws with their intervals, each draw by itself, and slices of the cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.bootstrap import interval, jackknife_interval, resampled_means, weighted_means

from ..metrics import coverage_at_k, percentiles, sole_items_at_k
from .draws import Material
from .evaluate import CASE_METRICS, Result

__all__ = ["RESAMPLES", "difference", "over_training", "part_figures", "slice_masks"]

RESAMPLES = 1000
#: Of the bootstrap: equal figures get equal intervals in every run.
_SEED = 2024
#: An item is popular when training saw it more often than this share of the catalogue.
_POPULAR = 0.8


def part_figures(results: Sequence[Result], material: Material, part: str, ks: Sequence[int]) -> dict[str, Any]:
    """All figures of one part, from one result for each seed that training started from.

    Returns:
        ``metrics``: name → mean, low, high, and ``draws`` (one value for each draw); ``slices``: name → how many cases,
        and ``metrics`` with mean, low and high.
    """
    weights = material.weights(part)
    values = over_training(results)
    metrics = _means(values, weights, material, part, ks)
    for k in ks:
        metrics[f"coverage@{k}"] = _coverage(results, material, part, k)
    slices = {}
    for name, mask in slice_masks(material).items():
        inside = weights * mask
        cases = int((inside > 0).sum())
        if cases:
            slices[name] = {"cases": cases, "metrics": _slice(values, inside, ks)}
    drawn = [len(places) for places in material.drawn[part]]
    return {"cases": int((weights > 0).sum()), "cases_a_draw": max(drawn), "metrics": metrics, "slices": slices}


def slice_masks(material: Material) -> dict[str, NDArray[np.bool_]]:
    """Which cases belong to each slice, by its name.

    Answers are popular when training saw them (on average, where there are several) at least as often as the least
    popular of the 20 % most popular items; histories are short up to the median of all cases.
    """
    support = material.train.support
    edge = support[percentiles(support) > _POPULAR].min(initial=int(support.max(initial=0)))
    popular = material.support >= edge
    lengths = np.array([len(prefix) for prefix in material.cases.prefixes])
    short = lengths <= np.median(lengths)
    return {
        "popular answers": popular,
        "rare answers": ~popular,
        "short histories": short,
        "long histories": ~short,
        **material.cases.kinds,
    }


def over_training(results: Sequence[Result]) -> dict[str, NDArray[np.float64]]:
    """Each case's mean over the seeds that training started from."""
    if len(results) == 1:
        return results[0].values
    stacked = {name: np.stack([result.values[name] for result in results]) for name in results[0].values}
    made = {}
    for name, table in stacked.items():
        there = ~np.isnan(table)
        count = there.sum(axis=0)
        total = np.where(there, table, 0.0).sum(axis=0)
        made[name] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return made


def difference(
    values: dict[str, NDArray[np.float64]],
    others: dict[str, NDArray[np.float64]],
    weights: NDArray[np.float64],
    ks: Sequence[int],
) -> dict[str, Any]:
    """How much better one model did than another on the same cases: mean, low and high of the difference.

    Both are taken case by case, so the interval is narrower than those of the two figures let think.
    """
    names = [f"{name}@{k}" for k in ks for name in CASE_METRICS]
    return _slice({name: values[name] - others[name] for name in names}, weights, ks)


def _means(
    values: dict[str, NDArray[np.float64]],
    weights: NDArray[np.float64],
    material: Material,
    part: str,
    ks: Sequence[int],
) -> dict[str, Any]:
    """All that is a mean over cases, and the popularity bias, a ratio of two of them, from the same samples."""
    names = [f"{name}@{k}" for k in ks for name in (*CASE_METRICS, "percentile", "support")]
    table = np.stack([*(values[name] for name in names), material.support], axis=1)
    mean = weighted_means(table, weights)
    resampled = resampled_means(table, weights, resamples=RESAMPLES, seed=_SEED)
    draws = np.stack([weighted_means(table[places], np.ones(len(places))) for places in material.drawn[part]])
    made = {}
    for at, name in enumerate(names):
        metric, _, k = name.partition("@")
        if metric == "support":
            # How much more popular than the answers are the items recommended.
            one, many, each = (_quotient(means[..., [at, -1]]) for means in (mean, resampled, draws))
            name = f"popularity_bias@{k}"
        else:
            one, many, each = mean[at], resampled[:, at], draws[:, at]
        low, high = interval(many[:, None])
        made[name] = figure(float(one), low[0], high[0], each.tolist())
    return made


def _quotient(means: NDArray[np.float64]) -> NDArray[np.float64]:
    below = means[..., 1]
    return np.where(below > 0, means[..., 0] / np.where(below > 0, below, 1.0), np.nan)


def _coverage(results: Sequence[Result], material: Material, part: str, k: int) -> dict[str, Any]:
    """The mean over draws, of the items that training or the model knows.

    Its interval tells what the coverage loses without a session, in all draws together.
    """
    losses = np.zeros(len(material.cases))
    draws = []
    drawn = material.drawn[part]
    for places in drawn:
        lists = [(result.ranked[places], len(result.items)) for result in results]
        draws.append(float(np.mean([coverage_at_k(ranked, k, items) for ranked, items in lists])))
        for ranked, items in lists:
            losses[places] += sole_items_at_k(ranked, k) / (items * len(lists) * len(drawn))
    mean = float(np.mean(draws))
    return figure(mean, *jackknife_interval(mean, losses[material.weights(part) > 0]), draws)


def _slice(values: dict[str, NDArray[np.float64]], weights: NDArray[np.float64], ks: Sequence[int]) -> dict[str, Any]:
    names = [f"{name}@{k}" for k in ks for name in CASE_METRICS]
    table = np.stack([values[name] for name in names], axis=1)
    low, high = interval(resampled_means(table, weights, resamples=RESAMPLES, seed=_SEED))
    mean = weighted_means(table, weights)
    return {name: figure(mean[at], low[at], high[at]) for at, name in enumerate(names)}


def figure(mean: float, low: float, high: float, draws: Sequence[float] | None = None) -> dict[str, Any]:
    """One figure as it stands in the file; what is not a number becomes ``None``."""
    made: dict[str, Any] = {"mean": _plain(mean), "low": _plain(low), "high": _plain(high)}
    if draws is not None:
        made["draws"] = [_plain(draw) for draw in draws]
    return made


def _plain(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
