"""The choice of how hits are ordered, on searches whose clicks follow a planted habit; and the verdict on others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from proxy.evaluation.capture import Captured
from proxy.evaluation.figures import Columns, Sampler
from proxy.evaluation.tuning import GRID, Choice, chosen, drawn, judged, mrr, parted, tells_of_repeats
from proxy.ranking.base import Candidates
from proxy.ranking.mix import Mix, standardised
from proxy.ranking.none import NoRanking
from proxy.rankings import CAUTIOUS
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase

HITS = 20
KNOWN = {"length": 10.0, "coherence": 1.0, "weight": 9.0, "reliability": 0.9}
Signals = dict[str, NDArray[np.float64]]
Habit = Callable[[Mapping[str, NDArray[np.float64]], np.random.Generator], NDArray[np.float64]]


def searches(habit: Habit, count: int = 300, *, seed: int = 3) -> list[Captured]:
    """Searches in which that hit is clicked that is worth most, by what is known of the hits and by chance."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        signals: Signals = {
            "rank": -np.log2(2.0 + np.arange(HITS)),
            "score": np.sort(chance.normal(size=HITS))[::-1].copy(),
            "cosine": chance.normal(size=HITS),
            "covisit": chance.exponential(size=HITS),
            "seen": (chance.random(HITS) < 0.1).astype(np.float64),
        }
        clicked = int(habit(signals, chance).argmax())
        made.append(Captured(Candidates(HITS, signals, 0.7, facts=KNOWN), clicked, "personalised", HITS))
    return made


def by_cosine_alone(signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator) -> NDArray[np.float64]:
    return signals["cosine"]


def by_chance(signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator) -> NDArray[np.float64]:
    return chance.random(HITS)


def by_cosine_and_rank(signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator) -> NDArray[np.float64]:
    """Things that are bought together are replacements here: who has one does not want the other."""
    return standardised(signals["cosine"]) + standardised(signals["rank"]) - standardised(signals["covisit"])


def by_covisits_of_what_is_new(
    signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator
) -> NDArray[np.float64]:
    return standardised(signals["covisit"]) - 9 * signals["seen"] + 0.5 * chance.normal(size=HITS)


def mostly_of_what_is_new(
    signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator
) -> NDArray[np.float64]:
    """The same, but now and then a visitor comes back to what was seen."""
    back = chance.random() < 0.12
    return by_covisits_of_what_is_new(signals, chance) + 20 * signals["seen"] * back


def columns(count: int, **changes: list[bool | None]) -> Columns:
    return Columns([1] * count, changes.get("popular", [None] * count), [HITS] * count, [True] * count)


def verdict(choice: Choice, cases: list[Captured], ids: list[str] | None = None, **more: int) -> Ranking:
    sampler = Sampler(ids or [""] * len(cases), resamples=300, seed=1)
    return judged(choice, cases, columns(len(cases)), sampler, **more)


def test_a_visitor_is_in_one_part_and_the_seed_decides_in_which() -> None:
    ids = [f"visitor {number % 700}" for number in range(2100)]
    choosing, judging = parted(ids, seed=1)
    assert sorted([*choosing, *judging]) == list(range(2100))
    assert {ids[at] for at in choosing}.isdisjoint({ids[at] for at in judging})
    assert len(choosing) == pytest.approx(1050, abs=150)
    assert parted(ids, seed=1) == (choosing, judging)
    assert parted(ids, seed=2) != (choosing, judging)


def test_searches_without_an_id_are_visitors_of_their_own() -> None:
    choosing, judging = parted([""] * 2000, seed=1)
    assert len(choosing) == pytest.approx(1000, abs=100)
    assert len(judging) == 2000 - len(choosing)


def test_a_larger_share_to_choose_on_holds_the_smaller_one() -> None:
    """So that what was judged on with one share was not chosen on with a smaller one."""
    ids = [str(number) for number in range(1000)]
    half, _ = parted(ids, seed=1)
    most, rest = parted(ids, seed=1, share=0.7)
    assert set(half) < set(most)
    assert len(rest) == pytest.approx(300, abs=60)
    assert parted(ids, seed=1, share=1.0)[1] == []


def test_of_a_long_log_some_searches_are_drawn_in_its_order() -> None:
    cases = [SearchCase((), "mug", str(number)) for number in range(500)]
    assert drawn(cases, seed=1, most=500) == cases
    some = drawn(cases, seed=1, most=100)
    numbers = [int(case.clicked) for case in some]
    assert numbers == sorted(set(numbers))
    assert (len(numbers), numbers[-1] > 400) == (100, True)
    assert drawn(cases, seed=1, most=100) == some
    assert drawn(cases, seed=2, most=100) != some


