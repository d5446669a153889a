"""Learned models: what LightGBM grew scores the same here, and what is damaged is refused in one line."""

from __future__ import annotations

import random
from typing import Any

import lightgbm
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from proxy.evaluation.growing import Examples, grown
from proxy.ranking.trees import MOST_LEAVES, MOST_TREES, Forest, LearnedModel, Tree, read_model
from sessionrank.errors import DataError

SIGNALS = ["one", "two"]
NAMES = ["one", "two", "three", "of all"]
#: Up to 1 to the first leaf; above, up to 5 of the second feature to the second leaf, else to the third.
SMALL = Tree([(0, 1.0, 0, 1, False), (1, 5.0, 1, 2, True)], [0.25, 0.5, -1.0])


def values(model: LearnedModel, rows: list[list[float]]) -> list[float]:
    """Of rows that all have the same last number."""
    matrix = np.array(rows, dtype=float)
    return [float(v) for v in Forest(model, 3).values(matrix[:, :3].T, matrix[0, 3:])]


def model_of(*trees: Tree) -> LearnedModel:
    return LearnedModel(NAMES, {"two": 0.5}, list(trees), {})


def searches(seed: int, count: int = 60, hits: int = 30) -> Examples:
    """Clicked is what has most of the first feature and little of the second; some numbers are not known."""
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(count * hits, 4)).round(2)
    matrix[:, 3] = np.repeat(chance.integers(0, 3, count), hits)
    worth = matrix[:, 0] - (matrix[:, 1] > 0.5)
    clicked = np.zeros(count * hits, np.int8)
    clicked[np.arange(count) * hits + worth.reshape(count, hits).argmax(axis=1)] = 1
    for feature, share in ((0, 0.1), (1, 0.3)):
        matrix[chance.random(len(matrix)) < share, feature] = np.nan
    return Examples(matrix, clicked, np.full(count, hits), chance.normal(size=len(matrix)) / 4)


def test_a_hit_gets_the_leaf_that_its_numbers_lead_to() -> None:
    nan = float("nan")
    rows = [
        [1.0, 9, 0, 0],
        [1.01, 5, 0, 0],
        [1.01, 5.01, 0, 0],
        [nan, 9, 0, 0],
        [2, nan, 0, 0],
        [np.inf, -np.inf, 0, 0],
    ]
    assert values(model_of(SMALL), rows) == [0.25, 0.5, -1.0, 0.25, -1.0, 0.5]


def test_trees_are_added_and_one_of_a_single_leaf_adds_it_to_all() -> None:
    assert values(model_of(SMALL, Tree([], [10.0]), SMALL), [[0, 0, 0, 0], [2, 6, 0, 0]]) == [10.5, 8.0]


@pytest.mark.parametrize(("common", "expected"), [(3.0, 1.0), (3.5, 2.0), (float("nan"), 2.0), (np.inf, 2.0)])
def test_what_all_hits_share_decides_for_all(common: float, expected: float) -> None:
    model = model_of(Tree([(3, 3.0, 0, 1, True)], [1.0, 2.0]))
    assert values(model, [[0, 0, 0, common], [9, 9, 9, common]]) == [expected, expected]


def test_no_hits_get_no_values() -> None:
    assert Forest(model_of(SMALL), 3).values(np.empty((3, 0)), np.array([0.0])).shape == (0,)


def grown_by_lightgbm(examples: Examples, monkeypatch: pytest.MonkeyPatch) -> tuple[LearnedModel, lightgbm.Booster]:
    kept: list[lightgbm.Booster] = []
    train = lightgbm.train

    def keeping(*given: Any, **named: Any) -> lightgbm.Booster:
        kept.append(train(*given, **named))
        return kept[-1]

    monkeypatch.setattr(lightgbm, "train", keeping)
    return grown(NAMES, examples, {"two": 0.5}, seed=1, threads=1), kept[0]


