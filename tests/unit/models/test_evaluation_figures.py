"""Figures over many draws: the same as each draw by itself, averaged."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from models.algorithms.popularity import Popularity
from models.algorithms.random import Random
from models.evaluation.draws import Material, gather, seeds_of
from models.evaluation.evaluate import evaluate
from models.evaluation.figures import difference, part_figures, slice_masks
from models.evaluation.machine import peak_memory, reset_peak_memory
from models.evaluation.run import Subject, measure
from models.metrics import coverage_at_k
from models.protocols.registry import make_protocol
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError

PROTOCOL = make_protocol("fast-forward:test=30,validation=20")
SEEDS = (3, 4, 5)


def sessions(count: int = 80) -> Sessions:
    chance = random.Random(2)
    lists = [
        [f"i{min(chance.randrange(30), chance.randrange(30))}" for _ in range(chance.randint(3, 8))]
        for _ in range(count)
    ]
    made = encoded(lists)
    visits = np.array([chance.randrange(2) for _ in range(made.events)], dtype=np.int32)
    return dataclasses.replace(made, visits=visits)


@pytest.fixture
def material() -> Material:
    return gather(PROTOCOL, sessions(), SEEDS)


def test_a_mean_over_draws_is_the_mean_of_what_each_split_gives_by_itself(material: Material) -> None:
    said = measure(Subject("popularity", Popularity()), material, (5, 10)).said
    for part in ("validation", "test"):
        figures = said["parts"][part]
        for k in (5, 10):
            by_hand: dict[str, list[float]] = {}
            for seed in SEEDS:
                split = PROTOCOL.split(sessions(), seed)
                model = Popularity().fit(split.train)
                result = evaluate(model, getattr(split, part), (k,), train=split.train)
                for name in ("recall", "hit_rate", "mrr", "ndcg", "percentile"):
                    by_hand.setdefault(name, []).append(result.mean(f"{name}@{k}"))
                counts = dict(zip(split.train.items, split.train.support.tolist(), strict=True))
                answers = [counts.get(wanted[0], 0) for wanted in getattr(split, part).answers]
                by_hand.setdefault("popularity_bias", []).append(result.mean(f"support@{k}") / np.mean(answers))
                by_hand.setdefault("coverage", []).append(coverage_at_k(result.ranked, k, len(split.train.items)))
            for name, values in by_hand.items():
                figure = figures["metrics"][f"{name}@{k}"]
                assert figure["draws"] == pytest.approx(values, abs=1e-6), name
                # A ratio of means is not the mean of ratios; all others are means.
                assert figure["mean"] == pytest.approx(np.mean(values), abs=0.02 if name == "popularity_bias" else 1e-6)
                assert figure["low"] <= figure["mean"] <= figure["high"]


def test_slices_part_the_cases(material: Material) -> None:
    masks = slice_masks(material)
    for one, other in (
        ("popular answers", "rare answers"),
        ("short histories", "long histories"),
        ("within a visit", "across visits"),
    ):
        assert (masks[one] ^ masks[other]).all()
        assert masks[one].any()
        assert masks[other].any()
    slices = measure(Subject("popularity", Popularity()), material, (5,)).said["parts"]["test"]["slices"]
    whole = measure(Subject("popularity", Popularity()), material, (5,)).said["parts"]["test"]
    assert slices["popular answers"]["cases"] + slices["rare answers"]["cases"] == whole["cases"]
    assert slices["popular answers"]["metrics"]["recall@5"]["mean"] > whole["metrics"]["recall@5"]["mean"]
    assert slices["rare answers"]["metrics"]["recall@5"]["mean"] == 0


def test_popular_answers_are_those_among_the_most_popular_fifth(material: Material) -> None:
    support = dict(zip(material.train.items, material.train.support.tolist(), strict=True))
    fifth = sorted(support.values(), reverse=True)[: len(support) // 5]
    masks = slice_masks(material)
    chosen = [
        support.get(wanted[0], 0)
        for wanted, mask in zip(material.cases.answers, masks["popular answers"], strict=True)
        if mask
    ]
    assert min(chosen) >= min(fifth)
    assert len(set(chosen)) >= 2


def test_what_training_seeds_give_is_averaged_and_told(material: Material) -> None:
    said = measure(Subject("random", Random(seed=7)), material, (5,), training_seeds=3).said
    alone = [measure(Subject("random", Random(seed=seed)), material, (5,)).said for seed in (7, 8, 9)]
    means = [one["parts"]["test"]["metrics"]["recall@5"]["mean"] for one in alone]
    assert said["training_seeds"] == [7, 8, 9]
    assert said["by_training_seed"]["test"]["recall@5"] == pytest.approx(means)
    assert len(set(means)) > 1
    assert said["parts"]["test"]["metrics"]["recall@5"]["mean"] == pytest.approx(np.mean(means), abs=1e-5)


def test_a_difference_is_taken_case_by_case() -> None:
    """Two models that find the same answers, the one five more: alone their intervals overlap, together they differ."""
    weights = np.ones(200)
    found = (np.random.default_rng(1).random(200) < 0.5).astype(float)
    more = found.copy()
    more[np.flatnonzero(found == 0)[:5]] = 1
    values, others = ({f"{name}@5": one for name in ("recall", "hit_rate", "mrr", "ndcg")} for one in (more, found))
    against = difference(values, others, weights, (5,))["recall@5"]
    assert against["mean"] == pytest.approx(5 / 200)
    assert 0 < against["low"] < against["high"] < 0.06
    assert difference(values, values, weights, (5,))["mrr@5"] == {"mean": 0, "low": 0, "high": 0}


def test_equal_runs_give_equal_intervals(material: Material) -> None:
    once, again = (measure(Subject("", Popularity()), material, (5,)).said["parts"] for _ in range(2))
    assert once == again


def test_one_case_a_part_has_figures_without_a_spread() -> None:
    tiny = gather(make_protocol("leave-last-out"), [["a", "b", "a"], ["b", "a", "b"]], (1,))
    result = evaluate(Popularity().fit(tiny.train), tiny.cases, (2,), train=tiny.train)
    figures = part_figures([result], tiny, "test", (2,))
    assert figures["cases"] == 1
    assert figures["metrics"]["recall@2"]["low"] == figures["metrics"]["recall@2"]["high"] == 1


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("123", (123,)), ("1, 2,3", (1, 2, 3)), ("123-125", (123, 124, 125)), ("5-6,1,5", (5, 6, 1))],
)
def test_seeds_are_read_as_they_are_written(text: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "a", "1-", "-1", "3-1", "1,,2", "0-1000", "1-600,700-1200", "9" * 30, "4294967296", "٣"]
)
def test_what_are_no_seeds_or_too_many_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="seeds"):
        seeds_of(text)


def test_peak_memory_counts_what_was_held_since_the_reset() -> None:
    reset = reset_peak_memory()
    before = peak_memory()
    held = np.ones(16 << 20)
    assert peak_memory() >= before + held.nbytes // 2
    del held
    if reset:
        reset_peak_memory()
        assert peak_memory() < before + (64 << 20)
