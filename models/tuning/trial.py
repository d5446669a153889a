"""One trial: an algorithm with given settings learns, and its Recall@10 is told after each pass over the sessions.

Runs on whatever machine the sweep sends it to, and so knows nothing of the sweep.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..algorithms.base import Epoch, Model
from ..algorithms.registry import build_algorithm
from .objective import Task, recall_at_10
from .results import Point

__all__ = ["Proposal", "run_trial"]


@dataclass(frozen=True)
class Proposal:
    """What one trial is to try."""

    #: Its place in the list of proposals: 0, 1, …
    number: int
    algorithm: str
    #: What the sweep drew from the search space.
    parameters: Mapping[str, Any]
    #: What is the same in all trials and not at its default.
    fixed: Mapping[str, Any]


def run_trial(proposal: Proposal, task: Task, report: Callable[[Point], None]) -> None:
    """Fit the proposed algorithm and report a point of its learning curve after each epoch.

    An algorithm without epochs reports once, as epoch 1. ``report`` may end the trial by never coming back.

    Raises:
        SessionrankError: these settings cannot learn from this data.
    """
    algorithm = build_algorithm(proposal.algorithm, {**proposal.fixed, **proposal.parameters})
    started = time.perf_counter()

    def tell(number: int, loss: float | None, model: Model) -> None:
        score = recall_at_10(model, task)
        report(Point(number, score, loss, round(time.perf_counter() - started, 3)))

    def on_epoch(epoch: Epoch) -> None:
        tell(epoch.number, epoch.loss, epoch.model())

    if algorithm.epochs_planned:
        algorithm.fit(task.train, on_epoch=on_epoch)
    else:
        tell(1, None, algorithm.fit(task.train))
