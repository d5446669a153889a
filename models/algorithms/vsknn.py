"""V-SKNN: what sessions like this one went on to hold (M. Ludewig, D. Jannach, arXiv:1803.09587, there V-SKNN).

The likeness of a training session is the sum of the weights of the items that it shares with the prefix, newer and
rarer ones weighing more, over the square root of its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import DataError

from ..parameters import parameter
from ..sessions import Sessions
from .base import Algorithm, Model, OnEpoch, best, learnable
from .model_file import ModelFile
from .prefixes import recency_matrix, same_session

__all__ = ["SessionKnn"]

#: Likenesses held at a time: 64 MiB of float32.
_CHUNK = 1 << 24


class SessionKnnModel(Model):
    """The training sessions themselves, as a sparse matrix (sessions × items) of zeros and ones."""

    additive = True

    def __init__(
        self, items: tuple[str, ...], sessions: sparse.csr_array, marks: NDArray[np.uint64], meta: dict[str, Any]
    ) -> None:
        super().__init__(items, meta)
        self._sessions = sessions
        self._by_item = sparse.csr_array(sessions.T)
        self._marks = marks
        held = np.maximum(np.diff(self._by_item.indptr), 1)
        self._rarity = np.log((sessions.shape[0] + 1) / held).astype(np.float32)
        self._shortness = (1 / np.sqrt(np.maximum(np.diff(sessions.indptr), 1))).astype(np.float32)

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        step = max(1, _CHUNK // max(1, self._sessions.shape[0]))
        parts = [self._score(prefixes[start : start + step]) for start in range(0, len(prefixes), step)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.items)), dtype=np.float32)

    def _score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        parameters = self.meta["parameters"]
        weights = recency_matrix(prefixes, self._column, decay=parameters["decay"], last=parameters["last"])
        likeness = ((weights * self._rarity[None, :]) @ self._by_item).toarray() * self._shortness[None, :]
        # The prefix itself may be among what was learned from, and would be its own nearest neighbour.
        likeness[same_session(prefixes, self._column)[:, None] == self._marks[None, :]] = 0
        nearest = best(likeness, parameters["neighbours"])
        row = np.repeat(np.arange(len(nearest)), nearest.shape[1])
        found = sparse.csr_array(
            (likeness[row, nearest.ravel()], (row, nearest.ravel())), shape=likeness.shape, dtype=np.float32
        )
        scores = np.asarray((found @ self._sessions).toarray() * self._rarity[None, :], dtype=np.float32)
        scores[scores <= 0] = -np.inf
        return scores

    def save(self, path: Path | str) -> None:
        arrays = {"sessions": self._sessions, "marks": self._marks}
        ModelFile.with_matrix(self.items, self.meta, **arrays).save(path)


@dataclass(frozen=True)
class SessionKnn(Algorithm):
    """Neighbouring sessions, found anew for each prefix."""

    name: ClassVar[str] = "vsknn"
    neighbours: int = parameter(100, "Sessions most like the prefix that have a say.", least=1, most=1_000_000)
    decay: float = parameter(0.5, "Weight of an item against the next newer one.", least=0, most=1)
    last: int = parameter(20, "Newest items of the prefix that count; 0: all.", least=0)

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> SessionKnnModel:
        data = learnable(sessions)
        return SessionKnnModel(data.items, _zeros_and_ones(data), _marks(data), self.describe())

    @classmethod
    def load(cls, path: Path | str) -> SessionKnnModel:
        file = ModelFile.load(path, cls)
        sessions, marks = file.matrix("sessions"), file.arrays.get("marks")
        if sessions.shape[1] != len(file.items) or marks is None or marks.shape != (sessions.shape[0],):
            raise DataError(f"{path}: a {cls.name} model whose parts do not fit together; train it again")
        return SessionKnnModel(file.items, sessions, marks, file.meta)


def _zeros_and_ones(data: Sessions) -> sparse.csr_array:
    ones = np.ones(data.events, dtype=np.float32)
    # A copy: what follows sorts in place, and the codes are the sessions' own.
    made = sparse.csr_array((ones, data.codes.copy(), data.offsets.copy()), shape=(len(data), len(data.items)))
    made.sum_duplicates()
    made.data[:] = 1
    return made


def _marks(data: Sessions) -> NDArray[np.uint64]:
    return same_session(data, {item: code for code, item in enumerate(data.items)})
