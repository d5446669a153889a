"""Learning an order of hits: kept where it is better than the present one on visitors that it never saw."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from proxy.evaluation.capture import Captured
from proxy.evaluation.figures import Columns, Sampler
from proxy.evaluation.growing import lightgbm
from proxy.evaluation.learning import Verdict, examples_of, judged_against, learned_from, present_ranking, start_of
from proxy.evaluation.tuning import parted
from proxy.ranking.base import Candidates
from proxy.ranking.mix import Mix
from proxy.ranking.trees import LearnedModel
from proxy.rankings import CAUTIOUS
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.ranking import Ranking

HITS = 20
NAN = float("nan")


def visits(count: int, seed: int = 3) -> list[Captured]:
    """Long sessions click what is nearest by cosine, short ones what is farthest; the engine knows a little."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        is_long = chance.random() < 0.5
        cosine = chance.normal(size=HITS)
        worth = (2.0 if is_long else -2.0) * cosine - 0.1 * np.arange(HITS) + chance.normal(size=HITS)
        signals = {
            "rank": -np.log2(2.0 + np.arange(HITS)),
            "score": -0.1 * np.arange(HITS),
            "cosine": cosine,
            "covisit": np.full(HITS, NAN),
            "seen": np.zeros(HITS),
        }
        facts = {"length": 10.0 if is_long else 1.0, "coherence": 0.8, "weight": 3.0, "reliability": 0.9}
        made.append(Captured(Candidates(HITS, signals, 0.7, facts=facts), int(worth.argmax()), "personalised", HITS))
    return made


def judged(
    model: LearnedModel, cases: list[Captured], present: Ranking = CAUTIOUS, *, max_displacement: int = 0
) -> Verdict:
    columns = Columns([1] * len(cases), [None] * len(cases), [HITS] * len(cases), [True] * len(cases))
    sampler = Sampler([""] * len(cases), resamples=200, seed=1)
    return judged_against(present, model, cases, columns, sampler, max_displacement=max_displacement)


@pytest.fixture(scope="module")
def model() -> LearnedModel:
    return learned_from(visits(700), start_of(CAUTIOUS, 0.7), seed=1, threads=1)


@pytest.fixture(scope="module")
def verdict(model: LearnedModel) -> Verdict:
    return judged(model, visits(300, seed=4))


def mean(figures: Mapping[str, Mapping[str, Mapping[str, float]]], of: str = "difference") -> float:
    return figures[of]["mrr"]["mean"]


def test_what_helps_some_sessions_and_harms_others_is_learned_better_than_added(verdict: Verdict) -> None:
    assert mean(verdict.learned, "metrics") > 0.6
    assert mean(verdict.learned, "metrics") > mean(verdict.present, "metrics") + 0.2
    assert verdict.against["difference"]["mrr"]["low"] > 0.1
    assert verdict.is_better


def test_the_figures_of_the_three_orders_fit_together(verdict: Verdict) -> None:
    plain = verdict.plain["mrr"]["mean"]
    assert mean(verdict.learned) == pytest.approx(mean(verdict.learned, "metrics") - plain)
    assert mean(verdict.against) == pytest.approx(mean(verdict.learned) - mean(verdict.present))
    document = verdict.document(CAUTIOUS)
    assert list(document["strategies"]) == ["mix", "learned"]
    assert document["better"] is True


def test_an_order_that_is_no_better_than_the_present_one_is_not_kept(model: LearnedModel) -> None:
    """Clicks by chance: neither can be better than the engine's order."""
    chance = np.random.default_rng(9)
    cases = [
        Captured(case.candidates, int(chance.integers(HITS)), case.reason, case.total) for case in visits(300, seed=5)
    ]
    assert not judged(model, cases).is_better
    # Better than what is there, and worse than the engine's order: the release had better have none.
    backwards = Ranking("mix", {"rank": -5.0, "cosine": 0.01})
    first = [Captured(case.candidates, 0, case.reason, case.total) for case in visits(300, seed=5)]
    found = judged(model, first, backwards)
    assert mean(found.against) > 0
    assert mean(found.learned) < 0
    assert not found.is_better


def test_an_order_that_the_present_one_is_better_than_is_not_kept(model: LearnedModel) -> None:
    """Long sessions that click what is nearest, always: nothing is better than the cosine alone."""
    cases = []
    for case in visits(400, seed=6):
        assert case.candidates is not None
        if case.candidates.facts["length"] > 1:
            nearest = int(case.candidates.signals["cosine"].argmax())
            cases.append(Captured(case.candidates, nearest, case.reason, case.total))
    found = judged(model, cases, Ranking("cosine"))
    assert found.learned["difference"]["mrr"]["low"] > 0
    assert mean(found.against) < 0
    assert not found.is_better


def test_a_bound_on_moves_holds_while_it_is_judged(model: LearnedModel) -> None:
    cases = visits(300, seed=4)
    bound, free = (mean(judged(model, cases, max_displacement=most).learned) for most in (1, 0))
    assert 0 < bound < free / 2


