"""Learning an order of hits on one part of a shop's searches, and judging it on the other against what orders them now.

The searches are parted by visitor, as :func:`tuning.parted` does it: with the same seed, those that are held back here
are among those that `search tune` judges on, so that neither of the two was tuned on them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.ranking import Ranking

from ..ranking.base import Strategy
from ..ranking.features import FEATURES, HIT_FEATURES, START, features, weighed
from ..ranking.learned import Learned
from ..ranking.mix import Mix
from ..ranking.registry import STRATEGIES
from ..ranking.trees import LearnedModel
from ..rankings import CAUTIOUS
from .capture import Captured
from .figures import Columns, Sampler, compared, summary
from .growing import Examples, grown
from .tuning import FEWEST_CASES, tells_of_repeats

__all__ = ["MOST_HITS", "Verdict", "examples_of", "judged_against", "learned_from", "present_ranking", "start_of"]

#: Hits that are learned from: 20,000 searches with windows of 200 take half a gigabyte.
MOST_HITS = 4_000_000
_SEEN = HIT_FEATURES.index("seen")


def examples_of(cases: Sequence[Captured], start: Mapping[str, float]) -> Examples:
    """The hits of those searches that teach something: the clicked one is among the hits that have an order.

    Args:
        start: the weights of the sum that the trees begin with.

    Raises:
        DataError: they are too few, or too many for the memory.
    """
    matrices: list[NDArray[np.float64]] = []
    clicked: list[NDArray[np.int8]] = []
    hits = 0
    for case in cases:
        if case.candidates is None or case.clicked is None:
            continue
        made = features(case.candidates, start)
        if not made.known[case.clicked]:
            continue
        matrices.append(made.matrix())
        clicked.append((np.flatnonzero(made.known) == case.clicked).astype(np.int8))
        hits += len(matrices[-1])
        if hits > MOST_HITS:
            raise DataError(f"more than {MOST_HITS:,} hits to learn from: take fewer searches (--cases)")
    if len(matrices) < FEWEST_CASES:
        raise DataError(
            f"only {len(matrices):,} of {len(cases):,} searches to learn from have signals and their click in the "
            f"window; {FEWEST_CASES} are the least"
        )
    counts = np.array([len(each) for each in matrices], dtype=np.int64)
    matrix = np.vstack(matrices)
    if not tells_of_repeats(cases):
        matrix[:, _SEEN] = 0.0
    return Examples(matrix, np.concatenate(clicked), counts, matrix[:, START].copy())


def start_of(present: Ranking, weight: float) -> dict[str, float]:
    """The sum that trees begin with: that of the release where it has one, else the cautious one.

    Args:
        weight: of the session, as the proxy's setting says.
    """
    return weighed(present.weights or Mix.defaults if present.strategy == "mix" else Mix.defaults, weight)


def learned_from(
    cases: Sequence[Captured],
    start: Mapping[str, float],
    *,
    seed: int,
    threads: int,
    on_tree: Callable[[], None] = lambda: None,
) -> LearnedModel:
    """A model that orders the hits of these searches. Raises as :func:`examples_of` and :func:`growing.grown`."""
    return grown(FEATURES, examples_of(cases, start), start, seed=seed, threads=threads, on_tree=on_tree)


def present_ranking(said: bytes | None) -> Ranking:
    """What a learned order has to beat: what the release says; where that is a learned one, what it had replaced.

    Args:
        said: the release's ranking as it stands in the store.
    """
    try:
        ranking = Ranking.from_json(said) if said else CAUTIOUS
        if ranking.strategy in STRATEGIES and STRATEGIES[ranking.strategy].needs_model:
            before = {"format_version": 1, "measured": {}, **ranking.measured["before"]}
            ranking = Ranking.from_json(json.dumps(before))
    except (DataError, TypeError, KeyError):
        return CAUTIOUS
    known = STRATEGIES.get(ranking.strategy)
    return ranking if known is not None and not known.needs_model else CAUTIOUS


@dataclass(frozen=True)
class Verdict:
    """What a learned order is worth on searches that nothing was learned on."""

    #: The engine's own order, by metric.
    plain: dict[str, Any]
    #: Each of the two against the engine's order; see :func:`figures.compared`.
    present: dict[str, Any]
    learned: dict[str, Any]
    #: The learned order against the present one.
    against: dict[str, Any]

    @property
    def is_better(self) -> bool:
        """Whether it is to be kept: better than the present order, and surely better than the engine's."""
        low = self.learned["difference"]["mrr"]["low"]
        return self.against["difference"]["mrr"]["mean"] > 0 and low is not None and low > 0

    def ranking(self, model: bytes, present: Ranking, measured: Mapping[str, Any]) -> Ranking:
        """What the release is to carry. Other bytes of a model make another ranking, so that proxies take notice.

        Args:
            measured: what was measured on, to stand beside the figures.
        """
        difference = self.learned["difference"]["mrr"]
        figures = {
            "mrr_plain": self.plain["mrr"]["mean"],
            "mrr": self.learned["metrics"]["mrr"]["mean"],
            "difference": difference["mean"],
            "low": difference["low"],
            "high": difference["high"],
            "strategies": {present.strategy: round(self.present["metrics"]["mrr"]["mean"], 4)},
            "harmed": [f"{part['by']}: {part['part']}" for part in self.learned["slices"] if part["harmed"]],
            "before": {"strategy": present.strategy, "weights": dict(present.weights)},
            "model": hashlib.sha256(model).hexdigest(),
        }
        return Ranking("learned", {}, {**figures, **measured})

    def document(self, present: Ranking) -> dict[str, Any]:
        """All figures, in the form of an evaluation's."""
        strategies = {present.strategy: self.present, "learned": self.learned}
        return {
            "plain": self.plain,
            "raw": None,
            "strategies": {name: {"control": False, **figures} for name, figures in strategies.items()},
            "against": self.against,
            "present": {"strategy": present.strategy, "weights": dict(present.weights)},
            "better": self.is_better,
        }


def judged_against(
    present: Ranking,
    model: LearnedModel,
    cases: Sequence[Captured],
    columns: Columns,
    sampler: Sampler,
    *,
    max_displacement: int = 0,
) -> Verdict:
    """Order the held-back searches in both ways; ``max_displacement`` is the setting of that name."""

    def ranks_by(strategy: Strategy) -> NDArray[Any]:
        return np.array([case.rank(strategy, max_displacement=max_displacement) for case in cases])

    plain = np.array([case.plain_rank for case in cases])
    by_present = ranks_by(STRATEGIES[present.strategy](present.weights or None))
    by_learned = ranks_by(Learned(None, model.packed()))
    return Verdict(
        summary(sampler, plain),
        compared(sampler, plain, by_present, columns),
        compared(sampler, plain, by_learned, columns),
        compared(sampler, by_present, by_learned, columns),
    )
