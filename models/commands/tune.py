"""``sessionrank model tune``: settings of an algorithm tried side by side, the best of them in a file for ``train``."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError

from ..algorithms.base import Algorithm
from ..algorithms.registry import build_algorithm, make_algorithm
from ..protocols.registry import PROTOCOLS, make_protocol
from ..tuning.duration import seconds_of
from ..tuning.environment import check_address, prepare_environment
from ..tuning.folder import check_sweep, private_folder, sweep_lock
from ..tuning.objective import OBJECTIVES, Task, task_of
from ..tuning.plan import Plan
from ..tuning.record import Record
from ..tuning.results import Point, Trial
from ..tuning.space import SPACES, space_of
from ..tuning.trial import Proposal
from .data_options import data_options, read_data, take_reader
from .types import FiniteRange

__all__ = ["tune"]

#: Trials where neither a number nor a time was given.
_TRIALS = 50
#: … and where only a time was: nobody's hour has room for more.
_MOST_TRIALS = 5000


@click.command()
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@data_options()
@click.option(
    "--algorithm",
    default="word2vec",
    show_default=True,
    help=f"What to tune ({', '.join(sorted(SPACES))}); parameters given with it are fixed: word2vec:min_count=1.",
)
@click.option("--trials", type=click.IntRange(1, _MOST_TRIALS), help=f"At most so many.  [default: {_TRIALS}]")
@click.option("--time-budget", metavar="TIME", help="At most so long, such as 45m or 1h30m; reading the data counts.")
@click.option("--max-epochs", type=click.IntRange(1, 1000), default=30, show_default=True, help="Epochs of a trial.")
@click.option("--grace", type=click.IntRange(1, 1000), default=4, show_default=True, help="Epochs before any may stop.")
@click.option(
    "--factor",
    type=FiniteRange(1.1, 100),
    default=3,
    show_default=True,
    help="One trial in so many goes on after GRACE epochs, after GRACE × FACTOR, ….",
)
@click.option(
    "--protocol",
    default="fast-forward",
    show_default=True,
    help=f"What is asked: {', '.join(sorted(PROTOCOLS.keys() - {'holdout'}))}.",
)
@click.option(
    "--objective",
    type=click.Choice(OBJECTIVES),
    default="nested",
    show_default=True,
    help="Which cases the score is taken on; see above.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=123, show_default=True, help="Of everything random.")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), default=Path("sweep"), show_default=True, help="Its folder."
)
@click.option("--resume", is_flag=True, help="Go on with the sweep in --out; say the rest as before.")
@click.option("--cpus", type=click.IntRange(1, 1024), help="Trials at once.  [default: the cores of this machine]")
@click.option("--ray-address", metavar="HOST:PORT", help="Run the trials on this Ray cluster.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def tune(data: Path, **options: Any) -> None:
    """Look for the settings of an algorithm that recommend best on the sessions in DATA.

    Trials run side by side under Ray Tune; ASHA ends the worse ones early. The first trial has the defaults, the others
    are drawn from the search space; equal seeds give equal trials in equal order. Which of them are ended early depends
    on what ended before them, so with several at once that differs from run to run. What a trial gives when it runs
    through does not.

    \b
    The score is Recall@10 on up to 2,000 cases:
      nested      the events before those that the protocol holds back for its validation and test. No case of any
                  draw is seen, so figures over many draws of the test stay honest.
      validation  what the draw of --seed validates by. Draws overlap: what validates here, tests in others.

    The folder --out gets best.json (for `model train @best.json`), trials.jsonl and trials.csv (all trials, with their
    learning curves), and the plots of the sweep. After a kill, --resume goes on without repeating trials that ended.

    With --ray-address the trials run on a cluster made with `ray start`, of which this machine must be a node;
    Sessionrank must be installed on all of them.

    \b
    Examples:
      sessionrank model tune sessions.txt --trials 40
      sessionrank model tune OnlineRetail.csv.gz --reader online-retail --time-budget 45m --out sweep
      sessionrank model tune OnlineRetail.csv.gz --reader online-retail --time-budget 45m --out sweep --resume
      sessionrank model tune sessions.txt --trials 200 --ray-address 10.0.0.5:6379
      sessionrank model train @sweep/best.json sessions.txt --out vectors.npz
    """
    started = time.monotonic()
    reader = take_reader(data, options)
    plan = _plan(**options)
    _check_extra()
    with sweep_lock(plan.folder) as lock:
        read, origin = read_data(data, reader)
        task = task_of(read.sessions, plan.protocol, objective=plan.objective, seed=plan.seed)
        asked = plan.describe(origin, len(task.cases))
        check_sweep(plan.folder, asked, resume=plan.resume)
        record = Record(plan, asked, started)
        if left := record.left():
            try:
                with private_folder(lock) as private:
                    _search(plan, task, left, record, private)
            except KeyboardInterrupt:
                err.print(
                    f"{len(record.trials)} trials are in {plan.folder}; --resume goes on from them.", markup=False
                )
                raise
        best = record.finish()
    _report(plan, best, record.trials, data, as_json=options["as_json"])


def _plan(*, algorithm: str, max_epochs: int, trials: int | None, time_budget: str | None, **options: Any) -> Plan:
    seconds = seconds_of("--time-budget", time_budget) if time_budget is not None else None
    if options["ray_address"] is not None:
        check_address(options["ray_address"])
    protocol = make_protocol(options["protocol"])
    if protocol.name == "holdout":
        raise ConfigurationError("--protocol holdout: tune on the first file alone, by leave-last-out:leave_out=all")
    made, fixed = _fixed(algorithm)
    space = space_of(made.name, fixed)
    if any(field.name == "epochs" for field in dataclasses.fields(made)):
        fixed["epochs"] = max_epochs
    fixed["seed"] = options["seed"]
    return Plan(
        algorithm=build_algorithm(made.name, fixed),
        fixed=fixed,
        space=space,
        protocol=protocol,
        trials=trials or (_TRIALS if seconds is None else _MOST_TRIALS),
        seconds=seconds,
        cpus=options["cpus"] or len(os.sched_getaffinity(0)),
        **{name: options[name] for name in ("objective", "grace", "factor", "seed", "folder", "resume", "ray_address")},
    )


def _fixed(text: str) -> tuple[Algorithm, dict[str, Any]]:
    """The algorithm, and those of its parameters that are given with it."""
    if text.startswith("@"):
        raise ConfigurationError(f"--algorithm {text}: name an algorithm; a file of settings leaves nothing to search")
    made = make_algorithm(text)
    names = [part.partition("=")[0].strip().replace("-", "_") for part in text.partition(":")[2].split(",")]
    for name, option in (("epochs", "--max-epochs"), ("seed", "--seed")):
        if name in names:
            raise ConfigurationError(f"--algorithm {text}: give {name} by {option}")
    return made, {name: getattr(made, name) for name in names if name}


def _check_extra() -> None:
    try:
        importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError as error:
        raise ConfigurationError(
            "`sessionrank model tune` needs ray, which is missing: install it with `pip install 'sessionrank[tune]'`"
        ) from error


def _search(plan: Plan, task: Task, left: Sequence[Proposal], record: Record, private: Path) -> None:
    prepare_environment(private, local=plan.ray_address is None)
    # Imported here: Ray takes two seconds to load, and reads its environment while it does.
    from ..tuning.search import Halving, Listener, cluster, search

    halving = Halving(plan.algorithm.epochs_planned, plan.grace, plan.factor)
    with (
        cluster(plan.ray_address, cpus=plan.cpus, folder=private) as cores,
        _shown(plan, record) as (on_trial, on_point),
    ):
        search(
            task,
            left,
            earlier=[trial for trial in record.trials if trial.finished],
            halving=halving,
            at_once=cores,
            deadline=record.deadline,
            listener=Listener(on_trial, on_point),
            folder=private,
        )


@contextmanager
def _shown(plan: Plan, record: Record) -> Iterator[tuple[Callable[[Trial], None], Callable[[Point], None]]]:
    """A bar on a terminal: trials that ended, and the best score so far."""
    with progress() as bar:
        done = sum(trial.finished for trial in record.trials)
        shown = bar.add_task("Tuning", total=plan.trials if plan.seconds is None else None, completed=done)
        top = max((trial.score or 0.0 for trial in record.trials), default=0.0)

        def on_point(point: Point) -> None:
            nonlocal top
            top = max(top, point.score)
            bar.update(shown, description=f"Tuning, Recall@10 up to {top:.1%}")

        def on_trial(trial: Trial) -> None:
            record.add(trial)
            bar.update(shown, advance=1)

        yield on_trial, on_point


def _report(plan: Plan, best: dict[str, Any], trials: list[Trial], data: Path, *, as_json: bool) -> None:
    states = {state: sum(trial.state == state for trial in trials) for state in dict.fromkeys(t.state for t in trials)}
    if as_json:
        nodes = {trial.node for trial in trials if trial.node}
        print_json({"out": str(plan.folder), "best": best, "states": states, "nodes": sorted(nodes)})
        return
    found = best["found"]
    table = Table(title="Best settings", show_header=False)
    for name, value in best["parameters"].items():
        table.add_row(Text(name), Text(printable(str(value))))
    table.add_row("Recall@10", f"{found['score']:.2%} on {found['cases']:,} cases ({plan.objective})")
    table.add_row("trials", ", ".join(f"{count} {state}" for state, count in states.items()))
    table.add_row("seconds", str(found["seconds"]))
    out.print(table)
    if found["state"] != "done":
        planned = plan.algorithm.epochs_planned
        err.print(
            f"It was {found['state']} after epoch {found['epochs']} of {planned}: what the others add is not known."
        )
    err.print(
        f"Train with it: sessionrank model train @{plan.folder / 'best.json'} {data} --out vectors.npz", markup=False
    )
