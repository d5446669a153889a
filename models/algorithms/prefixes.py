"""Prefixes as rows of a sparse matrix: how much each item of a session so far counts for what comes next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

__all__ = ["recency_matrix", "same_session"]


def recency_matrix(
    prefixes: Sequence[Sequence[str]], column: Mapping[str, int], *, decay: float, last: int = 0
) -> sparse.csr_array:
    """Weights of the items of each prefix: 1 for the newest known item, ``decay`` for the one before, and so on.

    An item that stands more than once counts with the newest place. Unknown items are passed over as if they were not
    there. ``decay`` 0 leaves the newest alone; ``last`` bounds how many places back count (0: all).

    Returns:
        (len(prefixes) × len(column)) float32.
    """
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    reach = 1 if decay == 0 else last
    for row, prefix in enumerate(prefixes):
        weight = 1.0
        seen: set[int] = set()
        for item in reversed(prefix):
            at = column.get(item)
            if at is None:
                continue
            if at not in seen:
                seen.add(at)
                rows.append(row)
                columns.append(at)
                weights.append(weight)
            weight *= decay
            if len(seen) == reach or weight < _NOTHING:
                break
    shape = (len(prefixes), len(column))
    return sparse.csr_array((np.array(weights, dtype=np.float32), (rows, columns)), shape=shape, dtype=np.float32)


#: Below this a place counts for nothing, in 32 bits beside a 1.
_NOTHING = 1e-7


def same_session(prefixes: Sequence[Sequence[str]], column: Mapping[str, int]) -> NDArray[np.uint64]:
    """A mark of each prefix's known items in their order; equal for equal ones."""
    marks = np.empty(len(prefixes), dtype=np.uint64)
    for row, prefix in enumerate(prefixes):
        codes = np.array([column[item] for item in prefix if item in column], dtype="<i4")
        marks[row] = int.from_bytes(hashlib.blake2b(codes.tobytes(), digest_size=8).digest(), "little")
    return marks
