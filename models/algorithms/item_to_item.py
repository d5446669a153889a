"""The model of every algorithm that ends in a matrix of rules: how strongly each item calls for each other one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import DataError

from .base import Algorithm, Model
from .model_file import ModelFile
from .prefixes import recency_matrix

__all__ = ["ItemToItemModel", "row_shares", "strongest"]


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


def row_shares(rules: sparse.csr_array) -> sparse.csr_array:
    """Each row divided by its sum, so that the rules of every item are shares of 1; empty rows stay empty."""
    sums = np.asarray(rules.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array((1 / np.where(sums > 0, sums, 1)).astype(np.float32)) @ rules)


def strongest(rules: sparse.csr_array, n: int) -> sparse.csr_array:
    """Only the ``n`` largest entries of each row; of equal ones those of the earlier columns."""
    if not np.any(np.diff(rules.indptr) > n):
        return rules
    rows = np.repeat(np.arange(rules.shape[0]), np.diff(rules.indptr))
    order = np.lexsort((rules.indices, -rules.data, rows))
    place = np.arange(len(rows)) - rules.indptr[:-1][rows]
    kept = order[place < n]
    return sparse.csr_array((rules.data[kept], (rows[kept], rules.indices[kept])), shape=rules.shape)
