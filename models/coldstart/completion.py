"""A vectors file with vectors for the products that had none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sessionrank.vectors import DTYPE, VectorsFile

from .base import ContentModel

__all__ = ["Completed", "complete"]


@dataclass(frozen=True)
class Completed:
    """A completed vectors file, and what became of the products that had no vector."""

    vectors: VectorsFile
    #: Products that have a vector now.
    added: int
    #: Products that still have none: their texts say nothing that training knows.
    without: int


def complete(vectors: VectorsFile, model: ContentModel, texts: Mapping[str, str]) -> Completed:
    """The vectors of ``vectors``, byte for byte and in their order, then those of products in ``texts`` without one.

    What is added has support 0, since training never saw it; ``meta["cold_start"]`` says how it was made.
    """
    there = set(vectors.ids.tolist())
    cold = [sku for sku in texts if sku not in there]
    made = model.vectors_for([texts[sku] for sku in cold])
    told = np.asarray(made.any(axis=1), dtype=np.bool_)
    ids = [sku for sku, tells in zip(cold, told.tolist(), strict=True) if tells]
    meta = {**vectors.meta, "cold_start": {**model.meta, "added": len(ids), "without": len(cold) - len(ids)}}
    if not ids:
        return Completed(replace(vectors, meta=meta), 0, len(cold))
    completed = VectorsFile(
        ids=np.concatenate([vectors.ids, np.array(ids, dtype=np.str_)]),
        vectors=np.concatenate([vectors.vectors, made[told]]),
        support=np.concatenate([vectors.support, np.zeros(len(ids), dtype=np.int64)]),
        # What no session tells the length of counts as much as the others do in the mean.
        lengths=np.concatenate([vectors.lengths, np.full(len(ids), vectors.lengths.mean(), dtype=DTYPE)]),
        meta=meta,
    )
    return Completed(completed, len(ids), len(cold) - len(ids))
