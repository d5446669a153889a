"""Trials side by side under Ray Tune, on this machine or a cluster, the worse ones ended early by ASHA.

The only file that knows Ray; ``environment.py`` comes before it is imported. Ray keeps no state of ours: what ended is
told through :class:`Listener` at once, and a later search is given it back. (Ray's own restoring forgets what early
stopping had learned, and needs its files.)
"""

from __future__ import annotations

import dataclasses
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from sessionrank.errors import ConfigurationError

from .objective import Task
from .results import CUT_OFF, DONE, FAILED, STOPPED, Point, Trial
from .trial import Proposal, run_trial

__all__ = ["Halving", "InOrder", "Listener", "Stopper", "Watch", "cluster", "scheduler", "search"]

#: Seconds that a cluster has to answer.
_CONNECT_S = 30
#: When so many trials failed and none ended well, the rest would fail as well.
_HOPELESS = 5
#: Ray's shared memory: the sessions stand in it once, and /dev/shm is small in a container.
_STORE_BYTES = 200 << 20
_PROBE = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False, logging_level=50)"
_SILENT: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}


@dataclass(frozen=True)
class Halving:
    """Early stopping by ASHA: at epoch ``grace``, ``grace · factor``, … only the best 1 in ``factor`` go on."""

    #: Epochs of a trial that is never stopped; 0 for an algorithm without epochs, which is never stopped.
    epochs: int
    grace: int
    factor: float


@dataclass(frozen=True)
class Listener:
    """Who is told what happens, in the process that searches."""

    #: A trial ended, or was cut off.
    trial: Callable[[Trial], None]
    #: A running trial reported.
    point: Callable[[Point], None]


@contextmanager
def cluster(address: str | None, *, cpus: int, folder: Path) -> Iterator[int]:
    """Ray on this machine with ``cpus`` cores and its files in ``folder``, or the cluster at ``address``.

    Gives the number of cores. What is started here ends with the block or, by the kernel's hand, with this process.

    Raises:
        ConfigurationError: the cluster does not answer within some seconds, or this machine is no node of it.
    """
    if address is None:
        _start(cpus, folder)
    else:
        _join(address)
    # Ray answers the signal to end by a stack trace and its own end; what is cleaned up on Ctrl-C is so then, too.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
    finally:
        signal.signal(signal.SIGTERM, before)
        ray.shutdown()


def _start(cpus: int, folder: Path) -> None:
    try:
        ray.init(
            num_cpus=cpus,
            num_gpus=0,
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _temp_dir=str(folder),
            **_SILENT,
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"Ray cannot be started on this machine: {_last_line(str(error))}") from error


def _join(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        # Ray waits for minutes where nothing of its kind answers, deaf to signals: a child goes first, with a limit.
        subprocess.run(
            [sys.executable, "-c", _PROBE, address], timeout=_CONNECT_S, check=True, capture_output=True, text=True
        )
        ray.init(address=address, **_SILENT)
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"{_no_cluster(address)}: nothing within {_CONNECT_S} seconds") from error
    except subprocess.CalledProcessError as error:
        raise ConfigurationError(f"{_no_cluster(address)}: {_last_line(error.stderr)}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"{_no_cluster(address)}: {_last_line(str(error))}") from error


def _no_cluster(address: str) -> str:
    return f"--ray-address {address}: no Ray cluster that this machine is a node of answers there"


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:300]


def search(
    task: Task,
    proposals: Sequence[Proposal],
    *,
    earlier: Sequence[Trial] = (),
    halving: Halving,
    at_once: int,
    deadline: float | None,
    listener: Listener,
    folder: Path,
) -> None:
    """Run a trial for each proposal, in their order, until all ended or ``deadline`` (``time.monotonic()``) is past.

    Ctrl-C ends it in order, and then raises :class:`KeyboardInterrupt`; a second one does so at once. The trials
    ``earlier`` are not run again, but early stopping compares with them. Ray's own files go to ``folder``.
    """
    watch = Watch(halving, listener)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(_trial, task=task), {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=InOrder(proposals),
            num_samples=len(proposals),
            max_concurrent_trials=at_once,
            scheduler=scheduler(halving, earlier),
        ),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=str(folder / "tune"),
            verbose=0,
            callbacks=[watch],
            stop=Stopper(watch, deadline),
            failure_config=tune.FailureConfig(max_failures=0),
        ),
    )
    with _asked_to_end(watch):
        tuner.fit()
    watch.cut_off()
    if watch.interrupted:
        raise KeyboardInterrupt


