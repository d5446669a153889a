"""What a sweep optimises: Recall@10 on cases that hold nothing of any test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sessionrank.errors import DataError

from ..algorithms.base import Model
from ..evaluation.evaluate import evaluate
from ..protocols.base import Cases, Protocol
from ..sessions import Sessions

__all__ = ["MOST_CASES", "OBJECTIVES", "Task", "recall_at_10", "task_of"]

#: ``nested`` asks for the events before those that the protocol holds back, and learns from what is before them: it
#: sees no answer of any draw. ``validation`` asks what the draw of the seed validates by, which other draws test on.
OBJECTIVES = ("nested", "validation")
#: Cases that a trial is measured on after each epoch: with so many, a tenth of a second, and a standard error of 1 %.
MOST_CASES = 2000


@dataclass(frozen=True, eq=False)
class Task:
    """What every trial learns from, and what it is measured on."""

    train: Sessions
    cases: Cases
    #: The repeat policy of the protocol.
    leave_out: str


def task_of(sessions: Sessions, protocol: Protocol, *, objective: str = "nested", seed: int) -> Task:
    """The training part and up to :data:`MOST_CASES` cases, drawn by ``seed``.

    Raises:
        DataError: the sessions are too few or too short.
    """
    if objective == "nested":
        outer, _ = protocol.cases(sessions)
        protocol = protocol.nested()
        train, cases = protocol.cases(outer)
    else:
        split = protocol.split(sessions, seed)
        train, cases = split.train, split.validation
    if not len(cases):
        raise DataError(f"the sessions are too short to tune on: protocol {protocol.name} finds no case within them")
    if len(cases) > MOST_CASES:
        cases = cases.take(np.sort(np.random.default_rng(seed).choice(len(cases), MOST_CASES, replace=False)))
    return Task(train, cases, protocol.leave_out)


def recall_at_10(model: Model, task: Task) -> float:
    """The mean share of a case's answers that is among the ten items that the model recommends."""
    return evaluate(model, task.cases, (10,), leave_out=task.leave_out).mean("recall@10")
