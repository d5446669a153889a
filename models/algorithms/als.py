"""Implicit-feedback matrix factorisation by alternating least squares (Y. Hu et al., ICDM 2008), through ``implicit``.

A prefix is folded in by the same closed form that gives training its user factors, so a visit that training never saw
loses nothing against one that it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.vectors import VectorsFile

from ..parameters import parameter
from .base import Algorithm, Epoch, OnEpoch, learnable
from .factor_model import FactorModel, load_parts, session_items, solvable
from .threads import one_thread

__all__ = ["Als"]

#: Beyond this much penalty or confidence 32 bits do not tell the rest apart.
_MOST = 1_000_000


class AlsModel(FactorModel):
    """The query is the user factor that fits the prefix best, each item trusted as much as its recency says."""

    def _queries(self, weights: sparse.csr_array) -> NDArray[np.float32]:
        trusted = sparse.csr_matrix(weights * np.float32(self.meta["parameters"]["confidence"]))
        with one_thread(), solvable(Als.name):
            return np.asarray(self._solver.recalculate_user(np.arange(weights.shape[0]), trusted))

    @cached_property
    def _solver(self) -> Any:
        solver = _solver(self._factors.shape[1], self.meta["parameters"]["regularization"])
        solver.item_factors = self._factors
        return solver

    @classmethod
    def load(cls, path: Path | str, algorithm: type[Algorithm]) -> AlsModel:
        """Read what :meth:`save` wrote; raises :class:`DataError` when the file is something else or damaged."""
        vectors, arrays = load_parts(path, algorithm)
        return cls(vectors, arrays["factors"], arrays["bias"])


@dataclass(frozen=True)
class Als(Algorithm):
    """Session and item factors whose product is near 1 where a session has the item, near 0 elsewhere."""

    name: ClassVar[str] = "als"
    size: int = parameter(64, "Numbers in a factor.", least=1, most=4096)
    epochs: int = parameter(15, "Rounds over sessions and items.", least=1, most=1_000_000)
    regularization: float = parameter(30.0, "Penalty of long factors.", above=0, most=_MOST)
    confidence: float = parameter(
        10.0, "Weight of an item that a session has against one that it has not.", above=0, most=_MOST
    )
    decay: float = parameter(0.5, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> AlsModel:
        import implicit  # type: ignore[import-untyped]

        data = learnable(sessions).compacted()
        counts = sparse.csr_matrix(session_items(data) * np.float32(self.confidence))
        meta = {**self.describe(implicit=implicit.__version__), "size": self.size}

        def model() -> AlsModel:
            factors = solver.item_factors.copy()
            vectors = VectorsFile.build(data.items, factors, data.support, meta)
            return AlsModel(vectors, factors, np.zeros(len(factors), dtype=np.float32))

        def tell(done: int, _: float, loss: float | None) -> None:
            if on_epoch is not None:
                on_epoch(Epoch(done + 1, loss, model))

        with one_thread(), solvable(self.name):
            solver = _solver(
                self.size,
                self.regularization,
                iterations=self.epochs,
                random_state=self.seed,
                # It costs about as much as the round itself.
                calculate_training_loss=on_epoch is not None,
            )
            solver.fit(counts, show_progress=False, callback=tell)
        return model()

    @classmethod
    def load(cls, path: Path | str) -> AlsModel:
        return AlsModel.load(path, cls)


def _solver(size: int, regularization: float, **options: Any) -> Any:
    # The class for processors by name: the library's own choice would take a graphics card where one is found.
    from implicit.cpu.als import AlternatingLeastSquares  # type: ignore[import-untyped]

    with one_thread():
        return AlternatingLeastSquares(factors=size, regularization=regularization, num_threads=1, **options)
