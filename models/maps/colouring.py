"""Which colour each item of a map gets from a column: a group of equal values, or a place on a scale of numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_NAMED", "Categories", "Group", "Scale", "coloured", "scaled"]

#: Easy to tell apart on white, for most colour-blind eyes as well.
_COLOURS = (
    "#2f6db5",
    "#e8862a",
    "#2f9d57",
    "#d1433f",
    "#8a5fbf",
    "#8b5e3c",
    "#e377b8",
    "#1fa8b0",
    "#a89a1c",
    "#1d2b53",
)
_OTHER, _NONE = "#b4b8bd", "#dcdee1"
#: Groups with a name and a colour of their own; the eye tells no more apart.
MOST_NAMED = len(_COLOURS)
#: A column of numbers with at most so many different ones is one of categories (sizes, stars, departments).
_FEW = 12


@dataclass(frozen=True)
class Group:
    """Items of one colour."""

    label: str
    colour: str
    #: Positions of its items.
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Categories:
    """Groups from the largest to the smallest, then the other values together, then the items without a value."""

    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Scale:
    """A place between 0 and 1 for each item by the rank of its number, so that a few huge ones do not hide the rest."""

    #: n places; nan for an item without a number.
    shades: NDArray[np.float64]
    #: Places with the numbers that stand there.
    ticks: tuple[tuple[float, str], ...]


def coloured(values: Sequence[str], *, categorical: bool = False) -> Categories | Scale:
    """A scale where all values that there are are numbers and many differ, groups otherwise or if ``categorical``."""
    numbers = [_number(value) if value else math.nan for value in values]
    if not categorical and None not in numbers and len({number for number in numbers if number == number}) > _FEW:
        return scaled(np.array(numbers, dtype=np.float64))
    return _grouped(values)


def scaled(numbers: NDArray[np.float64]) -> Scale:
    """Ranks of ``numbers`` between 0 and 1, equal ones sharing a place; nan stays nan."""
    there = numbers[~np.isnan(numbers)]
    if not there.size:
        return Scale(np.full(numbers.shape, np.nan), ())
    different, counts = np.unique(there, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    places = middle / max(1, there.size - 1)
    shades = np.full(numbers.shape, np.nan)
    shades[~np.isnan(numbers)] = places[np.searchsorted(different, there)]
    quartiles = np.quantile(different.repeat(counts), (0, 0.25, 0.5, 0.75, 1), method="closest_observation")
    ticks = {float(places[np.searchsorted(different, value)]): f"{value:,.6g}" for value in quartiles}
    return Scale(shades, tuple(sorted(ticks.items())))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _grouped(values: Sequence[str]) -> Categories:
    counts = Counter(value for value in values if value)
    # Equally frequent ones in the order of the alphabet: the picture must not depend on the order of the file.
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    # One value left over gets its name instead of standing for "other" alone.
    named = ranked[: MOST_NAMED - 1] if len(ranked) > MOST_NAMED else ranked
    place = {value: at for at, value in enumerate(named)}
    other, none = len(named), len(named) + 1
    at = np.array([place.get(value, other) if value else none for value in values], dtype=np.int64)
    labels = [*named, f"other: {len(ranked) - len(named)} values", "no value"]
    colours = [*_COLOURS[:other], _OTHER, _NONE]
    rows = [np.flatnonzero(at == group) for group in range(len(labels))]
    return Categories(tuple(Group(*parts) for parts in zip(labels, colours, rows, strict=True) if parts[2].size))
