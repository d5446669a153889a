"""Popularity: what was bought most, whoever asks. The second floor, and higher than it looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from .base import Algorithm, Model, OnEpoch, learnable
from .model_file import ModelFile

__all__ = ["Popularity"]


class PopularityModel(Model):
    """The same scores for every prefix: the logarithm of 1 + how often training saw the item."""

    def __init__(self, items: tuple[str, ...], support: NDArray[np.int64], meta: dict[str, Any]) -> None:
        super().__init__(items, meta)
        self._support = support

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        return np.tile(np.log1p(self._support).astype(np.float32), (len(prefixes), 1))

    def save(self, path: Path | str) -> None:
        ModelFile(self.items, {"support": self._support}, self.meta).save(path)


@dataclass(frozen=True)
class Popularity(Algorithm):
    """The items that most events name."""

    name: ClassVar[str] = "popularity"

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> PopularityModel:
        data = learnable(sessions)
        return PopularityModel(data.items, data.support, self.describe())

    @classmethod
    def load(cls, path: Path | str) -> PopularityModel:
        file = ModelFile.load(path, cls)
        support = file.arrays.get("support")
        if support is None or support.shape != (len(file.items),):
            raise DataError(f"{path}: a popularity model without its counts; train it again")
        return PopularityModel(file.items, support, file.meta)
