"""Sessions held compactly: one array of item codes for all of them, so that ten million events take 40 MB.

To everybody else :class:`Sessions` is a sequence of tuples of item ids, oldest first, so that algorithms and tests can
be given plain lists just as well; :func:`encoded` makes the arrays of either.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Session", "Sessions", "encoded"]

#: The item ids of one visit or customer, oldest first; an item may stand more than once.
Session = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sessions(Sequence[Session]):
    """All sessions of a file, oldest item first in each.

    Session ``s`` holds events ``offsets[s]`` to ``offsets[s + 1]``; ``items[codes[e]]`` is the item of event ``e``.
    """

    #: The ids, by code.
    items: tuple[str, ...]
    #: One code an event (int32).
    codes: NDArray[np.int32]
    #: Where each session starts, and the end of the last one (int64).
    offsets: NDArray[np.int64]
    #: Seconds since 1970 of each event (int64), where the file has times.
    times: NDArray[np.int64] | None = None
    #: Which visit of its session an event belongs to (int32, any numbers), where the file has visits, such as invoices.
    visits: NDArray[np.int32] | None = None
    #: Events that take an item back instead of buying it (bool), where the file tells, such as cancelled invoices.
    returned: NDArray[np.bool_] | None = None
    #: The sessions' own ids, where they were asked for.
    names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, at: int) -> Session: ...
    @overload
    def __getitem__(self, at: slice) -> Sessions: ...
    def __getitem__(self, at: int | slice) -> Session | Sessions:
        if isinstance(at, slice):
            return self.take(np.arange(len(self))[at])
        at = range(len(self))[at]
        return tuple(self._ids[self.codes[self.offsets[at] : self.offsets[at + 1]]].tolist())

    def __iter__(self) -> Iterator[Session]:
        ids, codes, bounds = self._ids, self.codes, self.offsets.tolist()
        for start, end in itertools.pairwise(bounds):
            yield tuple(ids[codes[start:end]].tolist())

    @cached_property
    def _ids(self) -> NDArray[np.object_]:
        # Objects, not fixed-width text: every event then shares the one string of its item.
        made = np.empty(len(self.items), dtype=object)
        made[:] = self.items
        return made

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Events in each session."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """The session that each event belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def support(self) -> NDArray[np.int64]:
        """How often each item stands in the sessions, by code."""
        return np.bincount(self.codes, minlength=len(self.items)).astype(np.int64)

    @property
    def events(self) -> int:
        """How many events there are in all."""
        return len(self.codes)

    def take(self, rows: NDArray[Any]) -> Sessions:
        """The sessions at ``rows``, in that order; the items keep their codes."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[rows]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        events = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        names = None if self.names is None else tuple(self.names[row] for row in rows.tolist())
        return self._with(events, offsets, names)

    def keep(self, events: NDArray[np.bool_]) -> Sessions:
        """Only the events that are marked; sessions that lose all of theirs stay, empty."""
        lengths = np.bincount(self.rows[events], minlength=len(self))
        return self._with(np.flatnonzero(events), np.concatenate(([0], np.cumsum(lengths))), self.names)

    def without_last(self, n: int = 1) -> Sessions:
        """Each session without its last ``n`` events."""
        place = np.arange(self.events) - self.offsets[:-1][self.rows]
        return self.keep(place < self.lengths[self.rows] - n)

    def compacted(self) -> Sessions:
        """The same without items that no event names; codes are given anew, in the old order."""
        there = self.support > 0
        if there.all():
            return self
        codes = np.cumsum(there) - 1
        items = tuple(item for item, kept in zip(self.items, there.tolist(), strict=True) if kept)
        return dataclasses.replace(self, items=items, codes=codes[self.codes].astype(np.int32))

    def _with(self, events: NDArray[Any], offsets: NDArray[Any], names: tuple[str, ...] | None) -> Sessions:
        return Sessions(
            items=self.items,
            codes=self.codes[events],
            offsets=offsets.astype(np.int64),
            times=None if self.times is None else self.times[events],
            visits=None if self.visits is None else self.visits[events],
            returned=None if self.returned is None else self.returned[events],
            names=names,
        )


def encoded(sessions: Iterable[Sequence[str]]) -> Sessions:
    """The arrays of any sessions; codes are given in the order in which items first appear."""
    if isinstance(sessions, Sessions):
        return sessions
    known: dict[str, int] = {}
    codes: list[int] = []
    offsets = [0]
    for session in sessions:
        codes.extend(known.setdefault(item, len(known)) for item in session)
        offsets.append(len(codes))
    return Sessions(tuple(known), np.array(codes, dtype=np.int32), np.array(offsets, dtype=np.int64))
