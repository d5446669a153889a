"""Prefixes as rows of a sparse matrix: how much each item of a session so far counts for what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

__all__ = ["recency_matrix"]


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
