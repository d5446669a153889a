"""Products held out of training: what training may know of them, and figures with a known answer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from models.algorithms.popularity import Popularity
from models.algorithms.word2vec import Word2Vec
from models.coldstart.base import ColdStart, ContentModel, OnEpoch
from models.coldstart.evaluation import AMONG, CEILING, HONEST, RANDOM, TOLD, Draw, evaluate_draw, figures
from models.coldstart.held_out import HeldOut, hold_out
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

GROUPS = 5
ITEMS_A_GROUP = 10


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    """Sessions that each stay within one group of items; g*-0 are bought more often than the others."""
    chance = random.Random(2)
    made = []
    for _ in range(400):
        group = chance.randrange(GROUPS)
        made.append([f"g{group}-{min(chance.randrange(ITEMS_A_GROUP), chance.randrange(12))}" for _ in range(8)])
    return encoded(made)


@pytest.fixture(scope="module")
def texts(sessions: Sessions) -> dict[str, str]:
    return {sku: sku.partition("-")[0] for sku in sessions.items}


def test_training_sees_no_event_of_a_held_out_product_and_none_of_a_session_that_is_asked(
    sessions: Sessions, texts: Mapping[str, str]
) -> None:
    held = hold_out(sessions, texts, seed=1)
    assert len(held.products) == int((sessions.support >= 20).sum()) // 5 == 9
    assert not set(held.products) & set(held.training.items)
    assert set(held.products) <= set(held.informed.items)
    asked = {case.session for case in held.cases}
    assert len(asked) > 50
    rest = [sessions[at] for at in range(len(sessions)) if at not in asked]
    assert len(held.training) == len(held.informed) == len(sessions) * 4 // 5 <= len(rest)
    assert set(held.informed) <= set(rest)


def test_a_case_is_a_held_out_product_right_after_another_one(sessions: Sessions, texts: Mapping[str, str]) -> None:
    held = hold_out(sessions, texts, seed=1, most_cases=2)
    cold = set(held.products)
    for case in held.cases:
        session = sessions[case.session]
        assert not set(case.prefix) & cold
        assert any(
            session[at] == case.answer
            and session[at - 1] == case.prefix[-1]
            and tuple(sku for sku in session[:at] if sku not in cold) == case.prefix
            for at in range(1, len(session))
        )
    of_session = [case.session for case in held.cases]
    assert max(of_session.count(one) for one in of_session) == 2


def test_equal_seeds_hold_out_the_same_and_other_seeds_others(sessions: Sessions, texts: Mapping[str, str]) -> None:
    assert hold_out(sessions, texts, seed=4).cases == hold_out(sessions, texts, seed=4).cases
    assert hold_out(sessions, texts, seed=4).products != hold_out(sessions, texts, seed=5).products


def test_products_without_a_text_or_seldom_seen_are_not_held_out(sessions: Sessions) -> None:
    some = {sku for sku in sessions.items if sku.startswith("g1")}
    assert all(sku.startswith("g1") for sku in hold_out(sessions, some, seed=1).products)
    with pytest.raises(DataError, match="too few products or sessions"):
        hold_out(sessions, some, seed=1, least_support=10**6)
    with pytest.raises(DataError, match="too few products or sessions"):
        hold_out(encoded([]), {}, seed=1)


@dataclass(frozen=True)
class Planted(ColdStart):
    """Gives a product the mean of its group's trained vectors: what a text can say here at most; or nothing."""

    name: ClassVar[str] = "planted"
    silent: ClassVar[bool] = False

    def fit(
        self,
        vectors: VectorsFile,
        texts: Mapping[str, str],
        *,
        sessions: Sessions | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> ContentModel:
        groups = np.array([texts[sku] for sku in vectors.ids.tolist()])
        means = {group: vectors.vectors[groups == group].mean(axis=0) for group in set(groups.tolist())}
        silent = self.silent

        class Means(ContentModel):
            def vectors_for(self, texts: Sequence[str]) -> NDArray[np.float32]:
                made = np.array([means[text] for text in texts], dtype=np.float32)
                made /= np.linalg.norm(made, axis=1, keepdims=True)
                return made * 0 if silent else made

        return Means({})


@dataclass(frozen=True)
class Silent(Planted):
    """Has no vector for anything."""

    name: ClassVar[str] = "silent"
    silent: ClassVar[bool] = True


@pytest.fixture(scope="module")
def draws(sessions: Sessions, texts: Mapping[str, str]) -> list[Draw]:
    algorithm = Word2Vec(size=8, epochs=15, min_count=1)
    return [evaluate_draw(sessions, texts, algorithm, [Planted(), Silent()], seed=seed) for seed in (1, 2)]


def test_figures_have_the_order_that_the_planted_pattern_gives(draws: list[Draw]) -> None:
    found = figures(draws, [("planted", RANDOM), ("planted", TOLD)], resamples=200)
    assert set(found.means) == {RANDOM, HONEST, TOLD, "planted", "silent", CEILING}
    mrr = {name: means[1] for name, means in found.means.items()}
    # Ten products are held out, two a group on average: by group alone the place is 1 or 2, by chance any of ten.
    assert mrr["planted"] > 0.55
    assert mrr[CEILING] > 0.55
    assert mrr[RANDOM] == pytest.approx(sum(1 / place for place in range(1, 11)) / 10, abs=0.06)
    for name, means in found.means.items():
        assert (found.low[name] <= means).all()
        assert (means <= found.high[name]).all()
    for pair in (("planted", RANDOM), ("planted", TOLD)):
        mean, low, _high = found.differences[pair]
        assert mean[1] == pytest.approx(mrr["planted"] - mrr[pair[1]])
        assert low[1] > 0


def test_a_method_without_a_word_to_say_finds_nothing(draws: list[Draw]) -> None:
    for draw in draws:
        assert not draw.values["silent"].any()


def test_popularity_knows_nothing_of_held_out_products_unless_it_is_told(draws: list[Draw]) -> None:
    half = len(AMONG)
    for draw in draws:
        # All that training saw stand before them: among all products not one is found …
        assert not draw.values[HONEST][:, half:].any()
        # … and among themselves their order is that of chance.
        assert draw.values[HONEST][:, 1].mean() == pytest.approx(draw.values[RANDOM][:, 1].mean(), abs=0.12)
        support = dict(zip(draw.held_out.informed.items, draw.held_out.informed.support.tolist(), strict=True))
        first = max(draw.held_out.products, key=support.__getitem__)
        answered = np.array([case.answer == first for case in draw.held_out.cases])
        assert (draw.values[TOLD][answered, 1] == 1).all()


def test_equal_seeds_give_equal_figures(sessions: Sessions, texts: Mapping[str, str], draws: list[Draw]) -> None:
    again = evaluate_draw(sessions, texts, Word2Vec(size=8, epochs=15, min_count=1), [Planted()], seed=1)
    for name, values in again.values.items():
        assert values.tobytes() == draws[0].values[name].tobytes(), name


def test_an_algorithm_without_vectors_cannot_be_completed(sessions: Sessions, texts: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="popularity has no item vectors"):
        evaluate_draw(sessions, texts, Popularity(), [], seed=1)


def test_an_interval_is_of_sessions_so_that_one_s_cases_come_and_go_together() -> None:
    held = HeldOut((), encoded([]), encoded([]), ())
    values = np.repeat([[1.0] * 4, [0.0] * 4], [90, 10], axis=0)
    found = figures([Draw(held, np.array([7] * 90 + [8] * 10), {"x": values})], [], resamples=500)
    assert found.means["x"].tolist() == [0.9] * 4
    assert (found.low["x"][0], found.high["x"][0]) == (0, 1)