def test_the_release_carries_the_figures_and_what_they_were_measured_against(
    model: LearnedModel, verdict: Verdict
) -> None:
    present = Ranking("mix", {"cosine": 0.3}, {"cases": 7})
    ranking = Ranking.from_json(verdict.ranking(model.packed(), present, {"cases": 300, "log": "l.jsonl"}).to_json())
    assert (ranking.strategy, ranking.weights) == ("learned", {})
    assert ranking.measured["difference"] == pytest.approx(ranking.measured["mrr"] - ranking.measured["mrr_plain"])
    assert ranking.measured["low"] < ranking.measured["difference"] < ranking.measured["high"]
    assert (ranking.measured["cases"], ranking.measured["log"]) == (300, "l.jsonl")
    # Trained again, it is measured against what it had replaced, not against itself.
    assert present_ranking(ranking.to_json().encode()) == Ranking("mix", {"cosine": 0.3})
    assert verdict.ranking(b"other bytes", present, {}) != verdict.ranking(model.packed(), present, {})


@pytest.mark.parametrize(
    ("said", "present"),
    [
        (None, CAUTIOUS),
        (Ranking("none").to_json(), Ranking("none")),
        (Ranking("mix", {"rank": 0.1}).to_json(), Ranking("mix", {"rank": 0.1})),
        (Ranking("learned").to_json(), CAUTIOUS),
        (Ranking("learned", {}, {"before": {"strategy": "learned", "weights": {}}}).to_json(), CAUTIOUS),
        (Ranking("learned", {}, {"before": {"strategy": 7, "weights": {}}}).to_json(), CAUTIOUS),
        (Ranking("learned", {}, {"before": []}).to_json(), CAUTIOUS),
        (Ranking("learned", {}, {"before": 1}).to_json(), CAUTIOUS),
        (Ranking("of tomorrow").to_json(), CAUTIOUS),
        ("garbage", CAUTIOUS),
    ],
)
def test_what_a_learned_order_has_to_beat_is_what_the_release_says(said: str | None, present: Ranking) -> None:
    assert present_ranking(said.encode() if said else None) == present


def test_searches_whose_click_cannot_be_moved_teach_nothing() -> None:
    cases = visits(120)
    beyond = Captured(cases[0].candidates, None, "personalised", HITS)
    plain = Captured(None, 3, "no-vector", HITS)
    first = cases[0].candidates
    assert first is not None
    unknown = first.signals["cosine"].copy()
    unknown[2] = NAN
    stays = Captured(replace(first, signals={**first.signals, "cosine": unknown}), 2, "personalised", HITS)
    examples = examples_of([*cases, beyond, plain, stays], {})
    assert examples.counts.tolist() == [HITS] * 120
    assert examples.clicked.reshape(120, HITS).argmax(axis=1).tolist() == [case.clicked for case in cases]
    assert examples.clicked.sum() == 120
    with pytest.raises(DataError, match=r"only 90 of 92 searches .* 100 are the least"):
        examples_of([*cases[:90], beyond, plain], {})


def test_more_hits_than_the_memory_is_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.evaluation.learning.MOST_HITS", 1999)
    with pytest.raises(DataError, match="--cases"):
        examples_of(visits(120), {})


def test_held_back_visitors_are_among_those_that_tune_judges_on() -> None:
    ids = [f"visitor {number}" for number in range(2000)]
    _, held_back = parted(ids, seed=1, share=0.7)
    tuned, judged_on = parted(ids, seed=1)
    assert set(held_back) <= set(judged_on)
    assert 500 < len(held_back) < 700 < len(tuned)


def test_without_lightgbm_there_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ConfigurationError, match=r"lightgbm, .*pip install 'sessionrank\[ltr\]'"):
        lightgbm()


def test_without_openmp_there_is_one_line_that_names_the_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "lightgbm.py").write_text("raise OSError('libgomp.so.1: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    with pytest.raises(ConfigurationError, match=r"libgomp\.so\.1.*apt-get install libgomp1"):
        lightgbm()


def test_trees_begin_with_the_sum_of_the_release_and_else_with_the_cautious_one() -> None:
    assert start_of(Ranking("mix", {"cosine": 2.0, "rank": 0.5}), 0.75) == {"cosine": 1.5, "rank": 0.125}
    cautious = start_of(CAUTIOUS, 0.7)
    assert cautious["covisit"] == pytest.approx(0.7)
    assert start_of(Ranking("covisit"), 0.7) == start_of(Ranking("none"), 0.7) == cautious


def test_of_few_searches_that_tell_little_nothing_is_unlearned() -> None:
    """What `mix` puts first is clicked: a hundred searches must not lose that."""

    def by_mix(count: int, seed: int) -> list[Captured]:
        made = []
        for case in visits(count, seed):
            assert case.candidates is not None
            order, _ = Mix({"cosine": 1.0, "rank": 0.4}).order(case.candidates)
            made.append(replace(case, clicked=int(order[0])))
        return made

    present = Ranking("mix", {"cosine": 1.0, "rank": 0.4})
    found = {}
    for name, start in (("begun", start_of(present, 0.7)), ("from nothing", {})):
        few = learned_from(by_mix(100, 7), start, seed=1, threads=1)
        found[name] = mean(judged(few, by_mix(200, 8), present).learned, "metrics")
    assert found["begun"] > 0.95
    assert found["begun"] > found["from nothing"] + 0.03
