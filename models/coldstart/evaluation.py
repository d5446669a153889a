"""How well products held out of training are found by their texts alone, beside what knows less and what knows more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.bootstrap import interval, resampled_means, weighted_means
from sessionrank.errors import ConfigurationError
from sessionrank.vectors import VectorsFile, unit

from ..algorithms.base import Algorithm
from ..algorithms.prefixes import recency_matrix
from ..sessions import Session, Sessions
from .base import ColdStart
from .held_out import HeldOut, hold_out

__all__ = [
    "AMONG",
    "CEILING",
    "HONEST",
    "METRICS",
    "RANDOM",
    "TOLD",
    "Draw",
    "Evaluation",
    "K",
    "evaluate_draw",
    "figures",
]

K = 10
#: What a held-out product is ranked among: the other held-out ones, or all products.
AMONG = ("held-out products", "all products")
METRICS = (f"recall@{K}", f"mrr@{K}")
_FIGURES = len(AMONG) * len(METRICS)
#: Cases that are ranked at a time.
_CHUNK = 512

#: Scores (cases × columns) of the cases in a slice.
_Ranker = Callable[[slice], NDArray[Any]]

RANDOM = "random"
#: It counts what training saw, which of held-out products is nothing.
HONEST = "popularity"
#: It is told how often the held-out products stand in the training sessions before they were taken out.
TOLD = "popularity, told"
#: The algorithm itself, trained with the held-out products left in.
CEILING = "trained with them"


@dataclass(frozen=True)
class Draw:
    """What one draw gave."""

    held_out: HeldOut
    #: The session of each case: (cases,).
    sessions: NDArray[np.int64]
    #: By what ranked: (cases × 4), the two metrics among held-out products, then among all.
    values: dict[str, NDArray[np.float64]]
    #: By what learned: seconds of training.
    seconds: dict[str, float] = field(default_factory=dict)
    #: By method: its own word about what it learned.
    meta: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """Figures over all draws, each with an interval of 95 % from resampling sessions."""

    #: By what ranked, in the order given: (4,) each.
    means: dict[str, NDArray[np.float64]]
    low: dict[str, NDArray[np.float64]]
    high: dict[str, NDArray[np.float64]]
    #: By (one, other): the difference of their means with its interval, (3 × 4).
    differences: dict[tuple[str, str], NDArray[np.float64]]


def evaluate_draw(
    sessions: Sessions,
    texts: Mapping[str, str],
    algorithm: Algorithm,
    methods: Sequence[ColdStart],
    *,
    seed: int,
    said: Callable[[str], None] = lambda _what: None,
) -> Draw:
    """Hold products out, train ``algorithm`` without them, let each of ``methods`` make their vectors, rank.

    Raises:
        ConfigurationError: the algorithm has no item vectors.
        DataError: there is too little data.
    """
    held = hold_out(sessions, {sku for sku, text in texts.items() if text}, seed=seed)
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        said(name)
        started = time.perf_counter()
        made = work()
        seconds[name] = time.perf_counter() - started
        return made

    warm = timed(algorithm.name, lambda: _trained(algorithm, held.training))
    stage = _Stage.build(held, warm.ids.tolist())
    decay = float(getattr(algorithm, "decay", 0.0))
    values = {name: stage.values(ranker) for name, ranker in _popularities(held, stage.warm, seed).items()}
    meta = {}
    for method in methods:
        model = timed(method.name, partial(method.fit, warm, texts, sessions=held.training))
        made = model.vectors_for([texts[sku] for sku in held.products])
        values[method.name] = stage.values(_cosines(stage, warm.vectors, made, decay))
        meta[method.name] = model.meta
    known, made = _parted(timed(CEILING, lambda: _trained(algorithm, held.informed)), held.products)
    stage = _Stage.build(held, known.ids.tolist())
    values[CEILING] = stage.values(_cosines(stage, known.vectors, made, decay))
    return Draw(held, np.array([case.session for case in held.cases]), values, seconds, meta)


def figures(draws: Sequence[Draw], pairs: Sequence[tuple[str, str]], *, resamples: int = 1000) -> Evaluation:
    """The means over all cases of all draws; what is resampled is the session, with all its cases in all draws."""
    names = list(draws[0].values)
    found, places = np.unique(np.concatenate([draw.sessions for draw in draws]), return_inverse=True)
    cases = np.bincount(places, minlength=len(found)).astype(np.float64)
    values = np.concatenate([np.hstack([draw.values[name] for name in names]) for draw in draws])
    sums = np.zeros((len(found), values.shape[1]))
    np.add.at(sums, places, values)
    by_session = sums / cases[:, None]
    means = weighted_means(by_session, cases)
    resampled = resampled_means(by_session, cases, resamples=resamples)
    low, high = interval(resampled)
    part = {name: slice(at * _FIGURES, (at + 1) * _FIGURES) for at, name in enumerate(names)}
    differences = {}
    for one, other in pairs:
        bounds = interval(resampled[:, part[one]] - resampled[:, part[other]])
        differences[one, other] = np.stack([means[part[one]] - means[part[other]], *bounds])
    return Evaluation(
        means={name: means[part[name]] for name in names},
        low={name: low[part[name]] for name in names},
        high={name: high[part[name]] for name in names},
        differences=differences,
    )


def _trained(algorithm: Algorithm, sessions: Sessions) -> VectorsFile:
    vectors = algorithm.fit(sessions).vectors
    if vectors is None:
        raise ConfigurationError(f"{algorithm.name} has no item vectors; choose one that has, such as word2vec")
    return vectors


def _parted(vectors: VectorsFile, products: Sequence[str]) -> tuple[VectorsFile, NDArray[np.float32]]:
    """The file without ``products``, and their vectors, zero for one that has none: (products × d)."""
    row = {sku: at for at, sku in enumerate(vectors.ids.tolist())}
    made = np.zeros((len(products), vectors.dimensions), dtype=vectors.vectors.dtype)
    for at, sku in enumerate(products):
        if sku in row:
            made[at] = vectors.vectors[row[sku]]
    apart = set(products)
    rest = np.array([at for sku, at in row.items() if sku not in apart], dtype=np.int64)
    return vectors.rows(rest), made


@dataclass(frozen=True)
class _Stage:
    """The cases in numbers. A column stands for a held-out product first, then for one that training saw."""

    prefixes: list[Session]
    #: The column of what came next.
    answers: NDArray[np.int64]
    #: The column of the last known item of each prefix, which is not recommended; -1: none.
    last: NDArray[np.int64]
    cold: int
    warm: dict[str, int]

    @classmethod
    def build(cls, held: HeldOut, warm: Sequence[str]) -> _Stage:
        place = {sku: at for at, sku in enumerate(held.products)}
        column = {sku: at for at, sku in enumerate(warm)}
        last = [
            next((len(place) + column[sku] for sku in reversed(case.prefix) if sku in column), -1)
            for case in held.cases
        ]
        answers = [place[case.answer] for case in held.cases]
        prefixes = [case.prefix for case in held.cases]
        return cls(prefixes, np.array(answers), np.array(last), len(place), column)

    def values(self, ranker: _Ranker) -> NDArray[np.float64]:
        """(cases × 4): the metrics among held-out products, then among all."""
        parts = []
        for start in range(0, len(self.prefixes), _CHUNK):
            rows = slice(start, start + _CHUNK)
            scores = ranker(rows)
            there = np.flatnonzero(self.last[rows] >= 0)
            scores[there, self.last[rows][there]] = -np.inf
            answers = self.answers[rows]
            parts.append(np.hstack([_metrics(scores[:, : self.cold], answers), _metrics(scores, answers)]))
        return np.concatenate(parts)


def _metrics(scores: NDArray[np.float32], answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """(cases × 2) Recall@K and MRR@K of one answer each; what has no score is not found, ties share their places."""
    own = scores[np.arange(len(answers)), answers][:, None]
    place = 1 + (scores > own).sum(axis=1) + ((scores == own).sum(axis=1) - 1) / 2
    hit = (place <= K) & np.isfinite(own[:, 0])
    return np.stack([hit.astype(np.float64), np.where(hit, 1 / place, 0.0)], axis=1)


def _cosines(stage: _Stage, warm: NDArray[np.float32], made: NDArray[np.float32], decay: float) -> _Ranker:
    """By cosine with the vector of the prefix; a product without a vector, or any after no known item, has no score."""
    candidates = np.concatenate([made, warm])
    without = ~candidates.any(axis=1)

    def ranker(rows: slice) -> NDArray[np.float32]:
        weights = recency_matrix(stage.prefixes[rows], stage.warm, decay=decay)
        scores = np.asarray(unit(weights @ warm) @ candidates.T, dtype=np.float32)
        scores[:, without] = -np.inf
        scores[np.diff(weights.indptr) == 0] = -np.inf
        return scores

    return ranker


def _popularities(held: HeldOut, warm: Mapping[str, int], seed: int) -> dict[str, _Ranker]:
    """What ranks without looking at the session; equals are put in an order by chance, anew in each case."""
    chance = np.random.default_rng(seed)
    names = [*held.products, *warm]
    counts = {
        RANDOM: {},
        HONEST: _counts(held.training),
        TOLD: _counts(held.informed),
    }

    def ranker_of(count: Mapping[str, int]) -> _Ranker:
        known = np.array([count.get(sku, 0) for sku in names], dtype=np.float64)
        # Double precision: a chance between 0 and 1 must stay below the step from one count to the next.
        return lambda rows: known + chance.random((len(range(*rows.indices(len(held.cases)))), len(names)))

    return {name: ranker_of(count) for name, count in counts.items()}


def _counts(sessions: Sessions) -> dict[str, int]:
    return dict(zip(sessions.items, sessions.support.tolist(), strict=True))
