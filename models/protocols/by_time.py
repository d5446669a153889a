"""Protocol "by-time": learn from what was before a moment, ask for what came after it, as a shop would have to.

Every event from the cut on is hidden from training, whoever's it is; events of one second are never parted. A session
that goes on after the cut is asked for its last event, and all its events before that one, those after the cut too, are
its history: that much a live shop knows of a visitor. A session wholly after the cut is new to the model.

What still leaks, and is small: limits of length and minimum counts are applied by the reader to whole sessions, so a
session may be there because of what it did later; the cut by share of events is placed by how many events come after
it; and validation and test are drawn from the same weeks, so what is chosen on the one knows the season of the other
(give a later ``date`` to test on weeks that nothing was chosen by).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from ..parameters import parameter
from ..portion import check_order, seconds_of_date
from ..sessions import Sessions
from .base import Cases, Protocol, last_events

__all__ = ["ByTime"]


@dataclass(frozen=True)
class ByTime(Protocol):
    """Learn from the events before a cut; ask for the last event of every session that ends at or after it."""

    name: ClassVar[str] = "by-time"
    share: float = parameter(0.8, "Share of the events that lie before the cut.", least=0.01, most=0.99)
    #: The cut as an ISO date or time (UTC where it names no zone), instead of the share.
    date: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.date:
            seconds_of_date(self.date)

    def hold_back(self, sessions: Sessions) -> tuple[Sessions, Cases]:
        times = sessions.times
        if times is None:
            raise DataError(
                f"protocol {self.name} needs the time of each event, and this data has none: "
                "take a reader that gives times, or leave-last-out"
            )
        cut = self.cut(times)
        train = sessions.keep(times < cut)
        if not train.events:
            raise DataError(f"protocol {self.name}: no event lies before the cut at {_said(cut)}; cut later")
        lengths = sessions.lengths
        ends = np.flatnonzero(lengths >= 2)
        check_order(sessions)
        rows = ends[times[sessions.offsets[ends + 1] - 1] >= cut]
        if not rows.size:
            raise DataError(f"protocol {self.name}: no session ends after the cut at {_said(cut)}; cut earlier")
        cases = last_events(sessions, rows)
        new = train.lengths[rows] == 0
        return train, dataclasses.replace(cases, kinds={**cases.kinds, "sessions known": ~new, "sessions new": new})

    def cut(self, times: NDArray[np.int64]) -> int:
        """The first second that is hidden from training."""
        if self.date:
            return seconds_of_date(self.date)
        at = int(self.share * len(times))
        return int(np.partition(times, at)[at]) if len(times) else 0

    def nested(self) -> ByTime:
        """The same share of what lies before the cut: a date would leave nothing to ask for."""
        return dataclasses.replace(self, date="")


def _said(cut: int) -> str:
    # Not `datetime`: a cut need not lie in the years 1 to 9999.
    return str(np.datetime64(cut, "s")).replace("T", " ")
