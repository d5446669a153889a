"""Small vectors and covisits files whose contents a test can say by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sessionrank.covisits import CovisitsFile
from sessionrank.vectors import VectorsFile

__all__ = ["ring_of_covisits", "some_vectors"]


def some_vectors(ids: Sequence[str], support: Sequence[int] | None = None) -> VectorsFile:
    """A vector of four numbers for each id; seen nine times, unless said otherwise."""
    rows = np.random.default_rng(3).normal(size=(len(ids), 4))
    return VectorsFile.build(ids, rows, support or [9] * len(ids), {"algorithm": "test"})


def ring_of_covisits(ids: Sequence[str]) -> CovisitsFile:
    """Each item goes with the next one (share .75) and the one before it (.25); the first follows the last."""
    n = len(ids)
    neighbours = np.array([[(row + 1) % n, (row - 1) % n] for row in range(n)]).ravel()
    return CovisitsFile.build(
        ids,
        np.full(n, 3),
        np.full(n, 0.25),
        np.arange(0, 2 * n + 1, 2),
        neighbours,
        np.tile([0.75, 0.25], n),
        {"algorithm": "covisit"},
    )
