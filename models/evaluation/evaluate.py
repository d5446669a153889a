"""A model against cases: every list at once, then every metric at once, one value a case."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..algorithms.base import Model
from ..metrics import (
    found,
    hit_rate_at_k,
    mean_at_k,
    mrr_at_k,
    ndcg_at_k,
    percentiles,
    recall_at_k,
)
from ..protocols.base import Cases
from ..sessions import Sessions

__all__ = ["CASE_METRICS", "Result", "evaluate", "support_of"]

#: Metrics that every case has a value for, as ``name@k`` in :attr:`Result.values`.
CASE_METRICS = ("recall", "hit_rate", "mrr", "ndcg")


@dataclass(frozen=True, eq=False)
class Result:
    """What a model answered, case by case."""

    #: The catalogue: the items of the training part, or those of the model where no training part was given.
    items: tuple[str, ...]
    #: (cases × K) codes in ``items``, best first; -1 where the list ends.
    ranked: NDArray[np.int32]
    #: One value a case: ``recall@10``, ``hit_rate@10``, ``mrr@10``, ``ndcg@10`` for each k, and, where the training
    #: part was given, ``support@10`` and ``percentile@10``: means over the items recommended (NaN where none was).
    values: dict[str, NDArray[np.float64]]
    #: Seconds that ranking took.
    seconds: float

    def mean(self, name: str) -> float:
        """The mean of one metric over all cases that have it; NaN where none has."""
        values = self.values[name][~np.isnan(self.values[name])]
        return float(values.mean()) if values.size else float("nan")


def evaluate(
    model: Model,
    cases: Cases,
    ks: Sequence[int] = (10,),
    *,
    leave_out: str = "last",
    train: Sessions | None = None,
) -> Result:
    """Rank for every case and compare with its answers.

    Args:
        model: what to measure.
        cases: prefixes and answers; an answer that the model does not know is never found.
        ks: how many places count; the lists are as long as the longest.
        leave_out: the repeat policy, usually the protocol's.
        train: what the model learned from, for the catalogue and how popular its items are.
    """
    items, known = (model.items, None) if train is None else _codes_of(train, model)
    code = {item: at for at, item in enumerate(items)}
    popularity: dict[str, NDArray[Any]] = {}
    if train is not None:
        support = support_of(train, items)
        popularity = {"support": support, "percentile": percentiles(support)}
    lists: list[NDArray[np.int32]] = [np.empty((0, max(ks)), dtype=np.int32)]
    parts = [_values(lists[0].astype(np.int64), (), code, popularity, ks)]
    seconds, start = 0.0, 0
    chunks = model.ranked(cases.prefixes, max(ks), leave_out=leave_out)
    # Chunk by chunk, as the model ranks them, so that only the lists themselves are held for all cases.
    while True:
        began = time.perf_counter()
        ranked = next(chunks, None)
        seconds += time.perf_counter() - began
        if ranked is None:
            break
        ranked = ranked if known is None else known[ranked]
        parts.append(_values(ranked, cases.answers[start : start + len(ranked)], code, popularity, ks))
        lists.append(_of_width(ranked, max(ks)))
        start += len(ranked)
    values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Result(items, np.concatenate(lists), values, seconds)


def _values(
    ranked: NDArray[np.int64],
    answers: Sequence[tuple[str, ...]],
    code: Mapping[str, int],
    popularity: Mapping[str, NDArray[Any]],
    ks: Sequence[int],
) -> dict[str, NDArray[np.float64]]:
    counts = np.array([len(wanted) for wanted in answers], dtype=np.int64)
    rows = np.repeat(np.arange(len(answers)), counts)
    codes = np.array([code.get(item, -1) for wanted in answers for item in wanted], dtype=np.int64)
    hits = found(ranked, rows, codes)
    values = {}
    for k in ks:
        values[f"recall@{k}"] = recall_at_k(hits, counts, k)
        values[f"hit_rate@{k}"] = hit_rate_at_k(hits, k)
        values[f"mrr@{k}"] = mrr_at_k(hits, k)
        values[f"ndcg@{k}"] = ndcg_at_k(hits, counts, k)
        for name, of_items in popularity.items():
            values[f"{name}@{k}"] = mean_at_k(ranked, of_items, k)
    return values


def support_of(train: Sessions, items: Sequence[str]) -> NDArray[np.int64]:
    """How often training saw each of ``items``; 0 for those that it never saw."""
    if items is train.items:
        return train.support
    counts = dict(zip(train.items, train.support.tolist(), strict=True))
    return np.array([counts.get(item, 0) for item in items], dtype=np.int64)


def _codes_of(train: Sessions, model: Model) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The catalogue, and the code in it of each of the model's columns: what few models know counts alike for all.

    Items that a model has from elsewhere, such as a vectors file of another catalogue, come after those of training.
    """
    items = dict.fromkeys(train.items)
    items.update(dict.fromkeys(model.items))
    code = {item: at for at, item in enumerate(items)}
    # One place more, so that column -1 stays -1.
    known = np.array([code[item] for item in model.items] + [-1], dtype=np.int64)
    return tuple(items) if len(items) > len(train.items) else train.items, known


def _of_width(ranked: NDArray[np.int64], width: int) -> NDArray[np.int32]:
    """Lists of ``width`` places, the empty ones -1."""
    filled = np.full((len(ranked), width), -1, dtype=np.int32)
    filled[:, : ranked.shape[1]] = ranked
    return filled
