"""Searches made from orders: what a visitor would have searched for, in whose place we know what was taken next.

The protocol, so that a figure measured on such a log can be read and repeated:

1. Sessions are read as for training. Events that take something back are left out. A *visit* is a session; where the
   data tells the visits of a session (the invoices of a customer) it is one of these; and with a *gap* another visit
   starts after every pause of that length. Each session is in the order of time.
2. A *position* is an event that is not the first of its visit, lies in the time asked for (``after`` ≤ its time <
   ``until``; models are to be learned from what was before ``after``), is the first with its product in the session so
   far, and whose product's name has a search word: letters only, at least three, in lower case, that stands in at
   least ``min_names`` names of the catalogue (:mod:`.words`).
3. Cases are drawn by the seed: a visit uniformly among those that have a position left, then one of these positions
   uniformly. No position is drawn twice.
4. Of a case, ``clicked`` is the product at the position, ``query`` one of its search words, drawn uniformly; and
   ``session`` are the events of the visit before it, with their times. With ``history`` those of the earlier visits of
   the same session (the same customer) stand before them; "so far" in 2 then means these too. The latest
   :data:`LONGEST_SESSION` events are kept. ``id`` is the session's own name, or its number.

It flatters, and the same for every order that is compared: the query comes from the answer, and orders are baskets,
whose next line is more alike to the lines before than a visitor's next click would be. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.searchlog import LoggedEvent, SearchCase

from ..portion import Portion, check_order
from ..sessions import Sessions

__all__ = ["LONGEST_SESSION", "Positions", "SearchProtocol"]

#: Events of a session that a case holds; of more, the latest.
LONGEST_SESSION = 100
#: Minutes of pause after which another visit starts, where ``history`` asks for visits and the data tells none.
_GAP = 30.0


@dataclass(frozen=True)
class SearchProtocol:
    """What is asked for; raises :class:`ConfigurationError` when made with what cannot be."""

    after: str = ""
    until: str = ""
    history: bool = False
    #: Minutes of pause after which another visit starts; ``None`` for no such cut, with ``history`` for 30 minutes
    #: where the data tells no visits.
    gap: float | None = None

    def __post_init__(self) -> None:
        _ = self._portion
        if self.gap is not None and not 0 < self.gap < float("inf"):
            raise ConfigurationError(f"a pause between visits must be above 0 minutes, not {self.gap:g}")

    @property
    def _portion(self) -> Portion:
        return Portion(after=self.after, until=self.until)

    def positions(self, sessions: Sessions, words: Mapping[str, tuple[str, ...]]) -> Positions:
        """All positions of the sessions that a case can be made of, given the search words by product.

        Raises:
            DataError: the data lacks the times or visits that are asked for, is not in the order of time, or has no
                visit in the time asked for.
        """
        if sessions.returned is not None:
            sessions = sessions.keep(~sessions.returned)
        check_order(sessions)
        first = self._first_of_visits(sessions)
        visit = np.cumsum(first) - 1
        in_time = self._in_time(sessions)
        visits_in_time = np.unique(visit[in_time])
        if not visits_in_time.size:
            raise DataError(f"no visit lies in the time asked for; {_spread(sessions)}")
        scope = sessions.rows if self.history else visit
        named = np.array([item in words for item in sessions.items], dtype=bool)
        good = in_time & ~first & named[sessions.codes] & _new_products(scope, sessions)
        return Positions(
            sessions=sessions,
            words=words,
            events=np.flatnonzero(good),
            visit=visit,
            start=sessions.offsets[sessions.rows] if self.history else np.flatnonzero(first)[visit],
            visits=int(first.sum()),
            visits_in_time=len(visits_in_time),
        )

    def _in_time(self, sessions: Sessions) -> NDArray[np.bool_]:
        if not (self.after or self.until):
            return np.ones(sessions.events, dtype=bool)
        if sessions.times is None:
            raise DataError(
                "--after and --until need the time of each event, and this data has none; take cases from a share of "
                "the sessions with --share, and train with the same --leave-out-share"
            )
        early, late = self._portion.outside(sessions.times)
        return ~(early | late)

    def _first_of_visits(self, sessions: Sessions) -> NDArray[np.bool_]:
        """Which events are the first of a visit."""
        first = np.zeros(sessions.events, dtype=bool)
        first[sessions.offsets[:-1][sessions.lengths > 0]] = True
        if sessions.visits is not None:
            first[1:] |= np.diff(sessions.visits) != 0
        gap = _GAP if self.gap is None and self.history and sessions.visits is None else self.gap
        if gap is not None:
            if sessions.times is None:
                raise DataError("visits cannot be told by the pauses between them: this data has no times")
            first[1:] |= np.diff(sessions.times) >= 60 * gap
        if self.history and int(first.sum()) <= int((sessions.lengths > 0).sum()):
            raise DataError(
                "no session holds more than one visit, so there is no history before any; group the data by visitor, "
                "such as with --group-by customer or --session-column user"
            )
        return first


@dataclass(frozen=True, eq=False)
class Positions:
    """The positions that cases can be made of, and the cases."""

    sessions: Sessions
    words: Mapping[str, tuple[str, ...]]
    #: The events at the positions, in the order of the data (int64).
    events: NDArray[np.int64]
    #: By event of the data: its visit, numbered in the order of the data.
    visit: NDArray[np.int64]
    #: By event of the data: the event at which what is known of the visitor starts.
    start: NDArray[np.int64]
    visits: int
    visits_in_time: int

    def __len__(self) -> int:
        return len(self.events)

    def drawn(self, count: int, *, seed: int) -> NDArray[np.int64]:
        """``count`` of the events, in the order in which they were drawn: first a visit, then a position of it.

        Raises:
            DataError: there are not so many.
        """
        if count > len(self):
            raise DataError(f"only {len(self):,} searches can be made, not {count:,}; take --cases all, or fewer")
        rng = np.random.default_rng(seed)
        starts = np.flatnonzero(np.diff(self.visit[self.events], prepend=-1))
        ends = [*starts[1:].tolist(), len(self)]
        left = [*range(len(starts))]
        untouched: dict[int, list[int]] = {}
        found = np.empty(count, dtype=np.int64)
        for place in range(count):
            at = int(rng.integers(len(left)))
            visit = left[at]
            positions = untouched.setdefault(visit, [*range(int(starts[visit]), ends[visit])])
            found[place] = positions.pop(int(rng.integers(len(positions))))
            if not positions:
                left[at] = left[-1]
                left.pop()
        return self.events[found]

    def cases(self, events: NDArray[np.int64], *, seed: int) -> Iterator[SearchCase]:
        """The cases at some of the events; the same events and seed give the same cases."""
        rng = np.random.default_rng([seed, 1])
        for event in events.tolist():
            start = max(int(self.start[event]), event - LONGEST_SESSION)
            row, clicked = int(self._rows[event]), self._item(event)
            words = self.words[clicked]
            yield SearchCase(
                session=tuple(
                    LoggedEvent(self._item(before), time=self._milliseconds(before)) for before in range(start, event)
                ),
                query=words[int(rng.integers(len(words)))],
                clicked=clicked,
                time=self._milliseconds(event),
                id=self.sessions.names[row] if self.sessions.names is not None else str(row + 1),
            )

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        return self.sessions.rows

    def _item(self, event: int) -> str:
        item: str = self.sessions.items[self.sessions.codes[event]]
        return item

    def _milliseconds(self, event: int) -> int | None:
        return None if self.sessions.times is None else 1000 * int(self.sessions.times[event])


def _new_products(scope: NDArray[np.int64], sessions: Sessions) -> NDArray[np.bool_]:
    """Which events are the first with their product in their scope."""
    new = np.zeros(sessions.events, dtype=bool)
    pairs = scope.astype(np.int64) * len(sessions.items) + sessions.codes
    new[np.unique(pairs, return_index=True)[1]] = True
    return new


def _spread(sessions: Sessions) -> str:
    if sessions.times is None or not sessions.events:
        return "there are no events at all"
    ends = (np.datetime64(int(moment), "s") for moment in (sessions.times.min(), sessions.times.max()))
    return "the data goes from " + " to ".join(str(end).replace("T", " ") for end in ends)