def test_a_model_scores_as_the_library_that_grew_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, booster = grown_by_lightgbm(searches(1), monkeypatch)
    read = read_model(model.packed(), NAMES, SIGNALS)
    assert read == model
    assert sum(len(tree.splits) for tree in read.trees) > 200
    fresh = searches(2).matrix[:900]
    # Numbers that stand just on a threshold, and some that training always knew.
    fresh[:4, 0] = [tree.splits[0][1] for tree in read.trees if tree.splits and tree.splits[0][0] == 0][:4]
    fresh[-300:, 2] = np.nan
    for start in range(0, 900, 30):
        rows: NDArray[np.float64] = fresh[start : start + 30]
        rows[:, 3] = np.nan if start == 30 else rows[0, 3]
        ours = Forest(read, 3).values(np.ascontiguousarray(rows[:, :3].T), rows[0, 3:])
        assert ours == pytest.approx(booster.predict(rows), abs=1e-12)


def test_equal_searches_and_seeds_give_equal_models_on_any_number_of_threads() -> None:
    assert (
        grown(NAMES, searches(3), {}, seed=5, threads=1).packed()
        == grown(NAMES, searches(3), {}, seed=5, threads=2).packed()
    )


def test_signals_that_tell_nothing_are_nothing_to_learn_from() -> None:
    examples = searches(4)
    nothing = Examples(np.zeros_like(examples.matrix), examples.clicked, examples.counts, examples.start)
    with pytest.raises(DataError, match="nothing can be learned"):
        grown(NAMES, nothing, {}, seed=1, threads=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features": [*NAMES[1:], NAMES[0]]}, "another version"),
        ({"format_version": 2}, "another version"),
        ({"trees": []}, "0 trees"),
        ({"trees": [{"splits": [], "leaves": [1.0]}] * (MOST_TREES + 1)}, "501 trees"),
        ({"trees": [{"splits": [], "leaves": [1.0, 2.0]}]}, "tree 1"),
        ({"trees": [{"splits": [], "leaves": []}]}, "tree 1"),
        ({"trees": [{"splits": [[4, 0.0, 0, 1, False]], "leaves": [1.0, 2.0]}]}, "tree 1"),
        ({"trees": [{"splits": [[-1, 0.0, 0, 1, False]], "leaves": [1.0, 2.0]}]}, "tree 1"),
        ({"trees": [{"splits": [[0, 0.0, 0, 2, False]], "leaves": [1.0, 2.0]}]}, "tree 1"),
        ({"trees": [{"splits": [[0, 0.0, 1, 1, False]], "leaves": [1.0, 2.0]}]}, "tree 1"),
        ({"trees": [{"splits": [[0, 0.0, 0, 1, False]] * MOST_LEAVES, "leaves": [1.0] * (MOST_LEAVES + 1)}]}, "tree 1"),
        ({"trees": [{"splits": [[0, 0.0, 0, 1, 1]], "leaves": [1.0, 2.0]}]}, "not a learned model"),
        ({"trees": [{"splits": [[0, "low", 0, 1, False]], "leaves": [1.0, 2.0]}]}, "not a learned model"),
        ({"surprise": 1}, "not a learned model"),
        ({"start": {"three": 1.0}}, "of no signal"),
        ({"start": {"one": 1001.0}}, "no weight"),
    ],
)
def test_a_model_that_cannot_be_scored_is_refused(change: dict[str, Any], said: str) -> None:
    fields = {"format_version": 1, "features": NAMES, "start": {"one": 1.0}, "trees": [SMALL], "meta": {}}
    assert read_model(msgspec.json.encode(fields), NAMES, SIGNALS)
    with pytest.raises(DataError, match=said):
        read_model(msgspec.json.encode(fields | change), NAMES, SIGNALS)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_000, b" " * (2 * 1024 * 1024 + 1), b'{"trees": 1e999}'])
def test_what_is_no_model_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        read_model(data, NAMES, SIGNALS)


def test_damaged_models_are_refused_or_score_numbers() -> None:
    sound = model_of(SMALL, Tree([(2, -0.5, 0, 1, True)], [1e300, -2.5])).packed()
    chance = random.Random(1)
    outcomes = set()
    for _ in range(500):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(damaged))
            damaged[at : at + chance.randint(0, 3)] = chance.choice([b"", b"9", b"-", b"e9", b"[", b"\x00", b"7,"])
        try:
            model = read_model(bytes(damaged), NAMES, SIGNALS)
        except DataError as error:
            outcomes.add("refused" if "\n" not in str(error) else "told in two lines")
        else:
            assert np.isfinite(values(model, [[0.0, 9.0, -1.0, 0.0], [float("nan")] * 4])).all()
            outcomes.add("scored")
    assert outcomes == {"refused", "scored"}
