"""A learned model: regression trees whose values are added to a start, scored without the library that grew them.

What trains is LightGBM; what serves is this. So a worker loads no other library in the middle of a search (that takes a
second and more), and what stands in the store is never read by a parser written in C++. The file is JSON::

    {"format_version": 1, "features": ["rank", …], "start": {"rank": 0.2, …}, "meta": {…},
     "trees": [{"splits": [[3, 0.25, 0, 2, false], …], "leaves": [-0.02, 0.01, …]}, …]}

``start`` holds the weights of signals in the sum that the trees correct. A tree's leaves are numbered from left to
right. A split is (feature, threshold, first, middle, nan): of the leaves that it parts, ``first`` is the leftmost, and
those before ``middle`` are on its left side, where a number up to and with the threshold goes; ``nan`` tells whether
what is not known goes to the right.

Scoring: each split that goes right rules out the leaves from ``first`` to before ``middle``; what is left over of a
tree after all of its splits begins with the leaf that is reached. So the splits of a feature can be applied to all
trees at once: for each interval between two of its thresholds a row of bits, made when the model is read. (The idea is
that of QuickScorer: Lucchese et al., SIGIR 2015.)
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

__all__ = ["FORMAT_VERSION", "MOST_LEAVES", "MOST_TREES", "Forest", "LearnedModel", "Tree", "read_model"]

FORMAT_VERSION = 1
MOST_TREES = 500
#: One bit each.
MOST_LEAVES = 16
#: Bytes of a model; the largest that fits the bounds takes less.
_LARGEST = 2 * 1024 * 1024
_LARGEST_WEIGHT = 1000.0
_ALL = np.uint16(0xFFFF)
#: Bits → the number of the lowest that is set (0 where none is, which no sound tree comes to).
_LOWEST = np.zeros(1 << 16, np.uint8)
for _bit in range(15, 0, -1):
    _LOWEST[np.arange(1 << _bit, 1 << 16, 2 << _bit)] = _bit

Split = tuple[int, float, int, int, bool]


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tree; see the module."""

    splits: list[Split]
    leaves: list[float]


class LearnedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What training made."""

    features: list[str]
    #: Signal → its weight in the sum that the trees begin with.
    start: dict[str, float]
    trees: list[Tree]
    #: How it was trained.
    meta: dict[str, Any]
    format_version: int = FORMAT_VERSION

    def packed(self) -> bytes:
        """As it stands in a file and in the store."""
        return msgspec.json.encode(self)


_decoder = msgspec.json.Decoder(LearnedModel)


def read_model(data: bytes, features: Sequence[str], signals: Sequence[str]) -> LearnedModel:
    """Read what :meth:`LearnedModel.packed` wrote.

    Raises:
        DataError: it is something else, is not sound, or was trained for other features and signals than these.
    """
    if not data:
        raise DataError("there is no learned model; `sessionrank search train --publish` makes one")
    if len(data) > _LARGEST:
        raise DataError(f"a learned model of {len(data):,} bytes; at most {_LARGEST:,} are taken")
    try:
        model = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"not a learned model: {str(error)[:100]}") from error
    if model.format_version != FORMAT_VERSION or model.features != list(features):
        raise DataError("the learned model is of another version of Sessionrank; make it again with `search train`")
    if not 1 <= len(model.trees) <= MOST_TREES:
        raise DataError(f"a learned model of {len(model.trees)} trees; 1 to {MOST_TREES} are taken")
    if not all(name in signals and abs(weight) <= _LARGEST_WEIGHT for name, weight in model.start.items()):
        raise DataError("the learned model is damaged: a weight is of no signal, or no weight")
    for number, tree in enumerate(model.trees, 1):
        if not _is_sound(tree, len(features)):
            raise DataError(f"the learned model is damaged: its tree {number} is none")
    return model


def _is_sound(tree: Tree, features: int) -> bool:
    leaves = len(tree.leaves)
    return (
        1 <= leaves <= MOST_LEAVES
        and len(tree.splits) == leaves - 1
        and all(map(math.isfinite, tree.leaves))
        and all(
            0 <= feature < features and math.isfinite(threshold) and 0 <= first < middle < leaves
            for feature, threshold, first, middle, _ in tree.splits
        )
    )


class Forest:
    """The trees of a model, made ready for scoring; safe to share between threads."""

    def __init__(self, model: LearnedModel, of_hits: int) -> None:
        """``of_hits``: so many of the features, the first ones, are of each hit; the others are of all hits alike."""
        trees = len(model.trees)
        self._leaves = np.zeros(trees * MOST_LEAVES)
        self._start = np.arange(0, trees * MOST_LEAVES, MOST_LEAVES)
        by_feature: dict[int, list[tuple[float, int, np.uint16, bool]]] = {}
        for number, tree in enumerate(model.trees):
            self._leaves[number * MOST_LEAVES :][: len(tree.leaves)] = tree.leaves
            for feature, threshold, first, middle, nan in tree.splits:
                kept = _ALL ^ np.uint16((1 << middle) - (1 << first))
                by_feature.setdefault(feature, []).append((threshold, number, kept, nan))
        rules = [(feature, *_rows(splits, trees)) for feature, splits in sorted(by_feature.items())]
        self._hit_rules = [(at, np.array([*bounds, np.inf]), rows) for at, bounds, rows in rules if at < of_hits]
        self._common_rules = [(at - of_hits, bounds, rows) for at, bounds, rows in rules if at >= of_hits]

    def values(self, of_hits: NDArray[np.float64], common: NDArray[np.float64]) -> NDArray[np.float64]:
        """A value for each hit.

        Args:
            of_hits: (features × hits), NaN where a number is not known.
            common: the features that all hits share.
        """
        bits = np.full((1, self._start.size), _ALL)
        for at, bounds, rows in self._common_rules:
            number = float(common[at])
            bits &= rows[-1 if math.isnan(number) else bisect_left(bounds, number)]
        bits = bits.repeat(of_hits.shape[1], axis=0)
        for at, with_end, rows in self._hit_rules:
            # What is not known is sorted behind the infinite end: there its own row stands.
            bits &= rows.take(with_end.searchsorted(of_hits[at]), axis=0)
        return np.asarray(self._leaves.take(_LOWEST.take(bits) + self._start).sum(axis=1))


def _rows(splits: list[tuple[float, int, np.uint16, bool]], trees: int) -> tuple[list[float], NDArray[np.uint16]]:
    """The thresholds of one feature in ascending order, and the bits that are left of each tree.

    Row ``i`` is for numbers above just ``i`` of the thresholds; the last one for what is not known.
    """
    splits = sorted(splits, key=lambda split: split[0])
    rows = np.full((len(splits) + 2, trees), _ALL)
    for row, (_, tree, kept, nan) in enumerate(splits, 1):
        rows[row] = rows[row - 1]
        rows[row, tree] &= kept
        if nan:
            rows[-1, tree] &= kept
    return [threshold for threshold, *_ in splits], rows
