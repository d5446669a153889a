"""t-SNE: items as points in the plane, each near those that it is near to in the space of vectors.

L. van der Maaten and G. Hinton, JMLR 9 (2008), in the implementation of openTSNE (P. Poličar et al., JSS 109, 2024).
What is near on such a map is near in the space; distances between far groups and the sizes of groups say little.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

__all__ = ["LEAST_ITEMS", "STEPS", "bounded_perplexity", "tsne"]

#: Fewer make no map.
LEAST_ITEMS = 5
#: Steps of gradient descent, those with exaggerated attraction at the start included.
STEPS = 750
_EXAGGERATED = 250
#: A report costs a little; so many steps lie between two.
_REPORT_EVERY = 25
_START_WIDTH = 1e-4


def bounded_perplexity(perplexity: float, n: int) -> float:
    """The perplexity that ``n`` items allow: each needs three times as many neighbours as that."""
    return min(perplexity, (n - 1) / 3)


def tsne(
    vectors: NDArray[Any], *, perplexity: float, seed: int, jobs: int = 1, on_step: Callable[[int], None] | None = None
) -> NDArray[np.float64]:
    """Places (n × 2) of n vectors by cosine; equal arguments give equal places.

    Args:
        on_step: called now and then with the number of steps done, of :data:`STEPS`.

    Raises:
        DataError: fewer than :data:`LEAST_ITEMS` vectors.
    """
    if len(vectors) < LEAST_ITEMS:
        raise DataError(f"a map needs at least {LEAST_ITEMS} items with a vector, not {len(vectors)}")
    # Imported here: it brings scikit-learn along, which takes a second to load.
    from openTSNE import TSNE  # type: ignore[import-untyped]
    from openTSNE.affinity import PerplexityBasedNN  # type: ignore[import-untyped]

    rows = np.asarray(vectors, dtype=np.float64)
    done = 0

    def report(*_: Any) -> None:
        nonlocal done
        done += _REPORT_EVERY
        if on_step:
            on_step(done)

    # Exact neighbours: with so few dimensions they cost less than the descent, and no index must be seeded.
    affinities = PerplexityBasedNN(
        rows,
        perplexity=bounded_perplexity(perplexity, len(rows)),
        metric="cosine",
        method="exact",
        n_jobs=jobs,
        random_state=seed,
    )
    descent = TSNE(
        early_exaggeration_iter=_EXAGGERATED,
        n_iter=STEPS - _EXAGGERATED,
        n_jobs=jobs,
        random_state=seed,
        callbacks=report,
        callbacks_every_iters=_REPORT_EVERY,
    )
    made = np.array(descent.fit(affinities=affinities, initialization=_start(rows, seed)), dtype=np.float64)
    # t-SNE knows no right way up: lying, a map fills a screen better.
    return _turned(made, 2)


def _start(rows: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The two main directions, as openTSNE advises, and a little noise: equal vectors must be able to part."""
    start = np.zeros((len(rows), 2))
    turned = _turned(rows, 2)
    start[:, : turned.shape[1]] = turned
    width = start[:, 0].std()
    if width > 0:
        start *= _START_WIDTH / width
    return start + np.random.default_rng(seed).normal(scale=_START_WIDTH / 100, size=start.shape)


def _turned(rows: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """The rows along their ``most`` main directions (fewer where they have fewer numbers), widest first, centred."""
    centred = rows - rows.mean(axis=0)
    directions = np.linalg.svd(centred.T @ centred)[0][:, :most]
    # The sign of a direction is the library's mood; the largest part of each is to be positive.
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), range(directions.shape[1])])
    return np.asarray(centred @ directions)
