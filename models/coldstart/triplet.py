"""A small network from texts to vectors, trained with a triplet loss over what stands near what in the sessions.

F. Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015. An anchor is the
*trained* vector of an item, and stays as it is; the positive is the text of an item from a window around it, or of the
item itself; negatives are random. So what the network makes lives in the space of the vectors file: two texts through
one network in a space of their own would be better company for each other, but a session of trained vectors could not
be compared with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import svds  # type: ignore[import-untyped]

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import DTYPE, VectorsFile, unit

from ..parameters import parameter
from ..sessions import Sessions
from .base import ColdStart, ContentModel, Material, OnEpoch
from .features import TextFeatures
from .network import Batches, Encoder, Shape

__all__ = ["Triplet", "Windows"]

#: Texts that go through the network at a time.
_CHUNK = 4096


@dataclass(frozen=True)
class Triplet(ColdStart):
    """Defaults as measured on Online Retail, on products held out of training."""

    name: ClassVar[str] = "triplet"
    needs_sessions: ClassVar[bool] = True
    inputs: int = parameter(
        512, "Numbers that a text is brought down to first (latent semantic analysis).", least=2, most=65536
    )
    hidden: int = parameter(512, "Units of the hidden layer.", least=1, most=65536)
    dropout: float = parameter(0.6, "Share of them that is left out at each step of training.", least=0, most=0.95)
    window: int = parameter(2, "A positive stands at most so many places from its anchor.", least=1, most=10_000)
    own: float = parameter(0.9, "Share of triplets whose anchor is the positive's own vector.", least=0, most=1)
    margin: float = parameter(0.6, "By how much the positive must be nearer than a negative.", above=0, most=2)
    epochs: int = parameter(10, "Passes.", least=1, most=1_000_000)
    steps: int = parameter(100, "Batches in each pass.", least=1, most=1_000_000)
    batch: int = parameter(256, "Triplets in a batch; each has all others' negatives too.", least=2, most=65536)
    rate: float = parameter(0.003, "Learning rate at the start; it falls to nothing.", above=0, most=10)

    def fit(
        self,
        vectors: VectorsFile,
        texts: Mapping[str, str],
        *,
        sessions: Sessions | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> ContentModel:
        if sessions is None:
            raise ConfigurationError("the triplet method learns from sessions as well; give them, or choose ridge")
        material = Material.gather(vectors, texts)
        windows = Windows.of(sessions, material.ids, self.window)
        reduction = _reduction(material, self.inputs)
        encoder = Encoder(_scaled(material.rows @ reduction), self._shape(reduction.shape[1], vectors.dimensions))
        chance = np.random.default_rng(self.seed)
        loss = 0.0
        for number in range(1, self.epochs + 1):
            loss = encoder.train(self._batches(windows, material.vectors, chance))
            if on_epoch is not None:
                on_epoch(number, loss)
        return _NetworkModel(material.features, reduction, encoder, self.describe(material, loss=loss))

    def _shape(self, inputs: int, outputs: int) -> Shape:
        return Shape(
            inputs=inputs,
            hidden=self.hidden,
            outputs=outputs,
            dropout=self.dropout,
            margin=self.margin,
            rate=self.rate,
            steps=self.epochs * self.steps,
            batch=self.batch,
            seed=self.seed,
        )

    def _batches(self, windows: Windows, vectors: NDArray[np.float32], chance: np.random.Generator) -> Batches:
        n = self.batch * self.steps
        positives, anchors = windows.pairs(n, chance)
        anchors = np.where(chance.random(n) < self.own, positives, anchors)
        negatives = chance.integers(0, len(vectors), n)
        return Batches(np.stack([positives, negatives], axis=1).astype(np.int32), vectors[anchors])


@dataclass(frozen=True)
class Windows:
    """Which items stand near which, to be drawn from: nothing is held but the sessions themselves."""

    #: The row of the material of each event (int), sessions one after the other.
    rows: NDArray[np.int64]
    #: The session of each event.
    sessions: NDArray[np.int64]
    #: Running sum of how likely each event is drawn; its last is 1.
    chances: NDArray[np.float64]
    window: int

    @classmethod
    def of(cls, sessions: Sessions, ids: Sequence[str], window: int) -> Windows:
        """Events of other items than ``ids`` are passed over; raises :class:`DataError` when none is left."""
        row = {sku: at for at, sku in enumerate(ids)}
        coded = np.array([row.get(sku, -1) for sku in sessions.items], dtype=np.int64)
        rows = coded[sessions.codes] if len(coded) else np.empty(0, dtype=np.int64)
        known = rows >= 0
        rows = rows[known]
        if not len(rows):
            raise DataError("the sessions hold no product that has both a vector and a text")
        # The square root: else the most popular items would be nearly all that the network learns from.
        likely = np.bincount(rows, minlength=len(ids))[rows] ** -0.5
        chances = np.cumsum(likely / likely.sum())
        return cls(rows, sessions.rows[known], chances / chances[-1], window)

    def pairs(self, n: int, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``n`` times an item, and one from the window around it; itself where the place that was drawn has none."""
        events = np.minimum(np.searchsorted(self.chances, chance.random(n), side="right"), len(self.rows) - 1)
        steps = chance.integers(1, self.window + 1, n) * chance.choice([-1, 1], n)
        near = events + steps
        inside = (near >= 0) & (near < len(self.rows))
        near = np.where(inside, near, events)
        near = np.where(self.sessions[near] == self.sessions[events], near, events)
        return self.rows[events], self.rows[near]


class _NetworkModel(ContentModel):
    def __init__(
        self, features: TextFeatures, reduction: NDArray[np.float32], encoder: Encoder, meta: dict[str, Any]
    ) -> None:
        super().__init__(meta)
        self._features = features
        self._reduction = reduction
        self._encoder = encoder

    def vectors_for(self, texts: Sequence[str]) -> NDArray[np.float32]:
        parts = [self._part(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
        return np.concatenate([np.empty((0, self._encoder.outputs), dtype=DTYPE), *parts])

    def _part(self, texts: Sequence[str]) -> NDArray[np.float32]:
        reduced = self._features.rows(texts) @ self._reduction
        made = unit(self._encoder.vectors(_scaled(reduced)))
        made[~reduced.any(axis=1)] = 0.0
        return made


def _reduction(material: Material, inputs: int) -> NDArray[np.float32]:
    """(terms × at most ``inputs``): the directions in which the texts differ most, from a start without chance."""
    fewer = min(material.rows.shape)
    found = svds(material.rows, k=min(inputs, fewer - 1), v0=np.ones(fewer, dtype=np.float32), tol=1e-3)[2]
    return np.asarray(found.T, dtype=DTYPE)


def _scaled(reduced: NDArray[Any]) -> NDArray[np.float32]:
    """Rows whose numbers are about 1 large, as the network's start expects them."""
    return np.asarray(reduced * np.sqrt(reduced.shape[1]), dtype=DTYPE)
