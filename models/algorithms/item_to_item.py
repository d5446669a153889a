"""The model of every algorithm that ends in a matrix of rules: how strongly each item calls for each other one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import DataError

from ..sessions import Sessions
from .base import Algorithm, Model
from .model_file import ModelFile
from .prefixes import recency_matrix

__all__ = ["ItemToItemModel", "pairs_apart", "row_shares", "strongest", "weights_by_distance"]


class ItemToItemModel(Model):
    """Rules from item to item; the score of an item is the decayed sum of the rules from the items of the prefix."""

    additive = True

    def __init__(self, items: tuple[str, ...], rules: sparse.csr_array, meta: dict[str, Any]) -> None:
        super().__init__(items, meta)
        self._rules = rules

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        parameters = self.meta["parameters"]
        weights = recency_matrix(prefixes, self._column, decay=parameters["decay"], last=parameters.get("last", 0))
        scores = (weights @ self._rules).toarray()
        scores[scores == 0] = -np.inf
        return np.asarray(scores, dtype=np.float32)

    def save(self, path: Path | str) -> None:
        ModelFile.with_matrix(self.items, self.meta, rules=self._rules).save(path)

    @classmethod
    def load(cls, path: Path | str, algorithm: type[Algorithm]) -> ItemToItemModel:
        """Read what :meth:`save` wrote; raises :class:`DataError` when the file is something else or damaged."""
        file = ModelFile.load(path, algorithm)
        rules = file.matrix("rules")
        if rules.shape != (len(file.items), len(file.items)):
            raise DataError(f"{path}: rules of shape {rules.shape} for {len(file.items)} items; train it again")
        return cls(file.items, rules, file.meta)


def weights_by_distance(data: Sessions, *, steps: int, back: float) -> sparse.csr_array:
    """How near items stand to each other: (n × n) sums of 1 / distance over pairs of events of a session.

    Pairs at most ``steps`` apart count, an item never with itself; entry (i, j) sums those where j came after i, and
    at ``back`` of the weight those where it came before.
    """
    n = len(data.items)
    ahead = sparse.csr_array((n, n), dtype=np.float32)
    for distance in range(1, min(steps, int(data.lengths.max(initial=1)) - 1) + 1):
        first, second, _ = pairs_apart(data.codes, data.rows, distance)
        weights = np.full(len(first), 1 / distance, dtype=np.float32)
        ahead = ahead + sparse.csr_array((weights, (first, second)), shape=(n, n))
    return sparse.csr_array(ahead + back * ahead.T) if back else ahead


def pairs_apart(
    codes: NDArray[np.int32], rows: NDArray[np.int64], distance: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """The pairs of events of a session, of different items, that stand ``distance`` apart.

    Args:
        codes, rows: the item and the session of each event.

    Returns:
        (items of the earlier, items of the later, sessions), one a pair.
    """
    first, second = codes[:-distance], codes[distance:]
    counted = (rows[:-distance] == rows[distance:]) & (first != second)
    return first[counted], second[counted], rows[:-distance][counted]


def row_shares(rules: sparse.csr_array, sums: NDArray[Any] | None = None) -> sparse.csr_array:
    """Each row divided by its sum (or by that of ``sums``), so that the rules of every item are shares of 1.

    Empty rows stay empty.
    """
    if sums is None:
        sums = np.asarray(rules.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array((1 / np.where(sums > 0, sums, 1)).astype(np.float32)) @ rules)


def strongest(rules: sparse.csr_array, n: int) -> sparse.csr_array:
    """Only the ``n`` largest entries of each row; of equal ones those of the earlier columns."""
    lengths = np.diff(rules.indptr)
    if not np.any(lengths > n):
        return rules
    kept = np.empty(rules.nnz, dtype=bool)
    for start, end in _blocks(rules.indptr):
        entries = slice(rules.indptr[start], rules.indptr[end])
        rows = np.repeat(np.arange(start, end), lengths[start:end])
        order = np.lexsort((rules.indices[entries], -rules.data[entries], rows))
        place = np.arange(len(rows)) + entries.start - rules.indptr[rows]
        kept[entries.start + order] = place < n
    offsets = np.concatenate(([0], np.cumsum(np.minimum(lengths, n))))
    made = sparse.csr_array((rules.data[kept], rules.indices[kept], offsets), shape=rules.shape)
    made.sort_indices()
    return made


#: Entries that are sorted at a time: 32 bytes each while it lasts.
_BLOCK = 1 << 22


def _blocks(indptr: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Ranges of rows that hold at most ``_BLOCK`` entries, or are of one row."""
    start, rows = 0, len(indptr) - 1
    while start < rows:
        end = max(start + 1, int(np.searchsorted(indptr, indptr[start] + _BLOCK, side="right")) - 1)
        yield start, end
        start = end
