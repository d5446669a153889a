"""Events as they come from a file, kept in growing arrays of numbers, never as an object an event."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..sessions import Sessions
from .ids import EMPTY, UNUSABLE, Ids

__all__ = ["UNREADABLE_TIME", "EventLog"]

#: Why a row was left out.
UNREADABLE_TIME = "rows with an unreadable time"


class EventLog:
    """Events in the order of the file, to be grouped to sessions in the end."""

    def __init__(self, *, timed: bool, visits: bool = False, returns: bool = False) -> None:
        self.sessions = Ids()
        self.items = Ids()
        self._session = array("i")
        self._item = array("i")
        self._time = array("d") if timed else None
        self._visit = array("i") if visits else None
        self._returned = array("b") if returns else None

    def __len__(self) -> int:
        return len(self._session)

    def append(self, session: int, item: int, time: float = 0.0, visit: int = 0, returned: bool = False) -> None:
        """One event, by the codes of :attr:`sessions` and :attr:`items`, which must be sound."""
        self._session.append(session)
        self._item.append(item)
        if self._time is not None:
            self._time.append(time)
        if self._visit is not None:
            self._visit.append(visit)
        if self._returned is not None:
            self._returned.append(returned)

    def extend(
        self,
        sessions: NDArray[np.int32],
        items: NDArray[np.int32],
        times: NDArray[np.float64] | None,
        dropped: Counter[str],
    ) -> None:
        """Many events at once; rows with an unsound code or a time that is not a number are counted and left out."""
        good = np.ones(len(sessions), dtype=bool)
        for name, codes in (("session", sessions), ("item", items)):
            for code, what in ((EMPTY, "empty"), (UNUSABLE, "unusable")):
                good = _without(codes == code, good, dropped, f"rows with an {what} {name} id")
        if times is not None:
            good = _without(np.isnan(times), good, dropped, UNREADABLE_TIME)
        if not good.all():
            sessions, items = sessions[good], items[good]
            times = None if times is None else times[good]
        self._session.frombytes(sessions.tobytes())
        self._item.frombytes(items.tobytes())
        if self._time is not None and times is not None:
            self._time.frombytes(times.tobytes())

    def grouped(self, *, names: bool, by_time: bool) -> Sessions:
        """The events by session, in the order in which sessions first appear in the file; the log is empty then.

        Args:
            names: keep the sessions' own ids.
            by_time: order each session by time, equal times as in the file; else all of it as in the file.
        """
        session_ids = tuple(self.sessions.texts) if names else ()
        session_count = len(self.sessions.texts)
        # Before the sorting: the ids of millions of sessions are the most of what is in memory.
        self.sessions = Ids()
        session, item = _taken(self._session, np.int32), _taken(self._item, np.int32)
        times = None if self._time is None else _taken(self._time, np.float64)
        visits = None if self._visit is None else _taken(self._visit, np.int32)
        returned = None if self._returned is None else _taken(self._returned, np.bool_)
        sort_keys = (times, session) if by_time and times is not None else (session,)
        order = np.lexsort(sort_keys)
        lengths = np.bincount(session, minlength=session_count)
        # Ids of which no sound row was left have no session.
        there = lengths > 0
        made = Sessions(
            items=tuple(self.items.texts),
            codes=item[order],
            offsets=np.concatenate(([0], np.cumsum(lengths[there]))).astype(np.int64),
            times=None if times is None else np.floor(times)[order].astype(np.int64),
            visits=None if visits is None else visits[order],
            returned=None if returned is None else returned[order],
            names=tuple(compress(session_ids, there.tolist())) if names else None,
        )
        self.items = Ids()
        return made


def _without(bad: NDArray[np.bool_], good: NDArray[np.bool_], dropped: Counter[str], reason: str) -> NDArray[np.bool_]:
    if count := int((bad & good).sum()):
        dropped[reason] += count
    return good & ~bad


def _taken(numbers: array[Any], dtype: Any) -> NDArray[Any]:
    """The numbers as an array; what held them is emptied, for two copies of ten million are a lot."""
    taken = np.array(numbers, dtype=dtype)
    del numbers[:]
    return taken
