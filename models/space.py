"""The space of items: what is near one or several of them, and what completes an analogy. Numpy on a vectors file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile, unit

__all__ = ["METHODS", "ItemSpace", "Neighbour"]

METHODS = ("cosine", "cosmul")
#: Keeps the division of cosmul finite, as its authors have it.
_EPSILON = 0.001


@dataclass(frozen=True)
class Neighbour:
    """An item that was found, best first in its list."""

    sku: str
    #: Cosine in [-1, 1], or the value of cosmul, at least 0.
    score: float
    #: How often training saw the item.
    support: int


class ItemSpace:
    """Item vectors of unit length, to be asked by item id.

    Two methods rank the items. ``cosine``: the cosine with the sum of what was asked for (wanted minus unwanted).
    ``cosmul``: the product of the cosines with the wanted over the product of those with the unwanted, each cosine
    first moved to [0, 1] (O. Levy and Y. Goldberg, "Linguistic Regularities in Sparse and Explicit Word
    Representations", CoNLL 2014, there 3CosMul): one large cosine cannot outweigh the others. For one wanted item
    alone both give the same order.
    """

    def __init__(self, file: VectorsFile) -> None:
        self._file = file
        self._rows = {sku: row for row, sku in enumerate(file.ids.tolist())}

    def __contains__(self, sku: object) -> bool:
        return sku in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def support(self, sku: str) -> int:
        """How often training saw an item; raises :class:`DataError` where it has no vector."""
        return int(self._file.support[self._row(sku)])

    def cosines(self, sku: str, others: Sequence[str]) -> list[float]:
        """The cosine of one item with each of ``others``; raises :class:`DataError` where one has no vector."""
        rows = [self._row(other) for other in others]
        return [float(cosine) for cosine in self._file.vectors[rows] @ self._file.vectors[self._row(sku)]]

    def nearest(
        self, wanted: Sequence[str], unwanted: Sequence[str] = (), *, n: int = 10, method: str = "cosine"
    ) -> list[Neighbour]:
        """The ``n`` items nearest to all ``wanted`` and far from all ``unwanted``, which are not among them.

        Raises:
            DataError: an item has no vector; the message names similar ids.
            ConfigurationError: an unknown method, or nothing is wanted.
        """
        if method not in METHODS:
            raise ConfigurationError(f"unknown method {method!r}; there are {' and '.join(METHODS)}")
        if not wanted:
            raise ConfigurationError("name at least one item")
        plus, minus = [self._row(sku) for sku in wanted], [self._row(sku) for sku in unwanted]
        scores = self._cosmul(plus, minus) if method == "cosmul" else self._cosine(plus, minus)
        scores[plus + minus] = -np.inf
        # Stable: equal scores keep the order of the file, so that the same question has the same answer everywhere.
        order = np.argsort(-scores, kind="stable")[: max(0, min(n, scores.size - len({*plus, *minus})))]
        ids, support = self._file.ids, self._file.support
        return [Neighbour(str(ids[row]), float(scores[row]), int(support[row])) for row in order]

    def analogy(self, a: str, b: str, c: str, *, n: int = 10, method: str = "cosine") -> list[Neighbour]:
        """What is to ``c`` as ``b`` is to ``a``; errors as in :meth:`nearest`."""
        return self.nearest([b, c], [a], n=n, method=method)

    def _row(self, sku: str) -> int:
        if sku in self._rows:
            return self._rows[sku]
        near = difflib.get_close_matches(sku[:100], self._rows, n=3, cutoff=0.6)
        advice = f"did you mean {', '.join(near)}?" if near else "the vectors file knows no such item"
        raise DataError(f"no vector for {sku[:100]!r}; {advice}")

    def _cosine(self, plus: list[int], minus: list[int]) -> NDArray[np.float64]:
        vectors = self._file.vectors
        aim = unit(vectors[plus].sum(axis=0) - vectors[minus].sum(axis=0))
        return np.asarray(vectors @ aim, dtype=np.float64)

    def _cosmul(self, plus: list[int], minus: list[int]) -> NDArray[np.float64]:
        vectors = self._file.vectors
        above = np.prod((1 + vectors @ vectors[plus].T) / 2, axis=1, dtype=np.float64)
        below = np.prod((1 + vectors @ vectors[minus].T) / 2, axis=1, dtype=np.float64)
        return np.asarray(above / (below + _EPSILON if minus else 1.0))
