"""How trials are handed out, watched and ended: the parts that Ray calls, called without a Ray that runs."""

from __future__ import annotations

import pickle
import time
from types import SimpleNamespace
from typing import Any

import pytest

from models.tuning.results import CUT_OFF, DONE, FAILED, STOPPED, Point, Trial
from models.tuning.search import Halving, InOrder, Listener, Stopper, Watch, scheduler
from models.tuning.trial import Proposal

HALVING = Halving(epochs=9, grace=3, factor=3)


@pytest.fixture
def told() -> list[Trial]:
    return []


@pytest.fixture
def watch(told: list[Trial]) -> Watch:
    return Watch(HALVING, Listener(told.append, lambda point: None))


def ray_trial(number: int) -> Any:
    return SimpleNamespace(config={"proposal": {"number": number, "parameters": {"size": number}}})


def start(watch: Watch, number: int, *scores: float) -> Any:
    """A trial that starts and reports after each epoch."""
    trial = ray_trial(number)
    watch.on_trial_start(0, [], trial)
    for epoch, score in enumerate(scores, 1):
        result = {"epoch": epoch, "score": score, "loss": None, "seconds": float(epoch), "node": "n1"}
        watch.on_trial_result(0, [], trial, result)
    return trial


def test_proposals_are_handed_out_in_their_order_and_then_no_more() -> None:
    proposals = [Proposal(number, "word2vec", {"size": number}, {"seed": 1}) for number in (4, 7)]
    searcher = InOrder(proposals)
    assert searcher.suggest("a")["proposal"] == {
        "number": 4, "algorithm": "word2vec", "parameters": {"size": 4}, "fixed": {"seed": 1},
    }  # fmt: skip
    assert Proposal(**searcher.suggest("b")["proposal"]) == proposals[1]
    assert searcher.suggest("c") == InOrder.FINISHED


def test_a_trial_that_reports_its_last_epoch_is_done(watch: Watch, told: list[Trial]) -> None:
    trial = start(watch, 5, *([0.1] * 8), 0.2)
    watch.on_trial_complete(0, [], trial)
    (one,) = told
    assert (one.number, one.state, one.score, one.node, one.parameters) == (5, DONE, 0.2, "n1", {"size": 5})
    assert one.curve[0] == Point(1, 0.1, None, 1.0)
    assert len(one.curve) == 9


def test_a_trial_that_ends_before_it_was_stopped_early(watch: Watch, told: list[Trial]) -> None:
    watch.on_trial_complete(0, [], start(watch, 0, 0.1, 0.1, 0.1))
    assert [one.state for one in told] == [STOPPED]


def test_an_algorithm_without_epochs_is_done_with_its_one_report(told: list[Trial]) -> None:
    watch = Watch(Halving(epochs=0, grace=3, factor=3), Listener(told.append, lambda point: None))
    watch.on_trial_complete(0, [], start(watch, 0, 0.3))
    assert [one.state for one in told] == [DONE]


def test_an_error_that_a_trial_reports_is_kept_with_it(watch: Watch, told: list[Trial]) -> None:
    trial = start(watch, 0, 0.1)
    watch.on_trial_result(0, [], trial, {"error": "DataError: nothing to learn", "node": "n1"})
    watch.on_trial_complete(0, [], trial)
    assert [(one.state, one.error) for one in told] == [(FAILED, "DataError: nothing to learn")]


def test_a_worker_that_dies_fails_its_trial(watch: Watch, told: list[Trial]) -> None:
    watch.on_trial_error(0, [], start(watch, 0, 0.1))
    assert [(one.state, one.error) for one in told] == [(FAILED, "its worker died")]


def test_trials_that_still_ran_at_the_end_are_cut_off_once(watch: Watch, told: list[Trial]) -> None:
    trial = start(watch, 0, 0.1, 0.2)
    start(watch, 1)
    watch.cut_off()
    watch.on_trial_complete(0, [], trial)
    assert [(one.number, one.state, one.score) for one in told] == [(0, CUT_OFF, 0.2), (1, CUT_OFF, None)]


def test_the_search_goes_on_until_its_deadline(watch: Watch) -> None:
    assert not Stopper(watch, None).stop_all()
    assert not Stopper(watch, time.monotonic() + 1000).stop_all()
    assert not watch.over
    assert Stopper(watch, time.monotonic()).stop_all()
    assert watch.over


def test_it_ends_when_five_trials_failed_and_none_went_well(watch: Watch) -> None:
    stopper = Stopper(watch, None)
    for number in range(5):
        assert not stopper.stop_all()
        watch.on_trial_error(0, [], start(watch, number))
    assert stopper.stop_all()


def test_it_goes_on_when_one_of_them_went_well(watch: Watch) -> None:
    watch.on_trial_complete(0, [], start(watch, 9, 0.1))
    for number in range(8):
        watch.on_trial_error(0, [], start(watch, number))
    assert not Stopper(watch, None).stop_all()


def test_ray_can_write_down_what_watches_although_a_display_hangs_on_it(told: list[Trial]) -> None:
    watch = Watch(HALVING, Listener(lambda trial: told.append(trial), lambda point: None))
    assert pickle.loads(pickle.dumps(watch)) is not None


def curve(number: int, score: float, *, epochs: int) -> Trial:
    points = tuple(Point(epoch, score, None, 1.0) for epoch in range(1, epochs + 1))
    return Trial(number, STOPPED if epochs < 9 else DONE, {}, points)


@pytest.mark.parametrize(("score", "decision"), [(0.2, "STOP"), (0.5, "CONTINUE")])
def test_early_stopping_compares_with_the_trials_before_a_kill(score: float, decision: str) -> None:
    asha: Any = scheduler(HALVING, [curve(number, 0.3 + number / 100, epochs=9) for number in range(6)])
    trial = SimpleNamespace(trial_id="new")
    asha.on_trial_add(None, trial)
    assert asha.on_trial_result(None, trial, {"epoch": 2, "score": score}) == "CONTINUE"
    assert asha.on_trial_result(None, trial, {"epoch": 3, "score": score}) == decision


def test_without_earlier_trials_the_first_is_not_stopped() -> None:
    asha: Any = scheduler(HALVING, [])
    trial = SimpleNamespace(trial_id="new")
    asha.on_trial_add(None, trial)
    assert asha.on_trial_result(None, trial, {"epoch": 3, "score": 0.0}) == "CONTINUE"
