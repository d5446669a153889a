"""Protocol "leave-last-out": the last item of every session, and every item may be recommended.

It learns from the same events as ``fast-forward`` and asks the same question, with two differences. Every session is a
case, half of them to validate and half to test, so no figure hangs on which 1,000 were drawn, and on Online Retail the
test is twice as large. And nothing is left out of the recommendations: a customer who takes the same item twice in a
row can be answered, and a model that names the query itself pays for it with a place. Shown beside the other, it tells
how much of a figure is the draw and the repeat policy. Time leaks in both: only ``by-time`` hides the others' future.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..algorithms.base import LEAVE_OUT
from ..parameters import parameter
from ..sessions import Sessions
from .base import Cases, Protocol, last_events

__all__ = ["LeaveLastOut"]


@dataclass(frozen=True)
class LeaveLastOut(Protocol):
    """Learn from all but the last item of every session; ask for the last item of every session."""

    name: ClassVar[str] = "leave-last-out"
    leave_out: str = parameter("nothing", "Items of the prefix that are not recommended.", choices=LEAVE_OUT)

    def hold_back(self, sessions: Sessions) -> tuple[Sessions, Cases]:
        return sessions.without_last(), last_events(sessions, np.flatnonzero(sessions.lengths >= 2))