def test_a_strategy_without_weights_is_chosen_where_nothing_is_better() -> None:
    choice = chosen(searches(by_cosine_alone))
    assert (choice.strategy, choice.weights, choice.mrr) == ("cosine", {}, 1.0)
    assert list(choice.tried) == ["none", "cosine", "covisit", "blend", "mix"]
    assert choice.tried["none"] < 0.3


def test_what_was_seen_weighs_nothing_where_nobody_ever_comes_back_to_it() -> None:
    """A log that was made of orders asks for nothing twice: it would teach to put last what visitors look at."""
    choice = chosen(searches(by_covisits_of_what_is_new, 400))
    assert choice.strategy in ("mix", "covisit")
    assert choice.weights.get("seen", 0.0) == 0.0


def test_the_planted_habit_is_found_with_weights_of_the_grid() -> None:
    cases = searches(mostly_of_what_is_new, 400)
    assert tells_of_repeats(cases)
    choice = chosen(cases)
    assert choice.strategy == "mix"
    assert choice.weights["covisit"] == 1.0
    assert choice.weights["seen"] <= -0.5
    assert choice.weights["cosine"] <= 0.15
    assert choice.weights["rank"] <= 0.3
    assert choice.weights.keys() == GRID.keys()
    assert all(weight in GRID[name] for name, weight in choice.weights.items())
    assert choice.mrr == choice.tried["mix"] == mrr(cases, choice.made(), 0)
    assert choice.mrr > choice.tried["covisit"]
    assert choice.mrr > mrr(cases, Mix(), 0) + 0.05


def test_no_single_weight_can_be_changed_for_the_better() -> None:
    cases = searches(mostly_of_what_is_new, 400, seed=5)
    choice = chosen(cases)
    assert choice.strategy == "mix"
    for name, values in GRID.items():
        for value in values:
            changed = {**choice.weights, name: value}
            if any(changed[signal] for signal in ("cosine", "covisit", "seen")):
                assert mrr(cases, Mix(changed), 0) <= choice.mrr + 1e-4


def test_covisits_weigh_nothing_where_they_do_harm() -> None:
    choice = chosen(searches(by_cosine_and_rank))
    assert choice.strategy == "mix"
    assert choice.weights["covisit"] == 0.0
    assert choice.weights["cosine"] > 0
    assert choice.mrr > choice.tried["none"] + 0.05


def test_the_engines_order_is_chosen_where_all_others_are_worse() -> None:
    def by_rank_against_all(
        signals: Mapping[str, NDArray[np.float64]], chance: np.random.Generator
    ) -> NDArray[np.float64]:
        return signals["rank"]

    choice = chosen(searches(by_rank_against_all, 60))
    assert (choice.strategy, choice.weights, choice.mrr) == ("none", {}, 1.0)
    assert isinstance(choice.made(), NoRanking)


def test_equal_searches_give_equal_choices_and_each_try_is_told() -> None:
    cases = searches(by_cosine_and_rank, 100)
    told: list[None] = []
    choice = chosen(cases, on_tried=lambda: told.append(None))
    assert choice == chosen(cases)
    assert len(told) >= 5 + sum(len(values) - 1 for values in GRID.values()) - 1


def test_the_grid_holds_weights_that_a_release_may_have_and_the_defaults_to_begin_with() -> None:
    assert GRID.keys() == Mix.defaults.keys()
    made = Ranking("mix", {name: values[-1] for name, values in GRID.items()})
    assert Ranking.from_json(made.to_json()) == made
    assert chosen(searches(by_chance, 30)).tried["mix"] >= mrr(searches(by_chance, 30), Mix(), 0)


def test_a_choice_that_is_surely_better_is_what_the_release_carries_with_its_figures() -> None:
    choice = chosen(searches(by_covisits_of_what_is_new))
    held = searches(by_covisits_of_what_is_new, 200, seed=4)
    ranking = verdict(choice, held)
    assert (ranking.strategy, ranking.weights) == ("mix", choice.weights)
    measured = ranking.measured
    assert (measured["tried"], measured["cases"], measured["visitors"]) == ("mix", 200, 200)
    assert measured["mrr_plain"] == pytest.approx(np.mean([1 / case.plain_rank for case in held]))
    assert measured["mrr"] == pytest.approx(mrr(held, choice.made(), 0))
    assert measured["difference"] == pytest.approx(measured["mrr"] - measured["mrr_plain"])
    assert 0 < measured["low"] < measured["difference"] < measured["high"]
    assert measured["strategies"].keys() == {"cosine", "covisit", "blend", "mix", "mix, cautious defaults"}
    assert measured["strategies"]["mix"] == round(measured["mrr"], 4)
    assert measured["strategies"]["mix, cautious defaults"] == round(mrr(held, Mix(), 0), 4) < measured["mrr"]
    assert measured["harmed"] == []
    assert Ranking.from_json(ranking.to_json()) == ranking
    assert CAUTIOUS.strategy == "mix"


