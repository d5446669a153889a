"""Which part of the data is taken, so that what is learned and what it is measured on have nothing in common.

By time, ``until`` of the one and ``after`` of the other being the same date: an event at that very second belongs to
the later part. Where events have no time, by a share of the sessions, drawn by a seed and by nothing but the place of
a session in the file: limits of length and count, which come later, do not change which sessions it is. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError

from .sessions import Sessions

__all__ = ["Portion", "check_order", "seconds_of_date"]


@dataclass(frozen=True)
class Portion:
    """What is taken; raises :class:`ConfigurationError` when made with limits that cannot work."""

    #: An ISO date or time (UTC where it names no zone); earlier events are left out. Empty for no limit.
    after: str = ""
    #: Likewise; events at it or later are left out.
    until: str = ""
    #: The share of the sessions that is left out; 0 for none.
    leave_out_share: float = 0
    share_seed: int = 1
    #: Take just those sessions that ``leave_out_share`` leaves out.
    only_left_out: bool = False

    def __post_init__(self) -> None:
        if self.after and self.until and seconds_of_date(self.after) >= seconds_of_date(self.until):
            raise ConfigurationError(f"nothing lies between {self.after} and {self.until}: the first must be earlier")
        for date in filter(None, (self.after, self.until)):
            seconds_of_date(date)
        if not 0 <= self.leave_out_share < 1:
            raise ConfigurationError(f"the share of sessions must be from 0 to below 1, not {self.leave_out_share:g}")
        if self.share_seed < 0:
            raise ConfigurationError(f"the seed of the share must be at least 0, not {self.share_seed}")

    def of(self, sessions: Sessions) -> tuple[Sessions, dict[str, int]]:
        """The events and sessions that are taken, perhaps none, and what was left out: reason → how many.

        Raises:
            DataError: a date is given, and events have no time.
        """
        dropped: dict[str, int] = {}
        if self.leave_out_share:
            sessions = self._without_share(sessions, dropped)
        if self.after or self.until:
            sessions = self._within_dates(sessions, dropped)
        return sessions, dropped

    def _without_share(self, sessions: Sessions, dropped: dict[str, int]) -> Sessions:
        count = len(sessions)
        left_out = np.zeros(count, dtype=bool)
        drawn = np.random.default_rng(self.share_seed).permutation(count)
        left_out[drawn[: round(self.leave_out_share * count)]] = True
        taken = np.flatnonzero(left_out if self.only_left_out else ~left_out)
        where = "outside" if self.only_left_out else "in"
        if len(taken) < count:
            dropped[f"sessions {where} the share of {self.leave_out_share:g}"] = count - len(taken)
        return sessions.take(taken)

    def _within_dates(self, sessions: Sessions, dropped: dict[str, int]) -> Sessions:
        if sessions.times is None:
            raise DataError(
                "a part by date needs the time of each event, and this data has none: take a reader that gives times, "
                "or leave out a share of the sessions with --leave-out-share"
            )
        early, late = self.outside(sessions.times)
        for date, which, outside in ((self.after, "before", early), (self.until, "at or after", late)):
            if count := int(outside.sum()):
                dropped[f"events {which} {date}"] = count
        kept = sessions.keep(~(early | late))
        there = kept.lengths > 0
        if gone := int((~there).sum()):
            dropped["sessions with no event in that time"] = gone
            kept = kept.take(np.flatnonzero(there))
        return kept

    def outside(self, times: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which of these seconds since 1970 are too early, and which too late."""
        none = np.zeros(len(times), dtype=bool)
        early = times < seconds_of_date(self.after) if self.after else none
        late = times >= seconds_of_date(self.until) if self.until else none
        return early, late


def seconds_of_date(date: str) -> int:
    """Seconds since 1970 of an ISO date or time; raises :class:`ConfigurationError` where it is none."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError as error:
        raise ConfigurationError(f"date {date!r} is not an ISO date or time, such as 2011-10-01") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp())


def check_order(sessions: Sessions) -> None:
    """Raise :class:`DataError` when an event is older than the one before it in its session.

    An answer that is older than what is known would be a question about the past.
    """
    if sessions.times is None or sessions.events < 2:
        return
    backwards = np.diff(sessions.times) < 0
    inside = np.diff(sessions.rows) == 0
    if (backwards & inside).any():
        where = int(sessions.rows[np.flatnonzero(backwards & inside)[0]])
        raise DataError(f"session {where + 1} is not in the order of time: sort the events by time first")
