"""Bayesian personalised ranking (S. Rendle et al., UAI 2009), through ``implicit``: what a session has before what not.

Two things are added to the library's factors. It draws what a session has not by popularity, so that its scores say how
much likelier than usual an item is; ``popularity`` times the logarithm of the support is added to say how likely. And
prefixes are folded in by a ridge map, from the sum of the items' factors to the user factors that training found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.vectors import VectorsFile

from ..parameters import parameter
from ..sessions import Sessions
from .base import Algorithm, Epoch, OnEpoch, learnable
from .factor_model import SumModel, scaled, session_items, solvable
from .threads import one_thread

__all__ = ["Bpr"]

#: Penalty of the ridge map, against the mean square of the sums that it maps.
_RIDGE = 1e-3


@dataclass(frozen=True)
class Bpr(Algorithm):
    """Session and item factors under which an item that a session has scores above one that it has not."""

    name: ClassVar[str] = "bpr"
    size: int = parameter(64, "Numbers in a factor.", least=1, most=4096)
    epochs: int = parameter(50, "Passes over the sessions.", least=1, most=1_000_000)
    alpha: float = parameter(0.05, "Learning rate.", above=0, most=100)
    regularization: float = parameter(0.01, "Penalty of long factors.", least=0, most=1_000_000)
    popularity: float = parameter(0.0, "Weight of the logarithm of an item's support.", least=0, most=1000)
    decay: float = parameter(0.5, "Weight of an item against the next newer one; 0: the last alone.", least=0, most=1)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> SumModel:
        data = learnable(sessions).compacted()
        pairs = session_items(data)
        wanted = sparse.csr_matrix(pairs)
        trainer = self._trainer()
        # The library tells nothing between passes, so each is asked for by itself; it goes on where it was.
        with one_thread(), solvable(self.name):
            for number in range(1, self.epochs + 1):
                trainer.fit(wanted, show_progress=False)
                if on_epoch is not None:
                    on_epoch(Epoch(number, None, lambda: self._model(data, pairs, trainer)))
            return self._model(data, pairs, trainer)

    def _trainer(self) -> Any:
        from implicit.cpu.bpr import BayesianPersonalizedRanking  # type: ignore[import-untyped]

        return BayesianPersonalizedRanking(
            factors=self.size,
            learning_rate=self.alpha,
            regularization=self.regularization,
            iterations=1,
            num_threads=1,
            # A generator, not a number: a number would draw the same pairs in every pass.
            random_state=np.random.default_rng(self.seed),
        )

    def _model(self, data: Sessions, pairs: sparse.csr_array, trainer: Any) -> SumModel:
        import implicit  # type: ignore[import-untyped]

        # The last column is the items' bias, 1 for every user.
        factors = trainer.item_factors[:, :-1].copy()
        bias = trainer.item_factors[:, -1] + self.popularity * np.log(data.support)
        inputs = factors @ _folding(pairs, factors, trainer.user_factors[:, :-1])
        meta = {**self.describe(implicit=implicit.__version__), "size": self.size}
        vectors = VectorsFile.build(data.items, factors, data.support, meta)
        return SumModel(vectors, factors, bias.astype(np.float32), inputs=inputs.astype(np.float32))

    @classmethod
    def load(cls, path: Path | str) -> SumModel:
        return SumModel.load(path, cls)


def _folding(pairs: sparse.csr_array, factors: NDArray[np.float32], users: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matrix (d × d) that maps the weighted sums of sessions nearest to their learned user factors."""
    ones = pairs.copy()
    ones.data[:] = 1
    sums = (scaled(ones) @ factors).astype(np.float64)
    square = sums.T @ sums
    penalty = _RIDGE * max(float(np.trace(square)) / len(square), 1e-12)
    solved = np.linalg.solve(square + penalty * np.eye(len(square)), sums.T @ users.astype(np.float64))
    return np.asarray(solved, dtype=np.float32)
