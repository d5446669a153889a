"""Which strategy orders a release: by the settings, else as the release says, else cautiously."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from proxy.deadline import Deadline
from proxy.ranking.base import Candidates, Strategy
from proxy.ranking.covisit import Covisit
from proxy.ranking.mix import Mix
from proxy.ranking.none import NoRanking
from proxy.ranking.registry import STRATEGIES
from proxy.rankings import Rankings
from proxy.sessions.memory import MemorySessions
from sessionrank import keys
from sessionrank.errors import DataError, StoreError
from sessionrank.ranking import Ranking

RELEASE = "20250101120000abc123"
OTHER = "20250202120000def456"
MEASURED = Ranking("mix", {"rank": 0.5, "covisit": 2.0}, {"cases": 750})


class Store(MemorySessions):
    """Tells which values were asked for; fails where it is told to."""

    def __init__(self, **values: str | bytes) -> None:
        super().__init__(cap=20, ttl=60)
        self.asked: list[str] = []
        self.down = False
        self.say(**values)

    def say(self, release: str = RELEASE, **values: str | bytes) -> None:
        """What the release says: its ``ranking``, its ``model``."""
        by_key = {"ranking": keys.ranking(release), "model": keys.learned_model(release)}
        told = {by_key[name]: v.encode() if isinstance(v, str) else v for name, v in values.items()}
        self.publish(release, {}, values=told)

    def value(self, key: str, deadline: Deadline) -> bytes | None:
        self.asked.append(key)
        if self.down:
            raise StoreError("down")
        return super().value(key, deadline)


class ByModel(Strategy):
    """Orders by a model, which has to begin with ``model``."""

    needs = ("cosine",)
    needs_model = True

    def __init__(self, weights: Mapping[str, float] | None = None, model: bytes = b"") -> None:
        super().__init__(weights, model)
        if not model.startswith(b"model"):
            raise DataError("not a model")
        self.model = model

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        return np.arange(candidates.count), np.zeros(candidates.count)


class Asking:
    """Rankings with a clock of their own."""

    def __init__(self, store: Store, strategy: str = "release") -> None:
        self.now = 1000.0
        self.store = store
        self.rankings = Rankings(store, strategy, clock=lambda: self.now)

    def __call__(self, release: str = RELEASE) -> Strategy | None:
        return self.rankings.strategy(release, Deadline(1))


@pytest.fixture
def by_model(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a strategy that needs a model."""
    monkeypatch.setitem(STRATEGIES, "by-model", ByModel)
    return "by-model"


def weights(strategy: Strategy | None) -> dict[str, float]:
    assert isinstance(strategy, Mix)
    return {name: weight for name, weight in strategy.weights.items() if weight}


def test_the_ranking_of_the_release_tells_strategy_and_weights() -> None:
    assert weights(Asking(Store(ranking=MEASURED.to_json()))()) == {"rank": 0.5, "covisit": 2.0}
    assert isinstance(Asking(Store(ranking=Ranking("covisit").to_json()))(), Covisit)
    assert isinstance(Asking(Store(ranking=Ranking("none").to_json()))(), NoRanking)


def test_each_release_has_its_own() -> None:
    store = Store(ranking=MEASURED.to_json())
    store.say(OTHER, ranking=Ranking("none").to_json())
    asking = Asking(store)
    assert (type(asking(RELEASE)), type(asking(OTHER)), type(asking(RELEASE))) == (Mix, NoRanking, Mix)


def test_the_settings_win_over_the_release() -> None:
    store = Store(ranking=MEASURED.to_json())
    assert isinstance(Asking(store, "covisit")(), Covisit)
    assert store.asked == [], "what the release says makes no difference to it"


def test_a_strategy_of_the_settings_has_the_weights_that_were_measured_for_it_alone() -> None:
    assert weights(Asking(Store(ranking=MEASURED.to_json()), "mix")()) == {"rank": 0.5, "covisit": 2.0}
    of_another = Ranking("covisit", {"covisit": 9.0})
    assert weights(Asking(Store(ranking=of_another.to_json()), "mix")()) == weights(Mix())
    assert weights(Asking(Store(ranking=Ranking("mix").to_json()), "mix")()) == weights(Mix())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format_version": 2, "strategy": "none", "weights": {}, "measured": {}}',
        b'{"format_version": 1, "strategy": "mix", "weights": {"cosine": 1e9}, "measured": {}}',
        b'{"format_version": 1, "strategy": "mix"}',
        b'{"format_version": 1, "strategy": "unheard of", "weights": {"cosine": 3}, "measured": {}}',
        b'{"format_version": 1, "strategy": "release", "weights": {}, "measured": {}}',
    ],
)
def test_a_ranking_that_cannot_be_used_is_a_cautious_mix_and_logged_once(
    said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    asking = Asking(Store(ranking=said))
    with caplog.at_level(logging.WARNING, "sessionrank.proxy"):
        for _ in range(3):
            assert weights(asking()) == weights(Mix())
            asking.now += 60
    assert len(caplog.records) == (1 if said else 0)
    assert all(RELEASE in record.getMessage() and len(record.getMessage()) < 300 for record in caplog.records)


def test_without_a_ranking_it_is_a_cautious_mix_of_which_nothing_need_be_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert weights(Asking(Store())()) == weights(Mix())
    assert not caplog.records


def test_the_store_is_asked_again_after_five_seconds_and_the_strategy_made_anew_only_where_it_changed() -> None:
    store = Store(ranking=MEASURED.to_json())
    asking = Asking(store)
    first = asking()
    asking.now += 4.9
    assert asking() is first
    assert len(store.asked) == 1
    asking.now += 0.2
    assert asking() is first
    assert len(store.asked) == 2
    store.say(ranking=Ranking("none").to_json())
    assert asking() is first
    asking.now += 5.1
    assert isinstance(asking(), NoRanking)
    assert store.asked == [keys.ranking(RELEASE)] * 3


def test_a_store_that_fails_is_told_and_asked_again() -> None:
    store = Store(ranking=MEASURED.to_json())
    asking = Asking(store)
    store.down = True
    with pytest.raises(StoreError):
        asking()
    store.down = False
    assert weights(asking()) == {"rank": 0.5, "covisit": 2.0}


def test_a_strategy_that_needs_a_model_gets_that_of_the_release(by_model: str) -> None:
    asking = Asking(Store(ranking=Ranking(by_model).to_json(), model=b"model 1"))
    made = asking()
    assert isinstance(made, ByModel)
    assert made.model == b"model 1"
    assert asking.store.asked == [keys.ranking(RELEASE), keys.learned_model(RELEASE)]


@pytest.mark.parametrize("set_", [True, False])
def test_without_a_model_that_can_be_used_there_is_no_strategy_until_there_is_one(by_model: str, set_: bool) -> None:
    store = Store(ranking=Ranking(by_model).to_json())
    asking = Asking(store, by_model if set_ else "release")
    assert asking() is None
    store.say(model=b"something else")
    asking.now += 6
    assert asking() is None
    store.say(model=b"model 2")
    assert asking() is None, "asked again only after five seconds, also where there is none"
    asking.now += 6
    assert isinstance(asking(), ByModel)


def test_the_releases_that_are_remembered_are_bounded() -> None:
    asking = Asking(Store())
    for number in range(1000):
        asking(f"2025010112{number:04}abc123")
    assert len(asking.rankings._known) <= 100
