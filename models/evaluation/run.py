"""One algorithm measured: trained once for each training seed, asked once for all draws, its costs beside it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.bootstrap import weighted_means

from ..algorithms.base import Algorithm, Epoch, Model
from .draws import Material
from .evaluate import Result, evaluate
from .figures import over_training, part_figures
from .machine import peak_memory, reset_peak_memory

__all__ = ["Measured", "Subject", "measure"]

#: Told how far the training is: passes done, passes planned.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Subject:
    """What is measured: an algorithm that is trained here, or a model that was trained elsewhere."""

    #: As it was asked for, such as ``word2vec:size=64``.
    label: str
    maker: Algorithm | Model


@dataclass(frozen=True, eq=False)
class Measured:
    """What came out: what the file of the run says of it, and each case's values, for comparisons case by case."""

    said: dict[str, Any]
    values: dict[str, NDArray[np.float64]]


def measure(
    subject: Subject,
    material: Material,
    ks: Sequence[int],
    *,
    training_seeds: int = 1,
    curve: bool = False,
    on_progress: OnProgress | None = None,
) -> Measured:
    """Train, ask for every case, and work out all figures of all parts, as they stand in the file of the run.

    Args:
        ks: lengths of lists.
        training_seeds: how many models, from the algorithm's seed on; a case's value is then its mean over them.
        curve: ask after every epoch of the first training as well, on the cases that validate.
    """
    separate = reset_peak_memory()
    trainings: list[float] = []
    results: list[Result] = []
    epochs: list[dict[str, Any]] = []
    metas = []
    ready = isinstance(subject.maker, Model)
    for number in range(1 if ready else training_seeds):
        watch = _EpochWatch(material, ks[0], epochs, on_progress, asks=curve and number == 0)
        started = time.perf_counter()
        model = _fitted(subject.maker, number, material, watch)
        trainings.append(time.perf_counter() - started - watch.seconds)
        results.append(_asked(model, material, ks))
        metas.append(model.meta)
    said: dict[str, Any] = {
        "label": subject.label,
        "algorithm": _described(metas[0]),
        "model_file": ready,
        "training_seeds": [meta.get("seed") for meta in metas],
        "items_known": len(model.items),
        "seconds": {
            "train": None if ready else round(float(np.mean(trainings)), 3),
            "rank": round(float(np.mean([result.seconds for result in results])), 3),
            "ranked_cases": len(material.cases),
        },
        "peak_memory_bytes": peak_memory(),
        # Where the system cannot reset the count, it includes what ran before.
        "peak_memory_of_this_alone": separate,
        "parts": {part: part_figures(results, material, part, ks) for part in material.drawn},
    }
    if len(results) > 1:
        said["by_training_seed"] = _by_training_seed(results, material)
    if epochs:
        said["epochs"] = epochs
    return Measured(said, over_training(results))


def _fitted(maker: Algorithm | Model, number: int, material: Material, watch: _EpochWatch) -> Model:
    if isinstance(maker, Model):
        return maker
    algorithm = dataclasses.replace(maker, seed=(maker.seed + number) % 2**32)
    watch.planned = algorithm.epochs_planned
    return algorithm.fit(material.train, on_epoch=watch if watch.wanted else None)


def _asked(model: Model, material: Material, ks: Sequence[int]) -> Result:
    return evaluate(model, material.cases, ks, leave_out=material.protocol.leave_out, train=material.train)


class _EpochWatch:
    """Tells how far the training is, and asks the model of each epoch when ``asks``."""

    def __init__(
        self, material: Material, k: int, epochs: list[dict[str, Any]], on_progress: OnProgress | None, *, asks: bool
    ) -> None:
        self.planned = 0
        #: What the asking took: no part of the training.
        self.seconds = 0.0
        self.wanted = asks or on_progress is not None
        self._epochs = epochs
        self._on_progress = on_progress
        self._asks = asks
        self._metric = f"recall@{k}"
        self._k = k
        self._protocol = material.protocol
        if asks:
            weights = material.weights("validation")
            there = np.flatnonzero(weights)
            self._cases, self._weights = material.cases.take(there), weights[there]

    def __call__(self, epoch: Epoch) -> None:
        if self._on_progress is not None:
            self._on_progress(epoch.number, self.planned)
        if not self._asks:
            return
        started = time.perf_counter()
        result = evaluate(epoch.model(), self._cases, (self._k,), leave_out=self._protocol.leave_out)
        mean = weighted_means(result.values[self._metric][:, None], self._weights)[0]
        self._epochs.append({"epoch": epoch.number, "loss": epoch.loss, self._metric: round(float(mean), 6)})
        self.seconds += time.perf_counter() - started


def _described(meta: dict[str, Any]) -> dict[str, Any]:
    """What the model says of its making; of what it learned from, a model file alone has to say."""
    told = ("algorithm", "seed", "parameters", "libraries", "data")
    return {name: meta[name] for name in told if name in meta}


def _by_training_seed(results: Sequence[Result], material: Material) -> dict[str, dict[str, list[float]]]:
    """Part → metric → the mean over draws for each training seed: how much of a figure is the luck of the start."""
    names = [name for name in results[0].values if not name.startswith(("support", "percentile"))]
    said: dict[str, dict[str, list[float]]] = {}
    for part in material.drawn:
        weights = material.weights(part)
        tables = [np.stack([result.values[name] for name in names], axis=1) for result in results]
        means = [weighted_means(table, weights).round(6).tolist() for table in tables]
        said[part] = {name: [mean[at] for mean in means] for at, name in enumerate(names)}
    return said
