"""What a trial is measured on: nothing that any test asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.algorithms.popularity import Popularity
from models.protocols.registry import make_protocol
from models.sessions import Sessions, encoded
from models.tuning import objective
from models.tuning.objective import OBJECTIVES, recall_at_10, task_of
from models.tuning.results import Point
from models.tuning.trial import Proposal, run_trial
from sessionrank.errors import DataError


@pytest.fixture
def sessions() -> Sessions:
    """Item ``s-p`` is the one at place ``p`` from the end of session ``s``; each session has eight."""
    return encoded([[f"{row}-{place}" for place in range(7, -1, -1)] for row in range(30)])


def places(items: Any) -> set[str]:
    return {item.partition("-")[2] for item in items}


def test_nested_cases_ask_for_the_item_before_the_last_and_learn_from_those_before_it(sessions: Sessions) -> None:
    task = task_of(sessions, make_protocol("leave-last-out"), seed=1)
    assert places(item for session in task.train for item in session) == set("765432")
    assert places(answer for answers in task.cases.answers for answer in answers) == {"1"}
    assert places(item for prefix in task.cases.prefixes for item in prefix) == set("765432")
    assert len(task.cases) == 30


@pytest.mark.parametrize("protocol", ["fast-forward:test=10,validation=10", "leave-last-out"])
def test_nested_never_shows_an_answer_of_any_draw(sessions: Sessions, protocol: str) -> None:
    made = make_protocol(protocol)
    task = task_of(sessions, made, seed=1)
    shown = {item for session in [*task.train, *task.cases.prefixes, *task.cases.answers] for item in session}
    for seed in range(40):
        draw = made.split(sessions, seed)
        asked = {answer for cases in (draw.test, draw.validation) for answers in cases.answers for answer in answers}
        assert asked
        assert not asked & shown


def test_validation_asks_what_the_draw_of_the_seed_validates_by(sessions: Sessions) -> None:
    protocol = make_protocol("fast-forward:test=10,validation=12")
    task = task_of(sessions, protocol, objective="validation", seed=5)
    assert task.cases.answers == protocol.split(sessions, 5).validation.answers
    assert places(item for session in task.train for item in session) == set("7654321")


def test_of_many_cases_a_sample_is_taken_by_the_seed(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objective, "MOST_CASES", 12)
    one, again, other = (
        task_of(sessions, make_protocol("leave-last-out"), seed=seed).cases.rows.tolist() for seed in (1, 1, 2)
    )
    assert len(set(one)) == 12
    assert one == again != other


def test_the_repeat_policy_is_that_of_the_protocol(sessions: Sessions) -> None:
    for name, policy in (("fast-forward:test=10,validation=10", "last"), ("leave-last-out", "nothing")):
        assert [task_of(sessions, make_protocol(name), objective=kind, seed=1).leave_out for kind in OBJECTIVES] == [
            policy,
            policy,
        ]


def test_sessions_too_short_to_ask_twice_are_refused() -> None:
    with pytest.raises(DataError, match="give longer sessions"):
        task_of(encoded([["a", "b"]] * 5), make_protocol("leave-last-out"), seed=1)


def test_sessions_that_leave_no_case_are_refused() -> None:
    strangers = encoded([[f"a{row}", f"b{row}", f"c{row}"] for row in range(5)])
    with pytest.raises(DataError, match="too short to tune on"):
        task_of(strangers, make_protocol("leave-last-out:unknown=skip"), seed=1)


def test_recall_is_the_share_of_answers_among_the_ten() -> None:
    """The ten most popular of twelve items are known; each session asks for one of the twelve."""
    items = [f"i{number:02}" for number in range(12)]
    popular = [[item] * (20 - place) for place, item in enumerate(items)]
    asked = [["x", items[place], "y"] for place in range(12)]
    task = task_of(encoded([*popular, *asked]), make_protocol("leave-last-out"), seed=1)
    rows: NDArray[np.int64] = np.flatnonzero(task.cases.rows >= 12)
    task = objective.Task(task.train, task.cases.take(rows), task.leave_out)
    model = Popularity().fit(popular)
    assert recall_at_10(model, task) == pytest.approx(10 / 12)


@pytest.mark.parametrize(("policy", "recall"), [("last", 1.0), ("nothing", 0.0)])
def test_recall_leaves_out_what_the_protocol_leaves_out(policy: str, recall: float) -> None:
    """The answer is the eleventh most popular item, and the tenth without the query, which is the first."""
    items = [f"i{number:02}" for number in range(12)]
    popular = [[item] * (20 - place) for place, item in enumerate(items)]
    asked = encoded([*popular, ["i00", "i10", "y"]])
    task = task_of(asked, make_protocol(f"leave-last-out:leave_out={policy}"), seed=1)
    rows = np.flatnonzero(task.cases.rows == 12)
    task = objective.Task(task.train, task.cases.take(rows), task.leave_out)
    assert recall_at_10(Popularity().fit(popular), task) == recall


def ring() -> Sessions:
    return encoded([[f"i{(start + step) % 40:02}" for step in range(9)] for start in range(40)] * 5)


def run(name: str, **parameters: Any) -> list[Point]:
    task = task_of(ring(), make_protocol("leave-last-out"), seed=1)
    points: list[Point] = []
    run_trial(Proposal(0, name, parameters, {"seed": 1}), task, points.append)
    return points


def test_a_trial_reports_after_each_epoch_and_gets_better() -> None:
    points = run("word2vec", epochs=9, min_count=1, window=2, size=16)
    assert [point.epoch for point in points] == list(range(1, 10))
    assert points[-1].score > 0.9 > points[0].score
    assert all(point.loss for point in points)
    assert [point.seconds for point in points] == sorted(point.seconds for point in points)


def test_what_a_trial_reports_is_the_same_each_time() -> None:
    one, again = (run("word2vec", epochs=2, min_count=1) for _ in range(2))
    assert [(point.score, point.loss) for point in one] == [(point.score, point.loss) for point in again]


def test_an_algorithm_without_epochs_reports_once() -> None:
    (point,) = run("sequential-rules", steps=3)
    assert (point.epoch, point.loss) == (1, None)
    assert point.score == 1.0


def test_settings_that_cannot_learn_end_with_the_reason() -> None:
    with pytest.raises(DataError, match="no item stands 5000 times"):
        run("word2vec", min_count=5000)
