"""Many draws of validation and test from one set of cases: a model is trained and asked once for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError

from ..protocols.base import PARTS, Cases, Protocol
from ..sessions import Session, Sessions

__all__ = ["MOST_SEEDS", "Material", "gather", "seeds_of"]

#: More draws than this tell nothing more: the sessions are the same.
MOST_SEEDS = 1000


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned from, and all cases of all draws, each once."""

    protocol: Protocol
    train: Sessions
    #: The cases that at least one draw holds.
    cases: Cases
    seeds: tuple[int, ...]
    #: Part → for each seed the places of its cases in ``cases``.
    drawn: dict[str, tuple[NDArray[np.int64], ...]]
    #: Cases that the sessions give, drawn or not.
    possible: int

    def weights(self, part: str) -> NDArray[np.float64]:
        """How much each case counts in the mean over draws; see :mod:`sessionrank.bootstrap`."""
        made = np.zeros(len(self.cases))
        for places in self.drawn[part]:
            made[places] += 1 / (len(places) * len(self.seeds))
        return made

    @cached_property
    def support(self) -> NDArray[np.float64]:
        """How often training saw the answers of each case, on average over them; 0 for those that it never saw."""
        counts = dict(zip(self.train.items, self.train.support.tolist(), strict=True))
        means = [sum(counts.get(item, 0) for item in wanted) / len(wanted) for wanted in self.cases.answers]
        return np.array(means, dtype=np.float64)


def gather(
    protocol: Protocol, sessions: Sequence[Session], seeds: Sequence[int], parts: Sequence[str] = PARTS
) -> Material:
    """Hold the cases back and draw from them, once for each seed.

    Raises:
        DataError: the sessions lack what the protocol needs, or there are too few for the draw.
    """
    train, cases = protocol.cases(sessions)
    splits = [dict(zip(PARTS, protocol.draw(len(cases), seed), strict=True)) for seed in seeds]
    used = np.unique(np.concatenate([split[part] for split in splits for part in parts]))
    drawn = {part: tuple(np.searchsorted(used, split[part]) for split in splits) for part in parts}
    taken = cases.take(used)
    return Material(protocol, train, _with_reasons(taken, cases), tuple(seeds), drawn, len(cases))


def _with_reasons(taken: Cases, cases: Cases) -> Cases:
    return Cases(taken.prefixes, taken.answers, taken.rows, taken.kinds, cases.left_out)


def seeds_of(text: str) -> tuple[int, ...]:
    """Seeds written as ``123``, ``1,2,3`` or ``123-142``, or mixed; none stands twice.

    Raises:
        ConfigurationError: something else, or more than :data:`MOST_SEEDS`.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < 2**32:
            raise ConfigurationError(f"seeds {text!r} are not numbers such as 123 or 1,2,3 or 123-142")
        if last - first >= MOST_SEEDS or len(seeds) + last - first >= MOST_SEEDS:
            raise ConfigurationError(f"seeds {text!r} are more than {MOST_SEEDS:,}")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return tuple(seeds)
