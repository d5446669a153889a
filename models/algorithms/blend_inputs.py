"""What a blend chooses among, and by what: the candidates of each prefix with what every part says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .base import Model, best
from .history import COLUMNS, history

__all__ = ["Candidates", "candidates", "input_names"]

#: Scores of one part that are held at a time.
_CHUNK = 1 << 21
#: Added to shares before their logarithm is taken: an item that a part says nothing of counts as this much.
_FLOOR = 1e-4


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of some prefixes, those of each prefix behind each other."""

    #: The prefix of each candidate (int64, ascending).
    rows: NDArray[np.int64]
    #: The item of each candidate, as a column of the blend.
    columns: NDArray[np.int64]
    #: (candidates × inputs) float32.
    inputs: NDArray[np.float32]


def input_names(parts: Sequence[str], *, with_history: bool) -> list[str]:
    """What the columns of :attr:`Candidates.inputs` are; ``parts`` are names of algorithms."""
    names = [f"{part} {number}: {what}" for number, part in enumerate(parts, 1) for what in ("level", "known")]
    return names + [f"history: {column}" for column in COLUMNS] * with_history


def candidates(
    parts: Sequence[Model],
    column: Mapping[str, int],
    prefixes: Sequence[Sequence[str]],
    *,
    each: int,
    with_history: bool,
    with_visits: bool,
) -> Candidates:
    """The ``each`` best items of every part, and those that the prefix holds, with the inputs of all of them.

    Args:
        parts: fitted models.
        column: the blend's column of each item.
        prefixes: sessions so far.
        each: how many candidates a part names.
        with_history: also what the session has had; without it, those inputs are left away.
        with_visits: let the history see visits and what was taken back.
    """
    places = [np.array([column[item] for item in part.items], dtype=np.int64) for part in parts]
    step = max(1, _CHUNK // max(1, len(column)))
    chunks = [
        _chunk(parts, places, column, prefixes[start : start + step], each, with_history, with_visits)
        for start in range(0, len(prefixes), step)
    ]
    if not chunks:
        nothing = np.empty(0, dtype=np.int64)
        return Candidates(nothing, nothing, np.empty((0, 0), dtype=np.float32))
    return Candidates(
        np.concatenate([chunk.rows + number * step for number, chunk in enumerate(chunks)]),
        np.concatenate([chunk.columns for chunk in chunks]),
        np.concatenate([chunk.inputs for chunk in chunks]),
    )


def _chunk(
    parts: Sequence[Model],
    places: Sequence[NDArray[np.int64]],
    column: Mapping[str, int],
    prefixes: Sequence[Sequence[str]],
    each: int,
    with_history: bool,
    with_visits: bool,
) -> Candidates:
    taken = np.zeros((len(prefixes), len(column)), dtype=bool)
    said = [part.score(prefixes) for part in parts]
    for scores, there in zip(said, places, strict=True):
        ranked = best(scores, each)
        row, rank = np.nonzero(ranked >= 0)
        taken[row, there[ranked[row, rank]]] = True
    if with_history:
        past_rows, past_columns, past = history(prefixes, column, with_visits=with_visits)
        taken[past_rows, past_columns] = True
    rows, columns = np.nonzero(taken)
    # Where each candidate stands in the list of all of them, by row and column: the inputs are then filled in place.
    number = np.full(taken.shape, -1, dtype=np.int64)
    number[rows, columns] = np.arange(len(rows))
    inputs = np.zeros((len(rows), 2 * len(parts) + with_history * len(COLUMNS)), dtype=np.float32)
    for at, (part, scores, there) in enumerate(zip(parts, said, places, strict=True)):
        inputs[:, 2 * at : 2 * at + 2] = _floor(part)
        held = number[:, there]
        level, known = _levels(part, scores)
        inputs[held[held >= 0], 2 * at] = level[held >= 0]
        inputs[held[held >= 0], 2 * at + 1] = known[held >= 0]
    if with_history:
        inputs[number[past_rows, past_columns], 2 * len(parts) :] = past
    return Candidates(rows, columns, inputs)


def _levels(part: Model, scores: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores made comparable between prefixes, and where the part says anything."""
    known = scores > -np.inf
    sound = np.where(known, scores, 0)
    if not part.additive:
        return sound, known
    sums = sound.sum(axis=1, keepdims=True)
    return np.log(sound / np.where(sums > 0, sums, 1) + _FLOOR), known


def _floor(part: Model) -> tuple[float, float]:
    """The inputs of an item that the part does not know."""
    return (float(np.log(_FLOOR)) if part.additive else 0.0), 0.0
