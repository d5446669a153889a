"""What is known of a sweep while it runs and when it is over, in memory and in its folder."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import time
from typing import Any

from sessionrank import __version__
from sessionrank.errors import DataError
from sessionrank.writing import replacing

from ..plots.tuning import draw_sweep
from .folder import write_json
from .plan import Plan
from .results import FAILED, Trial, append_trial, best_of, read_trials, table_of
from .space import LogUniform
from .trial import Proposal

__all__ = ["Record"]


class Record:
    """What is known of the sweep, in memory and in its folder."""

    def __init__(self, plan: Plan, asked: dict[str, Any], started: float) -> None:
        self._plan = plan
        self._asked = asked
        self._journal = plan.folder / "trials.jsonl"
        self._trials = {trial.number: trial for trial in read_trials(self._journal)}
        # The clock goes on where a killed sweep left it, so that a budget is one budget.
        self._started = started - max((trial.at for trial in self.trials), default=0.0)

    @property
    def trials(self) -> list[Trial]:
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._started, 1)

    @property
    def deadline(self) -> float | None:
        return None if self._plan.seconds is None else self._started + self._plan.seconds

    def left(self) -> list[Proposal]:
        """What has not ended well yet; nothing once the time is over."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return []
        ended = {trial.number for trial in self.trials if trial.finished}
        return [proposal for proposal in self._plan.proposals if proposal.number not in ended]

    def add(self, trial: Trial) -> None:
        trial = dataclasses.replace(trial, at=self.seconds)
        append_trial(self._journal, trial)
        self._trials[trial.number] = trial
        if best_of(self.trials) == trial:
            write_json(self._plan.folder / "best.json", self.best())

    def best(self) -> dict[str, Any]:
        """The best settings so far, as `model train @best.json` takes them, and how they were found.

        Raises:
            DataError: no trial ended well.
        """
        best = best_of(self.trials)
        if best is None or best.score is None:
            failed = [trial.error for trial in self.trials if trial.state == FAILED]
            if failed:
                raise DataError(f"no trial ended well; the first of {len(failed)} that failed: {failed[0]}")
            raise DataError("no trial came to the end of its first epoch: give more --time-budget, then --resume")
        parameters = {**self._plan.fixed, **best.parameters}
        found = {
            "score": best.score,
            "metric": "recall@10",
            "trial": best.number,
            "state": best.state,
            "epochs": best.curve[-1].epoch,
            "trials": len(self.trials),
            "seconds": self.seconds,
            **{name: self._asked[name] for name in ("objective", "protocol", "cases", "space", "grace", "factor")},
            "data": self._asked["data"],
            "versions": {"sessionrank": __version__, "python": platform.python_version(), **_versions()},
        }
        return {
            "algorithm": self._plan.algorithm.name,
            "seed": parameters.pop("seed"),
            "parameters": parameters,
            "found": found,
        }

    def finish(self) -> dict[str, Any]:
        """Write what is made of all trials: the best, the table, the plots. Gives the best."""
        best = self.best()
        write_json(self._plan.folder / "best.json", best)
        with replacing(self._plan.folder / "trials.csv") as partial:
            partial.write_text(table_of(self.trials), "utf-8")
        log = [name for name, values in self._plan.space.items() if isinstance(values, LogUniform)]
        draw_sweep(self.trials, self._plan.folder, title=self._plan.algorithm.name, log=log)
        return best


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("gensim", "numpy", "ray", "scipy")}
