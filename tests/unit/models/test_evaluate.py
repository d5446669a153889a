"""A model of known answers against cases of known places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.algorithms.base import Model
from models.evaluation.evaluate import evaluate, support_of
from models.protocols.base import Cases
from models.sessions import encoded


class Fixed(Model):
    """The same scores for everybody."""

    def __init__(self, scores: dict[str, float]) -> None:
        self.scores = scores

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(self.scores)

    @property
    def meta(self) -> dict[str, Any]:
        return {"algorithm": "fixed"}

    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        return np.tile(np.array(list(self.scores.values()), dtype=np.float32), (len(prefixes), 1))

    def save(self, path: Path | str) -> None:
        raise NotImplementedError


#: a b c d e, in this order for everybody.
MODEL = Fixed({"c": 3, "a": 5, "e": 1, "b": 4, "d": 2})
TRAIN = encoded([["a", "b"], ["a", "c"], ["a", "d", "zz"]])


def cases(*pairs: tuple[str, str]) -> Cases:
    prefixes = [tuple(prefix.split()) for prefix, _ in pairs]
    return Cases(prefixes, tuple(tuple(wanted.split()) for _, wanted in pairs), np.arange(len(pairs)))


def test_places_are_counted_after_what_the_repeat_policy_leaves_out() -> None:
    asked = cases(("b a", "b"), ("b a", "c"))
    assert evaluate(MODEL, asked, (5,), leave_out="nothing").values["mrr@5"].tolist() == pytest.approx([1 / 2, 1 / 3])
    assert evaluate(MODEL, asked, (5,), leave_out="last").values["mrr@5"].tolist() == pytest.approx([1, 1 / 2])
    assert evaluate(MODEL, asked, (5,), leave_out="all").values["mrr@5"].tolist() == pytest.approx([0, 1])


def test_every_metric_is_there_for_every_k() -> None:
    result = evaluate(MODEL, cases(("e", "c d"), ("e", "never seen")), (1, 3), train=TRAIN)
    names = {f"{name}@{k}" for name in ("recall", "hit_rate", "mrr", "ndcg", "support", "percentile") for k in (1, 3)}
    assert result.values.keys() == names
    assert result.values["recall@3"].tolist() == [0.5, 0]
    assert result.values["hit_rate@1"].tolist() == [0, 0]
    assert result.mean("hit_rate@3") == 0.5


def test_lists_are_in_the_codes_of_the_training_part_whatever_the_order_of_the_model() -> None:
    result = evaluate(MODEL, cases(("", "a")), (5,), leave_out="nothing", train=TRAIN)
    assert [result.items[code] for code in result.ranked[0]] == ["a", "b", "c", "d", "e"]
    assert result.items[: len(TRAIN.items)] == TRAIN.items
    assert support_of(TRAIN, result.items).tolist() == [3, 1, 1, 1, 1, 0]
    assert result.values["support@5"].tolist() == [(3 + 1 + 1 + 1 + 0) / 5]


def test_a_model_with_fewer_items_than_places_leaves_places_empty() -> None:
    result = evaluate(Fixed({"a": 1, "b": -np.inf}), cases(("", "b"), ("", "a")), (10,), train=TRAIN)
    assert result.ranked[:, 0].tolist() == [0, 0]
    assert (result.ranked[:, 1:] == -1).all()
    assert result.values["recall@10"].tolist() == [0, 1]


def test_no_cases_give_no_values_and_no_mean() -> None:
    result = evaluate(MODEL, cases(), (10,), train=TRAIN)
    assert result.values["recall@10"].shape == (0,)
    assert np.isnan(result.mean("recall@10"))