@contextmanager
def _asked_to_end(watch: Watch) -> Iterator[None]:
    """Turn the signals into a mark that :class:`Stopper` sees: an exception may rise where Ray drops it."""

    def end(*_: Any) -> None:
        watch.over = watch.interrupted = True
        for each in before:
            signal.signal(each, signal.default_int_handler)

    caught = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, end) for each in caught if signal.getsignal(each) != signal.SIG_IGN}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _trial(config: dict[str, Any], task: Task) -> None:
    """What Ray runs on a worker."""
    node = ray.get_runtime_context().get_node_id()

    def report(point: Point) -> None:
        tune.report({**dataclasses.asdict(point), "node": node})

    try:
        run_trial(Proposal(**config["proposal"]), task, report)
    except Exception as error:
        # Ray would keep the traceback in a file; what is wanted is one line with the trial.
        tune.report({"error": f"{type(error).__name__}: {error}", "node": node})


def scheduler(halving: Halving, earlier: Sequence[Trial]) -> TrialScheduler:
    """ASHA that has seen the curves of the trials ``earlier``, so that its bar stays where it was before a kill."""
    if not halving.epochs:
        return FIFOScheduler()  # type: ignore[no-untyped-call]
    made = ASHAScheduler(
        time_attr="epoch",
        metric="score",
        mode="max",
        max_t=halving.epochs,
        grace_period=min(halving.grace, halving.epochs),
        reduction_factor=halving.factor,
    )
    for trial in earlier:
        stand_in: Any = SimpleNamespace(trial_id=f"earlier-{trial.number}")
        made.on_trial_add(None, stand_in)  # type: ignore[arg-type]
        for point in trial.curve:
            made.on_trial_result(None, stand_in, {"epoch": point.epoch, "score": point.score})  # type: ignore[arg-type]
    return made


class InOrder(Searcher):
    """Hands out the proposals one after the other. (A grid of them would be copied whole for each trial.)"""

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        super().__init__()
        self._proposals = proposals
        self._next = 0

    def set_search_properties(self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any) -> bool:
        return True

    def suggest(self, trial_id: str) -> Any:
        if self._next >= len(self._proposals):
            return Searcher.FINISHED
        self._next += 1
        return {"proposal": dataclasses.asdict(self._proposals[self._next - 1])}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing is learned from what a trial gave: the order is the same whatever comes of it."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing, as in :class:`Watch`."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing."""


class Watch(tune.Callback):
    """Collects the learning curves as they are reported, and makes a :class:`Trial` of each that ends."""

    def __init__(self, halving: Halving, listener: Listener) -> None:
        #: No further trial is to begin, and those that run are to end.
        self.over = False
        self.interrupted = False
        self._halving = halving
        self._listener = listener
        self._running: dict[int, dict[str, Any]] = {}
        self._well = 0
        self._failed = 0

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Ray writes what it is given to its folder, for a restoring of its own that is never asked for."""
        return {}

    @property
    def hopeless(self) -> bool:
        return self._failed >= _HOPELESS and not self._well

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        proposal = trial.config["proposal"]
        self._running[proposal["number"]] = {"parameters": proposal["parameters"], "curve": (), "node": "", "error": ""}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        seen = self._running.get(trial.config["proposal"]["number"])
        if seen is None:
            return
        seen["node"] = result.get("node", seen["node"])
        seen["error"] = result.get("error", "")
        if "score" in result:
            point = Point(result["epoch"], result["score"], result["loss"], result["seconds"])
            seen["curve"] = (*seen["curve"], point)
            self._listener.point(point)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._end(trial.config["proposal"]["number"])

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        number = trial.config["proposal"]["number"]
        if number in self._running:
            self._running[number]["error"] = "its worker died"
        self._end(number)

    def cut_off(self) -> None:
        """The search is over: what still ran was cut off."""
        self.over = True
        for number in sorted(self._running):
            self._end(number)

    def _end(self, number: int) -> None:
        seen = self._running.pop(number, None)
        if seen is None:
            return
        reached = seen["curve"][-1].epoch if seen["curve"] else 0
        if seen["error"]:
            state = FAILED
        elif reached and reached >= self._halving.epochs:
            state = DONE
        else:
            state = CUT_OFF if self.over else STOPPED
        self._failed += state == FAILED
        self._well += state in (DONE, STOPPED)
        self._listener.trial(Trial(number, state, **seen))


class Stopper(tune.Stopper):
    """Ends the whole search, not single trials: that is the scheduler's."""

    def __init__(self, watch: Watch, deadline: float | None) -> None:
        self._watch = watch
        self._deadline = deadline

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        if (self._deadline is not None and time.monotonic() >= self._deadline) or self._watch.hopeless:
            self._watch.over = True
        return self._watch.over
