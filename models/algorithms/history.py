"""What a session so far says of the items that it has already had: the inputs by which a blend learns repeats.

Each item of a prefix gets a row of numbers. Visits and what was taken back are looked at where the prefixes are
:class:`~..sessions.Sessions` that know them; otherwise their columns stay 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..sessions import Sessions

__all__ = ["COLUMNS", "history"]

COLUMNS = (
    "had",  # 1: the session has had the item
    "query",  # 1: it is the newest of all
    "times",  # ln(1 + how often)
    "recency",  # 1 / sqrt(places back)
    "last 5",  # among the newest 5, 20 and 60 events
    "last 20",
    "last 60",
    "query had",  # 1 where the newest event repeats an earlier one: repeats come in runs
    "share had",  # how many of the newest 4 do
    "follows query",  # how soon it followed earlier events of the newest item: 1 / distance, averaged over these
    "follows one before",  # the same for the item before the newest
    "this visit",  # in the visit of the newest event
    "taken back",  # bought and not yet taken back, while the newest event takes something back
)
_STEPS = 5

_Rows = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def history(prefixes: Sequence[Sequence[str]], column: Mapping[str, int], *, with_visits: bool = True) -> _Rows:
    """The numbers of all items that stand in each prefix, known ones only.

    Returns:
        (row of the prefix, column of the item, numbers (entries × len(COLUMNS))), one entry an item of a prefix.
    """
    rows, columns, numbers = [], [], []
    for row, prefix in enumerate(prefixes):
        known = [(at, column[item]) for at, item in enumerate(prefix) if item in column]
        if not known:
            continue
        places, codes = np.array(known, dtype=np.int64).T
        there, made = _of_one(codes)
        if with_visits and isinstance(prefixes, Sessions):
            _visit(made, there, codes, prefixes, int(prefixes.offsets[row]) + places)
        rows.append(np.full(len(there), row))
        columns.append(there)
        numbers.append(made)
    if not rows:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty((0, len(COLUMNS)), dtype=np.float32)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(numbers)


def _of_one(codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    there, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    made = np.zeros((len(there), len(COLUMNS)), dtype=np.float32)
    newest = np.zeros(len(there), dtype=np.int64)
    np.maximum.at(newest, where, np.arange(1, len(codes) + 1))
    back = len(codes) + 1 - newest
    first = np.full(len(there), len(codes))
    np.minimum.at(first, where, np.arange(len(codes)))
    repeats = np.arange(len(codes)) > first[where]
    made[:, 0] = 1
    made[:, 1] = back == 1
    made[:, 2] = np.log1p(counts)
    made[:, 3] = 1 / np.sqrt(back)
    made[:, 4], made[:, 5], made[:, 6] = back <= 5, back <= 20, back <= 60
    made[:, 7] = repeats[-1]
    made[:, 8] = repeats[-4:].mean()
    made[:, 9] = _followers(where, 1, len(there))
    made[:, 10] = _followers(where, 2, len(there))
    return there, made


def _followers(where: NDArray[np.intp], newest: int, n: int) -> NDArray[np.float32]:
    """How soon each item followed earlier events of the item that stands ``newest`` places from the end."""
    found = np.zeros(n, dtype=np.float32)
    if len(where) < newest:
        return found
    earlier = np.flatnonzero(where[:-newest] == where[-newest])
    for distance in range(1, _STEPS + 1):
        after = earlier + distance
        np.add.at(found, where[after[after < len(where) - newest]], 1 / distance)
    return found / np.float32(max(1, len(earlier)))


def _visit(
    made: NDArray[np.float32],
    there: NDArray[np.int64],
    codes: NDArray[np.int64],
    sessions: Sessions,
    events: NDArray[np.int64],
) -> None:
    """Fill the last two columns from what the sessions know of visits and of what was taken back."""
    if sessions.visits is not None:
        visits = sessions.visits[events]
        made[:, 11] = np.isin(there, codes[visits == visits[-1]])
    if sessions.returned is not None and sessions.returned[events[-1]]:
        returned = sessions.returned[events]
        made[:, 12] = np.isin(there, codes[~returned])
