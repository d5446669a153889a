"""Preparation: which sessions and items are worth learning from. Pure functions on sessions.

The order is fixed, and each step looks at what the one before left: events of rare items are taken out, then too short
sessions, then those longer than the limit, then those longer than the percentile. Counts are not taken again
afterwards, so an item can end up with fewer events than ``min_count``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError

from .sessions import Sessions

__all__ = ["Limits", "in_order_of_appearance", "within"]


@dataclass(frozen=True)
class Limits:
    """What is kept; raises :class:`ConfigurationError` when made with limits that cannot work."""

    #: Sessions with fewer items are left out.
    min_length: int = 1
    #: Sessions with more items are left out; 0 stands for no limit.
    max_length: int = 0
    #: Sessions above this percentile of all lengths are left out; 100 stands for no limit.
    max_length_percentile: float = 100
    #: Items seen less often are taken out of all sessions.
    min_count: int = 1

    def __post_init__(self) -> None:
        if self.min_length < 1:
            raise ConfigurationError(f"the shortest session must have at least 1 item, not {self.min_length}")
        if self.max_length and self.max_length < self.min_length:
            raise ConfigurationError(
                f"the longest session ({self.max_length} items) is shorter than the shortest ({self.min_length})"
            )
        if not 0 < self.max_length_percentile <= 100:
            raise ConfigurationError(
                f"the percentile of length must be above 0 and at most 100, not {self.max_length_percentile:g}"
            )
        if self.min_count < 1:
            raise ConfigurationError(f"the least count of an item must be at least 1, not {self.min_count}")


def within(sessions: Sessions, limits: Limits) -> tuple[Sessions, dict[str, int]]:
    """The sessions that are within the limits, perhaps none, and what was left out: reason → how many.

    The items that are left have codes in the order in which they appear in the sessions that are left.
    """
    dropped: dict[str, int] = {}
    if limits.min_count > 1:
        rare = sessions.support < limits.min_count
        kept = ~rare[sessions.codes]
        _count(dropped, f"items seen fewer than {limits.min_count} times", int((rare & (sessions.support > 0)).sum()))
        _count(dropped, f"events of items seen fewer than {limits.min_count} times", int((~kept).sum()))
        sessions = sessions.keep(kept)
    lengths = sessions.lengths
    good = lengths >= limits.min_length
    _count(dropped, f"sessions of fewer than {limits.min_length} items", int((~good).sum()))
    if limits.max_length:
        good = _not_above(limits.max_length, lengths, good, dropped, f"sessions of more than {limits.max_length} items")
    if limits.max_length_percentile < 100 and good.any():
        edge = float(np.percentile(lengths[good], limits.max_length_percentile))
        reason = f"sessions of more than {edge:g} items (percentile {limits.max_length_percentile:g} of length)"
        good = _not_above(edge, lengths, good, dropped, reason)
    return in_order_of_appearance(sessions if good.all() else sessions.take(np.flatnonzero(good))), dropped


def _not_above(
    most: float, lengths: NDArray[np.int64], good: NDArray[np.bool_], dropped: dict[str, int], reason: str
) -> NDArray[np.bool_]:
    long = good & (lengths > most)
    _count(dropped, reason, int(long.sum()))
    return good & ~long


def _count(dropped: dict[str, int], reason: str, how_many: int) -> None:
    if how_many:
        dropped[reason] = how_many


def in_order_of_appearance(sessions: Sessions) -> Sessions:
    """The same sessions with codes in the order in which items first appear, and without items that never do.

    So equal sessions have equal codes, whichever file they came from, and models break ties alike.
    """
    first = np.full(len(sessions.items), sessions.events, dtype=np.int64)
    # Backwards: of several assignments to one place the last one stays, which is the first appearance.
    first[sessions.codes[::-1]] = np.arange(sessions.events)[::-1]
    order = np.argsort(first, kind="stable")[: int((first < sessions.events).sum())]
    if np.array_equal(order, np.arange(len(sessions.items))):
        return sessions
    codes = np.empty(len(sessions.items), dtype=np.int32)
    codes[order] = np.arange(len(order), dtype=np.int32)
    items = tuple(sessions.items[code] for code in order.tolist())
    return dataclasses.replace(sessions, items=items, codes=codes[sessions.codes])
