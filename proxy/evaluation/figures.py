"""Figures of a replay: means with intervals, differences pair by pair, sign tests, and slices of the cases.

Intervals (95 %) come from one set of resamples of the visitors, so that differences and ratios are of equal samples.
A mean over cases is a ratio of two sums over visitors, of the values and of how many there are; both are resampled
together, which keeps all cases of a visitor together (see :mod:`sessionrank.bootstrap`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.bootstrap import interval, resampled_means, sign_test

from .metrics import found_rank, hit_rate, ndcg, reciprocal_rank

__all__ = [
    "FEWEST_VISITORS",
    "METRICS",
    "Columns",
    "Sampler",
    "compared",
    "is_harmed",
    "reasons_of",
    "slices_of",
    "summary",
]

#: Name → the number of each case, from its rank.
METRICS: Mapping[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "mrr": reciprocal_rank,
    "ndcg@10": lambda ranks: ndcg(ranks, 10),
    "hit_rate@10": lambda ranks: hit_rate(ranks, 10),
    "mean_rank": found_rank,
}
#: Of fewer visitors no interval can be told: resampling so few says next to nothing.
FEWEST_VISITORS = 10
#: Numbers that are resampled at once; of many visitors, fewer figures at a time.
_AT_ONCE = 1 << 24
_BOUNDS = ((0, 0, "0"), (1, 1, "1"), (2, 4, "2-4"), (5, 9, "5-9"), (10, None, "10 or more"))
#: A search with more hits than this is frequent.
_MANY_HITS = 100


@dataclass(frozen=True)
class Columns:
    """What is known of the cases beside their ranks, one entry each, in order."""

    #: Events before the search.
    lengths: Sequence[int]
    #: Whether the clicked product is popular; None where that is not known.
    popular: Sequence[bool | None]
    #: Hits of the search; None where that is not known.
    totals: Sequence[int | None]
    #: Whether the clicked product was among the hits of the window.
    inside: Sequence[bool]


class Sampler:
    """Means over cases with their intervals, from resampled visitors."""

    def __init__(self, ids: Sequence[str], *, resamples: int, seed: int) -> None:
        """``ids`` names the visitor of each case; empty: one of its own."""
        known: dict[str, int] = {}
        rows = [known.setdefault(name or f"\0{number}", len(known)) for number, name in enumerate(ids)]
        self._rows = np.asarray(rows, dtype=np.intp)
        self.visitors = len(known)
        self._resamples = resamples
        self._seed = seed

    def means(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each column (cases × figures, NaN where a case does not count): its mean, and resampled means.

        Returns:
            (figures, resamples × figures); NaN where no case counts, or too few visitors have one.
        """
        width = max(1, _AT_ONCE // (2 * self.visitors))
        parts = [self._block(values[:, at : at + width]) for at in range(0, values.shape[1], width)]
        return np.concatenate([means for means, _ in parts]), np.hstack([resampled for _, resampled in parts])

    def _block(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        there = ~np.isnan(values)
        sums = self._by_visitor(np.where(there, values, 0.0))
        counts = self._by_visitor(there.astype(np.float64))
        figures = values.shape[1]
        drawn = resampled_means(
            np.hstack([sums, counts]), np.ones(self.visitors), resamples=self._resamples, seed=self._seed
        )
        resampled = _divided(drawn[:, :figures], drawn[:, figures:])
        resampled[:, (counts > 0).sum(axis=0) < FEWEST_VISITORS] = np.nan
        return _divided(sums.sum(axis=0), counts.sum(axis=0)), resampled

    def visitors_of(self, mask: NDArray[np.bool_]) -> int:
        """How many visitors have a case among these."""
        return int(np.unique(self._rows[mask]).size)

    def _by_visitor(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = [np.bincount(self._rows, column, minlength=self.visitors) for column in values.T]
        return np.stack(columns, axis=1)


def summary(sampler: Sampler, ranks: NDArray[Any]) -> dict[str, dict[str, float | None]]:
    """Each metric of one order, by its name: ``mean``, ``low`` and ``high``."""
    means, resampled = sampler.means(np.stack([metric(ranks) for metric in METRICS.values()], axis=1))
    return {name: _told(means[at], resampled[:, at]) for at, name in enumerate(METRICS)}


def compared(sampler: Sampler, plain: NDArray[Any], ranks: NDArray[Any], columns: Columns) -> dict[str, Any]:
    """An order against the plain one, of the same cases."""
    of_plain = np.stack([metric(plain) for metric in METRICS.values()], axis=1)
    of_order = np.stack([metric(ranks) for metric in METRICS.values()], axis=1)
    both = np.hstack([of_plain, of_order, of_order - of_plain])
    means, resampled = sampler.means(both)
    n = len(METRICS)
    ratio = _divided(means[n], means[0])
    return {
        "metrics": {name: _told(means[n + at], resampled[:, n + at]) for at, name in enumerate(METRICS)},
        "difference": {name: _told(means[2 * n + at], resampled[:, 2 * n + at]) for at, name in enumerate(METRICS)},
        "ratio": _told(ratio, _divided(resampled[:, n], resampled[:, 0])),
        "sign": _signs(both[:, 2 * n]),
        "slices": _slices(sampler, of_plain[:, 0], of_order[:, 0], columns),
    }


def slices_of(columns: Columns) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """(what it is cut by, which part, whether each case is in it) for every part that has a case."""
    lengths = np.asarray(columns.lengths)
    many = [None if total is None else total > _MANY_HITS for total in columns.totals]
    found = [
        ("session length", name, (lengths >= low) & (lengths <= (lengths.max() if high is None else high)))
        for low, high, name in _BOUNDS
    ]
    for by, values, yes, no in (
        ("clicked product", columns.popular, "popular", "rare"),
        ("hits of the query", many, f"more than {_MANY_HITS}", f"at most {_MANY_HITS}"),
        ("clicked hit", columns.inside, "in the window", "beyond it"),
    ):
        found.append((by, yes, np.array([value is not None and bool(value) for value in values])))
        found.append((by, no, np.array([value is not None and not value for value in values])))
    return [part for part in found if part[2].any()]


def _slices(
    sampler: Sampler, plain: NDArray[np.float64], order: NDArray[np.float64], columns: Columns
) -> list[dict[str, Any]]:
    """The MRR of each part of the cases."""
    parts = slices_of(columns)
    blank = [np.where(mask, values, np.nan) for _, _, mask in parts for values in (plain, order, order - plain)]
    means, resampled = sampler.means(np.stack(blank, axis=1))
    told = []
    for number, (by, name, mask) in enumerate(parts):
        of_plain, of_order, difference = (
            _told(means[at], resampled[:, at]) for at in range(3 * number, 3 * number + 3)
        )
        fields = {"by": by, "part": name, "cases": int(mask.sum()), "visitors": sampler.visitors_of(mask)}
        fields |= {"mrr_plain": of_plain["mean"], "mrr": of_order["mean"], "difference": difference}
        fields |= {"sign": _signs((order - plain)[mask]), "harmed": is_harmed(difference)}
        told.append(fields)
    return told


def reasons_of(reasons: Sequence[str]) -> dict[str, int]:
    """How often each stands there, the most frequent first."""
    return dict(Counter(reasons).most_common())


def _signs(differences: NDArray[np.float64]) -> dict[str, Any]:
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    equal = int(differences.size) - better - worse
    return {"better": better, "worse": worse, "equal": equal, "p": sign_test(better, worse)}


def is_harmed(difference: Mapping[str, float | None]) -> bool:
    """Whether a difference is significantly below 0."""
    high = difference["high"]
    return high is not None and high < 0


def _told(mean: float, resampled: NDArray[np.float64]) -> dict[str, float | None]:
    low, high = interval(resampled)
    return {"mean": _number(mean), "low": _number(float(low)), "high": _number(float(high))}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _divided(above: Any, below: Any) -> Any:
    return np.where(np.asarray(below) > 0, above / np.where(np.asarray(below) > 0, below, 1.0), np.nan)
