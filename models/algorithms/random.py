"""Random scores: the floor that every other algorithm must clear."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import Algorithm, Model, OnEpoch, learnable
from .model_file import ModelFile

__all__ = ["Random"]


class RandomModel(Model):
    """Scores drawn anew for each prefix, always the same for equal prefixes."""

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        scores = np.empty((len(prefixes), len(self.items)), dtype=np.float32)
        for row, prefix in enumerate(prefixes):
            known = "\n".join(item for item in prefix if item in self._column)
            chance = np.random.default_rng([self.meta["seed"], zlib.crc32(known.encode("utf-8", "surrogatepass"))])
            scores[row] = chance.random(len(self.items), dtype=np.float32)
        return scores

    def save(self, path: Path | str) -> None:
        ModelFile(self.items, {}, self.meta).save(path)


@dataclass(frozen=True)
class Random(Algorithm):
    """Any item, all alike."""

    name: ClassVar[str] = "random"

    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> RandomModel:
        data = learnable(sessions)
        return RandomModel(data.items, self.describe())

    @classmethod
    def load(cls, path: Path | str) -> RandomModel:
        file = ModelFile.load(path, cls)
        return RandomModel(file.items, file.meta)
