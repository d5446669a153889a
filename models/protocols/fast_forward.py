"""Protocol "fast-forward": the last item of 2,000 drawn sessions, from the one before; nothing is split by time.

The protocol of the published figures on Online Retail, kept to the letter so that ours compare with them. What is weak
in it: the others' future is in the training part, most last pairs lie within one invoice, and codes that are no
products count as answers. So ``by-time`` and ``leave-last-out`` stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from ..parameters import parameter
from ..sessions import Sessions
from .base import Cases, Protocol, last_events

__all__ = ["FastForward"]


@dataclass(frozen=True)
class FastForward(Protocol):
    """Learn from all but the last item of every session; ask for the last items of sessions drawn by the seed.

    The query item itself is not recommended, repeats of earlier items are.
    """

    name: ClassVar[str] = "fast-forward"
    test: int = parameter(1000, "Sessions that test.", least=1)
    validation: int = parameter(1000, "Sessions that validate.", least=1)

    def hold_back(self, sessions: Sessions) -> tuple[Sessions, Cases]:
        return sessions.without_last(), last_events(sessions, np.flatnonzero(sessions.lengths >= 2))

    def draw(self, count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first of the drawn test, the others validate."""
        needed = self.test + self.validation
        if count < needed:
            raise DataError(
                f"protocol {self.name} draws {needed:,} sessions of at least 2 items ({self.test:,} test, "
                f"{self.validation:,} validate) and there are {count:,}: ask for fewer, as in "
                f"{self.name}:test={max(1, count // 2)},validation={max(1, count - count // 2)}, "
                "or take leave-last-out, which uses them all"
            )
        drawn = np.random.default_rng(seed).choice(count, needed, replace=False)
        return drawn[self.test :], drawn[: self.test]
