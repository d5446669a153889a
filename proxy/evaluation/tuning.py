"""Choosing how a shop's hits are ordered, on its own searches, and judging the choice on others.

The searches are parted by visitor, seeded. On the one part everything is chosen: each strategy that needs no weights is
tried, and the weights of ``mix`` are looked for one after the other on a grid, from the cautious defaults on, until no
single change is better. What was seen before gets a weight only where enough visitors came back to it: a log that was
made of orders never asks for the same product twice, and would teach to put last what visitors look at. On the other
part only what was chosen is judged, once, against the engine's order: it is taken where the lower bound of the 95 %
interval of the difference in MRR is above 0, and the engine's order where it is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.ranking import NOTHING_HELPS, Ranking
from sessionrank.searchlog import SearchCase

from ..ranking.base import Strategy
from ..ranking.mix import Mix
from ..ranking.registry import STRATEGIES
from ..rankings import CAUTIOUS
from .capture import Captured
from .figures import Columns, Sampler, compared
from .metrics import reciprocal_rank

__all__ = [
    "FEWEST_CASES",
    "FEWEST_REPEATED",
    "GRID",
    "MOST_CASES",
    "Choice",
    "chosen",
    "drawn",
    "judged",
    "mrr",
    "now_written",
    "parted",
    "tells_of_repeats",
]

#: What the weights of ``mix`` are chosen from; only their proportions count, so that of covisits is 1 or nothing.
GRID: Mapping[str, Sequence[float]] = {
    "covisit": (0.0, 1.0),
    "cosine": (0.0, 0.15, 0.3, 0.5, 1.0, 2.0),
    "rank": (0.0, 0.15, 0.3, 0.6, 1.2, 2.4, 5.0),
    "score": (0.0, 0.3, 0.6, 1.2, 2.4),
    "seen": (-8.0, -2.0, -0.5, 0.0, 0.5, 2.0),
}
#: Strategies that are tried as they are.
_ALONE = ("cosine", "covisit", "blend")
#: With fewer searches in a part nothing is measured, and the cautious defaults stay.
FEWEST_CASES = 100
#: With fewer clicks on what the session had seen before, nothing is learned of that.
FEWEST_REPEATED = 30
#: Of a longer log so many searches are drawn: more would say no more, and each is held in memory with its hits.
MOST_CASES = 20_000
#: A weight is changed for so much more MRR, no less.
_WORTHWHILE = 1e-4
_MOST_ROUNDS = 5


@dataclass(frozen=True)
class Choice:
    """What was chosen on one part of the searches."""

    strategy: str
    weights: Mapping[str, float]
    #: On that part.
    mrr: float
    #: Of each strategy at its best, on that part.
    tried: Mapping[str, float]

    def made(self) -> Strategy:
        """The strategy itself."""
        return STRATEGIES[self.strategy](self.weights or None)


def drawn(cases: Sequence[SearchCase], *, seed: int, most: int = MOST_CASES) -> Sequence[SearchCase]:
    """At most so many of the cases, in the order of the log."""
    if len(cases) <= most:
        return cases
    places = np.random.default_rng(seed).choice(len(cases), most, replace=False)
    return [cases[at] for at in np.sort(places)]


def now_written() -> str:
    """The moment that something was measured at, as it stands in a ranking (UTC, ISO 8601)."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parted(ids: Sequence[str], *, seed: int, share: float = 0.5) -> tuple[list[int], list[int]]:
    """The cases to choose on and those to judge on, by their places; a visitor's are all in one of the two.

    Args:
        ids: the visitor of each case; empty for one of its own.
        share: of the visitors to choose on.
    """
    parts: tuple[list[int], list[int]] = ([], [])
    for place, visitor in enumerate(ids):
        digest = hashlib.blake2b(f"{seed} {visitor or place}".encode(), digest_size=8).digest()
        parts[int.from_bytes(digest, "big") >= share * 2**64].append(place)
    return parts