def test_the_engines_rank_counts_no_less_than_by_default_where_it_is_to_be_kept() -> None:
    cases = searches(by_cosine_alone)
    free, kept = chosen(cases), chosen(cases, keep_rank=True)
    assert (free.strategy, set(kept.tried)) == ("cosine", {"none", "mix"})
    assert kept.strategy == "mix"
    assert kept.weights["rank"] >= Mix.defaults["rank"] > chosen(cases).weights.get("rank", 0.0)
    assert chosen(searches(by_chance, 120), keep_rank=True).tried.keys() == {"none", "mix"}


def test_a_choice_that_may_be_chance_is_not_taken_and_its_figures_are_told() -> None:
    choice = Choice("mix", {**Mix.defaults, "rank": 1.2, "seen": 2.0}, 0.5, {})
    luck = set()
    for seed in range(4):
        ranking = verdict(choice, searches(by_chance, 200, seed=seed))
        measured = ranking.measured
        assert measured["low"] <= 0 <= measured["high"]
        assert (ranking.strategy, ranking.weights, measured["tried"]) == ("none", {}, "mix")
        luck.add(measured["mrr"] > measured["mrr_plain"])
    assert luck == {True, False}


def test_a_choice_that_harms_the_others_is_not_taken() -> None:
    ranking = verdict(Choice("covisit", {}, 1.0, {}), searches(by_cosine_and_rank))
    assert ranking.measured["high"] < 0
    assert ranking.strategy == "none"


def test_where_the_engines_order_was_chosen_it_is_carried() -> None:
    ranking = verdict(Choice("none", {}, 0.2, {}), searches(by_cosine_alone, 120))
    assert (ranking.strategy, ranking.measured["difference"], ranking.measured["tried"]) == ("none", 0.0, "none")
    assert ranking.measured["strategies"]["cosine"] == 1.0
    assert "mix, cautious defaults" not in ranking.measured["strategies"]


def test_parts_that_it_harms_are_told_though_it_is_better_on_the_whole() -> None:
    good, bad = searches(by_cosine_alone, 150), searches(by_cosine_and_rank, 50)
    harmful = [Captured(case.candidates, 0, case.reason, HITS) for case in bad]
    sampler = Sampler([""] * 200, resamples=300, seed=1)
    popular: list[bool | None] = [*[False] * 150, *[True] * 50]
    ranking = judged(Choice("cosine", {}, 1.0, {}), [*good, *harmful], columns(200, popular=popular), sampler)
    assert ranking.strategy == "cosine"
    assert ranking.measured["harmed"] == ["clicked product: popular"]


def test_the_searches_of_a_few_visitors_say_nothing_however_many_they_are() -> None:
    choice, held = Choice("cosine", {}, 1.0, {}), searches(by_cosine_alone)
    few = verdict(choice, held, [f"visitor {number % 9}" for number in range(300)])
    assert (few.strategy, few.measured["low"], few.measured["high"]) == ("none", None, None)
    assert few.measured["difference"] > 0.5
    assert Ranking.from_json(few.to_json()) == few
    assert verdict(choice, held, [f"visitor {number % 10}" for number in range(300)]).strategy == "cosine"


def test_hits_that_may_not_move_far_are_chosen_and_judged_so() -> None:
    cases = searches(by_cosine_alone, 100)
    free, bound = chosen(cases), chosen(cases, max_displacement=2)
    assert free.mrr == 1.0
    assert free.tried["none"] == bound.tried["none"] < bound.mrr < 0.6
    ranking = verdict(bound, cases, max_displacement=2)
    assert ranking.measured["mrr"] == pytest.approx(bound.mrr)
    assert ranking.measured["strategies"]["cosine"] == round(bound.tried["cosine"], 4)


def test_searches_that_no_strategy_can_change_leave_the_engines_order() -> None:
    unchanged = [Captured(None, at % HITS, "no-vector", HITS) for at in range(120)]
    beyond = [Captured(None, None, "no-vector", None) for _ in range(120)]
    choice = chosen([*unchanged, *beyond])
    assert choice.strategy == "none"
    assert choice.mrr == pytest.approx(np.mean(1 / np.arange(1, HITS + 1)) / 2)
    assert verdict(choice, [*unchanged, *beyond]).strategy == "none"
