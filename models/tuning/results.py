"""What trials gave: their journal, one JSON line a trial as it ends, the table of all, and the best of them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.errors import DataError

__all__ = [
    "CUT_OFF",
    "DONE",
    "FAILED",
    "STOPPED",
    "Point",
    "Trial",
    "append_trial",
    "best_of",
    "read_trials",
    "table_of",
]

#: Ran through all its epochs.
DONE = "done"
#: Ended by early stopping: others did better after as many epochs.
STOPPED = "stopped"
#: Was running when the time was over; a resumed sweep runs it again.
CUT_OFF = "cut off"
#: Broke off with an error; a resumed sweep runs it again.
FAILED = "failed"
_STATES = (DONE, STOPPED, CUT_OFF, FAILED)


@dataclass(frozen=True)
class Point:
    """One point of a learning curve."""

    #: Passes over the sessions so far.
    epoch: int
    #: Recall@10 then.
    score: float
    #: The training loss of this pass, where the algorithm knows it.
    loss: float | None
    #: Since the trial began to learn.
    seconds: float


@dataclass(frozen=True)
class Trial:
    """What one trial tried and what came of it."""

    #: Its place in the list of proposals.
    number: int
    state: str
    #: What the sweep proposed, without what was fixed for all trials.
    parameters: Mapping[str, Any]
    curve: tuple[Point, ...] = ()
    #: The Ray node that it ran on.
    node: str = ""
    #: Why it failed.
    error: str = ""
    #: When it ended, on the clock of the sweep, which stands still between a kill and the resumption.
    at: float = 0.0

    @property
    def score(self) -> float | None:
        """Recall@10 after its last epoch."""
        return self.curve[-1].score if self.curve else None

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to learn from running it again."""
        return self.state in (DONE, STOPPED)


def append_trial(journal: Path, trial: Trial) -> None:
    """Write one line that is on the disk when this returns, so that a kill loses no trial that ended."""
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(dataclasses.asdict(trial), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_trials(journal: Path) -> list[Trial]:
    """The trials of a journal by number; of several lines for one trial the last counts.

    A last line without its end was being written when the sweep was killed: it is taken out of the file, so that the
    next one starts afresh.

    Raises:
        DataError: the file cannot be read, or a line of it is no trial.
    """
    try:
        written = journal.read_bytes()
        whole = written[: written.rfind(b"\n") + 1]
        if len(whole) < len(written):
            with journal.open("r+b") as file:
                file.truncate(len(whole))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"{journal}: cannot be read: {error.strerror or error}") from error
    found = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            trial = _trial(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DataError(f"{journal}: line {number} is no trial of a sweep: {error}") from error
        found[trial.number] = trial
    return [found[number] for number in sorted(found)]


def _trial(said: dict[str, Any]) -> Trial:
    curve = tuple(
        Point(int(p["epoch"]), float(p["score"]), None if p["loss"] is None else float(p["loss"]), float(p["seconds"]))
        for p in said["curve"]
    )
    if said["state"] not in _STATES:
        raise ValueError(f"unknown state {said['state']!r}")
    return Trial(
        number=int(said["number"]),
        state=said["state"],
        parameters=dict(said["parameters"]),
        curve=curve,
        node=str(said["node"]),
        error=str(said["error"]),
        at=float(said["at"]),
    )


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """The trial with the highest last score, the earliest of equals; ``None`` where none has a score.

    Of trials that ran through and those that the end of the time cut off: the settings of the latter would hardly do
    worse with all their epochs. (What was stopped early counts only where there is nothing else.) Only a score after
    all epochs can be had again by training: the learning rate falls over the epochs planned, so ending early is not
    the same as planning fewer.
    """
    scored = [trial for trial in trials if trial.score is not None and trial.state != FAILED]
    going = [trial for trial in scored if trial.state != STOPPED]
    return max(going or scored, key=lambda trial: (trial.score or 0.0, -trial.number), default=None)


def table_of(trials: Sequence[Trial]) -> str:
    """All trials as CSV: number, state, score, epochs, seconds, then a column for each parameter, node and error."""
    names = list(dict.fromkeys(name for trial in trials for name in trial.parameters))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "state", "recall@10", "epochs", "seconds", *names, "node", "error"])
    for trial in trials:
        last = trial.curve[-1] if trial.curve else None
        measured = [last.score, last.epoch, last.seconds] if last else ["", 0, ""]
        values = [trial.parameters.get(name, "") for name in names]
        writer.writerow([trial.number, trial.state, *measured, *values, trial.node, trial.error])
    return text.getvalue()