def chosen(
    cases: Sequence[Captured],
    *,
    max_displacement: int = 0,
    keep_rank: bool = False,
    on_tried: Callable[[], None] = lambda: None,
) -> Choice:
    """The strategy, with its weights, that puts the clicked hits of these cases highest.

    Args:
        max_displacement: the setting of that name.
        keep_rank: whether only ``mix`` is tried, and the engine's rank counts no less in it than by default.
        on_tried: told after each one that was tried.
    """

    def tried(strategy: Strategy) -> float:
        found = mrr(cases, strategy, max_displacement)
        on_tried()
        return found

    figures = {"none": tried(STRATEGIES["none"]())}
    figures |= {name: tried(STRATEGIES[name]()) for name in _ALONE if not keep_rank}
    grid = {name: values for name, values in GRID.items() if name != "seen" or tells_of_repeats(cases)}
    if keep_rank:
        grid["rank"] = [value for value in GRID["rank"] if value >= Mix.defaults["rank"]]
    weights, figures["mix"] = _climbed(tried, grid)
    best = max(figures, key=figures.__getitem__)
    return Choice(best, weights if best == "mix" else {}, figures[best], figures)


def tells_of_repeats(cases: Sequence[Captured]) -> bool:
    """Whether enough visitors came back to what they had seen for the others, who did not, to mean something."""
    return sum(case.is_repeated for case in cases) >= FEWEST_REPEATED


def mrr(cases: Sequence[Captured], strategy: Strategy, max_displacement: int) -> float:
    """The mean reciprocal rank of the clicked hits under a strategy."""
    return float(reciprocal_rank(_ranks(cases, strategy, max_displacement)).mean())


def _ranks(cases: Sequence[Captured], strategy: Strategy, max_displacement: int) -> NDArray[np.int64]:
    return np.array([case.rank(strategy, max_displacement=max_displacement) for case in cases])


def _climbed(tried: Callable[[Strategy], float], grid: Mapping[str, Sequence[float]]) -> tuple[dict[str, float], float]:
    """Weights of ``mix`` of which no single one can be changed for the better, and what they give."""
    weights = dict(Mix.defaults)
    best = tried(Mix(weights))
    for _ in range(_MOST_ROUNDS):
        before = dict(weights)
        for name, values in grid.items():
            for value in values:
                changed = {**weights, name: value}
                if value == weights[name] or not _orders_by_session(changed):
                    continue
                if (found := tried(Mix(changed))) > best + _WORTHWHILE:
                    best, weights = found, changed
        if weights == before:
            break
    return weights, best


def _orders_by_session(weights: Mapping[str, float]) -> bool:
    return any(weights[name] for name in ("cosine", "covisit", "seen"))


def judged(
    choice: Choice, cases: Sequence[Captured], columns: Columns, sampler: Sampler, *, max_displacement: int = 0
) -> Ranking:
    """What a release is to carry: the choice where it is significantly better on these cases, else the engine's order.

    ``measured`` holds its figures on these cases, whichever of the two it is.
    """
    plain = np.array([case.plain_rank for case in cases])
    strategy = choice.made()
    ranks = _ranks(cases, strategy, max_displacement)
    figures = compared(sampler, plain, ranks, columns)
    difference = figures["difference"]["mrr"]
    measured: dict[str, Any] = {
        "tried": choice.strategy,
        "cases": len(cases),
        "visitors": sampler.visitors,
        "mrr_plain": float(reciprocal_rank(plain).mean()),
        "mrr": figures["metrics"]["mrr"]["mean"],
        "difference": difference["mean"],
        "low": difference["low"],
        "high": difference["high"],
        "strategies": {name: round(value, 4) for name, value in _each(choice, cases, max_displacement)},
        "harmed": [f"{part['by']}: {part['part']}" for part in figures["slices"] if part["harmed"]],
    }
    if not (difference["low"] is not None and difference["low"] > 0):
        return Ranking(NOTHING_HELPS.strategy, {}, measured)
    return Ranking(choice.strategy, choice.weights, measured)


def _each(choice: Choice, cases: Sequence[Captured], most: int) -> Iterator[tuple[str, float]]:
    """The MRR of each strategy beside the chosen one, on the same cases."""
    for name in (*_ALONE, "mix"):
        yield name, mrr(cases, STRATEGIES[name]() if name != choice.strategy else choice.made(), most)
    if choice.strategy == "mix":
        yield "mix, cautious defaults", mrr(cases, STRATEGIES[CAUTIOUS.strategy](), most)
