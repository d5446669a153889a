"""The network of the triplet method, and its training. The only file that knows Keras."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError
from sessionrank.vectors import DTYPE

__all__ = ["Batches", "Encoder", "Shape"]

#: Cosines above it are of one item with itself, which is no negative of its own.
_SAME = 0.9999
#: Beside the square of a length, so that nothing is divided by zero.
_TINY = 1e-9


@dataclass(frozen=True)
class Shape:
    """What the network looks like and how it learns."""

    inputs: int
    hidden: int
    outputs: int
    dropout: float
    margin: float
    rate: float
    #: Steps of training in all, over which the rate falls to nothing.
    steps: int
    batch: int
    seed: int


@dataclass(frozen=True)
class Batches:
    """The triplets of one pass: their number is a multiple of the batch."""

    #: Rows of the table of texts: (n × 2) int32, of the positive and of one random item.
    texts: NDArray[np.int32]
    #: The trained vectors of the anchors: (n × d) float32, unit length.
    anchors: NDArray[np.float32]


class Encoder:
    """A text in numbers → one hidden layer → a vector of unit length."""

    def __init__(self, table: NDArray[np.float32], shape: Shape) -> None:
        """``table`` (items × inputs) holds the texts that :meth:`train` refers to by their row.

        Raises:
            ConfigurationError: Keras or JAX is missing.
        """
        keras = _keras()
        self._batch = shape.batch
        self.outputs = shape.outputs
        self._layers = _layers(keras, shape)
        rows = keras.Input((2,), dtype="int32")
        fixed = keras.layers.Embedding(*table.shape, embeddings_initializer="zeros", trainable=False)
        self._trainer = keras.Model(rows, self._layers(fixed(rows)))
        fixed.set_weights([table])
        self._trainer.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(shape.rate, shape.steps)),
            loss=_triplet_loss(keras.ops, shape.margin),
        )

    def train(self, batches: Batches) -> float:
        """One pass over the triplets, in the order given; its mean loss."""
        done = self._trainer.fit(batches.texts, batches.anchors, batch_size=self._batch, shuffle=False, verbose=0)
        return float(done.history["loss"][-1])

    def vectors(self, texts: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n × inputs) → (n × outputs), unit length."""
        return np.asarray(self._layers.predict(texts[:, None], batch_size=self._batch, verbose=0)[:, 0], dtype=DTYPE)


def _layers(keras: Any, shape: Shape) -> Any:
    # Every layer has a seed of its own: nothing hangs on the process's random state, and nothing changes it.
    seeds = [int(seed) for seed in np.random.SeedSequence(shape.seed).generate_state(3) >> 1]
    start = keras.initializers.GlorotUniform
    texts = keras.Input((None, shape.inputs))
    hidden = keras.layers.Dense(shape.hidden, activation="relu", kernel_initializer=start(seed=seeds[0]))(texts)
    kept = keras.layers.Dropout(shape.dropout, seed=seeds[1])(hidden)
    made = keras.layers.Dense(shape.outputs, use_bias=False, kernel_initializer=start(seed=seeds[2]))(kept)
    # Not the layer that Keras has for it: where all units are left out, its slope is no number any more.
    squares = keras.ops.sum(made * made, axis=-1, keepdims=True)
    return keras.Model(texts, made * keras.ops.rsqrt(squares + _TINY))


def _triplet_loss(ops: Any, margin: float) -> Any:
    def loss(anchors: Any, made: Any) -> Any:
        """Mean of max(0, margin - cos(anchor, positive) + cos(anchor, negative)), over two kinds of negatives.

        The one kind are the vectors made for random texts of the batch; they put texts in order. The other are the
        trained vectors of the batch's other anchors; they bring what is made to the level of what was trained, so that
        both can stand in one list: without them a new product is near only to other new ones.
        """
        positive = ops.sum(anchors * made[:, 0], axis=-1, keepdims=True)
        texts = anchors @ ops.transpose(made[:, 1])
        trained = anchors @ ops.transpose(anchors)
        other = ops.cast(trained < _SAME, trained.dtype)
        costs = ops.relu(margin - positive + texts) + other * ops.relu(margin - positive + trained)
        return ops.mean(costs)

    return loss


def _keras() -> Any:
    # Both are read when Keras and JAX are first imported. The network is small: on a graphics card it would gain
    # nothing, and lose that two runs give equal bytes.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    try:
        import jax  # noqa: F401
        import keras  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the triplet method needs {error.name}, which is missing: install it with "
            "`pip install 'sessionrank[coldstart]'`, or choose --method ridge"
        ) from error
    return keras
