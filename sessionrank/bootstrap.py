"""Intervals of figures that are means over cases, by resampling the sessions that the cases come from; and a sign test.

What is resampled is the session, always. A figure over several draws is a mean over draws of means over the cases that
each drew, and the draws share sessions: on Online Retail 20 draws of 1,000 out of 4,234 hold each session 4.7 times.
Draws are therefore not independent, and an interval made by resampling them would shrink with every further draw to
nothing, whatever the shop. But the mean over draws is the same as a weighted mean over sessions,

    Σ_s w_s x_s,   w_s = mean over draws of (1 / size of the draw, if s is in it, else 0),

so sessions are resampled with replacement, each with all the places that it has in all draws, and the interval is that
of the percentiles of these weighted means. It says how far the figure would move had other customers of the same shop
come, given the trained model and these draws. It does not say how far it moves when training starts from another seed;
that is reported beside it. With one draw all weights are equal, and this is the ordinary percentile bootstrap.

Coverage is no mean: a resample holds only 63 % of the sessions, so that it would understate coverage each time. Its
interval comes from the jackknife: how much the coverage loses when one session is left out, session by session.

Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 11, 13 and, for the cluster as the unit
of resampling, 8; Sakai, "Evaluating evaluation metrics based on the bootstrap" (SIGIR 2006).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["interval", "jackknife_interval", "resampled_means", "sign_test", "weighted_means"]

#: Counts held at a time, in numbers: 32 MiB of float64.
_CHUNK = 1 << 22
#: Of the normal distribution, for an interval of 95 %.
_Z = 1.959963984540054


def weighted_means(values: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float64]:
    """The weighted mean of each column over the rows where it is a number; NaN where none is.

    Args:
        values: (sessions × figures), NaN where a session has no value.
        weights: one a session, not negative.
    """
    products, bases = _weighted(values, weights)
    return _ratio(products.sum(axis=0), bases.sum(axis=0))


def resampled_means(
    values: NDArray[Any], weights: NDArray[Any], *, resamples: int = 1000, seed: int = 0
) -> NDArray[np.float64]:
    """:func:`weighted_means` of ``resamples`` samples of the sessions with replacement: (resamples × figures).

    Columns share their samples, so that differences and ratios of figures can be made of them. Sessions of weight 0 are
    not there at all.
    """
    there = np.asarray(weights) > 0
    products, bases = _weighted(np.asarray(values)[there], np.asarray(weights)[there])
    n = len(products)
    if not n:
        return np.full((resamples, products.shape[1]), np.nan)
    chance = np.random.default_rng(seed)
    step = max(1, _CHUNK // n)
    made = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = chance.integers(0, n, size=(size, n))
        # How often each session is in each sample; the sum over a sample is then one matrix product.
        drawn += np.arange(size)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
        made.append(_ratio(counts @ products, counts @ bases))
    return np.concatenate(made)


def interval(resampled: NDArray[np.float64], *, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bound of each column of resampled figures: their percentiles."""
    outside = 50 * (1 - level)
    if not len(resampled) or np.isnan(resampled).all():
        nothing = np.full(resampled.shape[1:], np.nan)
        return nothing, nothing
    low, high = np.nanpercentile(resampled, [outside, 100 - outside], axis=0)
    return low, high


def jackknife_interval(figure: float, losses: NDArray[Any]) -> tuple[float, float]:
    """95 % around ``figure``, which would lose ``losses[s]`` if session ``s`` were not there; clipped to 0 … 1."""
    n = len(losses)
    if n < 2:
        return figure, figure
    spread = float(np.sqrt((n - 1) / n * np.square(losses - np.mean(losses)).sum()))
    return max(0.0, figure - _Z * spread), min(1.0, figure + _Z * spread)


def sign_test(better: int, worse: int) -> float:
    """The chance of a split at least as uneven as this one were better and worse equally likely: two-sided, exact.

    Cases that are neither are left out, as usual.
    """
    n = better + worse
    fewer = min(better, worse)
    if 2 * fewer >= n:
        return 1.0
    # From the largest term down, in logarithms: of many cases, single terms are smaller than any float.
    term = math.lgamma(n + 1) - math.lgamma(fewer + 1) - math.lgamma(n - fewer + 1) - (n - 1) * math.log(2.0)
    total, share = 0.0, 1.0
    for k in range(fewer, -1, -1):
        total += share
        share *= k / (n - k + 1)
        if share < 1e-17 * total:
            break
    return min(1.0, math.exp(term) * total)


def _weighted(values: NDArray[Any], weights: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = np.asarray(values, dtype=np.float64)
    column = np.asarray(weights, dtype=np.float64)[:, None]
    there = ~np.isnan(values)
    return np.where(there, values, 0.0) * column, there * column


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)
