"""The model of every algorithm that ends in factors: the score of an item is its bias plus a dot product.

The other side of the product, the *query*, is made from the items of the prefix alone (folding in), so that sessions
that training never saw are served like all others. The file is a model file that is a vectors file as well: beside all
that scoring needs stand the item vectors of unit length that `index load --vectors` takes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from ..sessions import Sessions
from .base import Algorithm, Model
from .model_file import ModelFile
from .prefixes import recency_matrix

__all__ = ["FactorModel", "SumModel", "load_parts", "scaled", "session_items", "solvable"]


class FactorModel(Model):
    """Item factors and biases; how a prefix becomes its query is what the members differ in."""

    def __init__(self, vectors: VectorsFile, factors: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        super().__init__(tuple(vectors.ids.tolist()), vectors.meta)
        self._vectors = vectors
        self._factors = factors
        self._bias = bias

    @property
    def vectors(self) -> VectorsFile:
        return self._vectors

    @abstractmethod
    def _queries(self, weights: sparse.csr_array) -> NDArray[np.float32]:
        """(m × d) from the weights of the items of each prefix (m × n)."""

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"factors": self._factors, "bias": self._bias}

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """A prefix that holds nothing known gets the biases alone, or nothing where there are none."""
        weights = recency_matrix(prefixes, self._column, decay=self.meta["parameters"]["decay"])
        scores = np.asarray(self._queries(weights) @ self._factors.T, dtype=np.float32)
        scores += self._bias
        if not self._bias.any():
            scores[np.diff(weights.indptr) == 0] = -np.inf
        return scores

    def save(self, path: Path | str) -> None:
        parts = {"ids": self._vectors.ids, "vectors": self._vectors.vectors, "support": self._vectors.support}
        ModelFile(self.items, {**parts, **self._arrays()}, self.meta).save(path)


class SumModel(FactorModel):
    """The query is the weighted sum of the *input* factors of the prefix's items, over the root of the weights' sum."""

    def __init__(
        self,
        vectors: VectorsFile,
        factors: NDArray[np.float32],
        bias: NDArray[np.float32],
        *,
        inputs: NDArray[np.float32],
    ) -> None:
        super().__init__(vectors, factors, bias)
        self._inputs = inputs

    def _queries(self, weights: sparse.csr_array) -> NDArray[np.float32]:
        return np.asarray(scaled(weights) @ self._inputs)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {**super()._arrays(), "inputs": self._inputs}

    @classmethod
    def load(cls, path: Path | str, algorithm: type[Algorithm]) -> SumModel:
        """Read what :meth:`save` wrote; raises :class:`DataError` when the file is something else or damaged."""
        vectors, arrays = load_parts(path, algorithm, "inputs")
        return cls(vectors, arrays["factors"], arrays["bias"], inputs=arrays["inputs"])


def scaled(weights: sparse.csr_array) -> sparse.csr_array:
    """The weights of each row over the root of their sum; between a mean and a sum of what they will be taken of.

    Two items that agree then say more than one, but not twice as much.
    """
    totals = np.asarray(weights.sum(axis=1), dtype=np.float32)
    lengths = np.diff(weights.indptr)
    data = weights.data / np.repeat(np.sqrt(np.where(totals > 0, totals, 1)), lengths)
    return sparse.csr_array((data, weights.indices, weights.indptr), shape=weights.shape)


def load_parts(
    path: Path | str, algorithm: type[Algorithm], *more: str
) -> tuple[VectorsFile, dict[str, NDArray[np.float32]]]:
    """The vectors, the factors, the bias and the arrays named in ``more`` (shaped like the factors) of a saved model.

    Raises:
        DataError: the file is missing, is something else, or its parts do not fit together.
    """
    file, vectors = ModelFile.load(path, algorithm), VectorsFile.load(path)
    n = len(file.items)
    arrays = {name: file.arrays.get(name, np.empty(0)) for name in ("factors", "bias", *more)}
    shape = arrays["factors"].shape
    fit = len(shape) == 2 and shape[0] == n == vectors.ids.size and arrays["bias"].shape == (n,)
    if not fit or any(arrays[name].shape != shape for name in more):
        raise DataError(f"{path}: the factors do not fit the {n} items; train it again")
    if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in arrays.values()):
        raise DataError(f"{path}: a factor is not a finite number of 32 bits; train it again")
    return vectors, arrays


def session_items(data: Sessions) -> sparse.csr_array:
    """How often each session has each item (sessions × items), float32, columns in order."""
    ones = np.ones(data.events, dtype=np.float32)
    # Between its offsets a session may name an item twice: what makes the matrix anew from places adds those up.
    made = sparse.csr_array((ones, (data.rows, data.codes)), shape=(len(data), len(data.items)))
    made.sort_indices()
    return made


@contextmanager
def solvable(name: str) -> Iterator[None]:
    """Tell what to change where ``implicit`` finds that its numbers are no numbers any more, or cannot be solved for.

    Raises:
        ConfigurationError: the parameters of the algorithm ``name`` do not work with these sessions.
    """
    from implicit.recommender_base import ModelFitError  # type: ignore[import-untyped]

    try:
        yield
    except (ModelFitError, ValueError) as error:
        raise ConfigurationError(
            f"{name}: the factors do not stay finite with these parameters ({error}); "
            "bring alpha, regularization and confidence nearer to their defaults"
        ) from error
