"""``sessionrank model tune`` with a real Ray: killed and resumed on this machine, and on a cluster of two nodes."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.algorithms.registry import make_algorithm
from models.protocols.registry import make_protocol
from models.readers.sessions_txt import SessionsTxt
from models.tuning.objective import recall_at_10, task_of
from models.tuning.space import SPACES, proposals
from sessionrank.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
#: Small enough that Ray's own start is most of the time.
SETTINGS = ["--protocol", "leave-last-out", "--max-epochs", "6", "--grace", "6", "--cpus", "2", "--seed", "5"]


def tune(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sessionrank", "model", "tune", "sessions.txt", *SETTINGS, *words],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``sessions.txt``: walks along a ring of 60 items."""
    place = tmp_path_factory.mktemp("tune")
    chance = random.Random(3)
    starts = [chance.randrange(60) for _ in range(300)]
    rows = (f"{n}\t{' '.join(f'i{(start + step) % 60}' for step in range(8))}\n" for n, start in enumerate(starts))
    (place / "sessions.txt").write_text("".join(rows))
    return place


@dataclass
class Killed:
    """What was seen of a sweep that was killed and resumed."""

    #: What all its processes listened on: addresses.
    listening: set[str] = field(default_factory=set)
    #: All that it started.
    processes: set[psutil.Process] = field(default_factory=set)
    private: Path = Path()
    before: list[str] = field(default_factory=list)
    resumed: dict[str, Any] = field(default_factory=dict)
    stderr: str = ""

    @property
    def private_is_gone(self) -> bool:
        return self.private.name.startswith("srt-") and not self.private.exists()


def listening(process: psutil.Process) -> set[str]:
    """The addresses that a process and its children listen on."""
    found = set()
    for one in [process, *process.children(recursive=True)]:
        try:
            found |= {each.laddr.ip for each in one.net_connections("inet") if each.status == psutil.CONN_LISTEN}
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture(scope="module")
def killed(folder: Path) -> Killed:
    """A sweep of four trials, killed when one has ended and others run, and resumed."""
    seen = Killed()
    journal = folder / "sweep" / "trials.jsonl"
    process = tune(folder, "--trials", "4")
    tree = psutil.Process(process.pid)
    children: set[psutil.Process] = set()
    while not lines(journal):
        assert process.poll() is None, process.communicate()[1]
        children |= set(tree.children(recursive=True))
        time.sleep(0.1)
    seen.listening = listening(tree)
    seen.private = Path((folder / "sweep" / ".lock").read_text().strip())
    children |= set(tree.children(recursive=True))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    seen.before = lines(journal)
    again = tune(folder, "--trials", "4", "--resume", "--json")
    out, seen.stderr = again.communicate(timeout=200)
    assert again.returncode == 0, seen.stderr
    seen.resumed = json.loads(out)
    seen.processes = children
    return seen


def test_everything_that_is_started_listens_on_the_loopback_interface_alone(killed: Killed) -> None:
    assert killed.listening
    assert {address.removeprefix("::ffff:") for address in killed.listening} == {"127.0.0.1"}


def test_what_ray_wrote_is_gone_in_the_end_also_what_the_killed_one_left(killed: Killed) -> None:
    assert killed.private_is_gone


def test_trials_that_ended_before_the_kill_are_not_run_again(killed: Killed, folder: Path) -> None:
    after = lines(folder / "sweep" / "trials.jsonl")
    assert 1 <= len(killed.before) < 4
    assert after[: len(killed.before)] == killed.before
    assert sorted(json.loads(line)["number"] for line in after) == [0, 1, 2, 3]
    assert killed.resumed["states"] == {"done": 4}


def test_what_was_tried_follows_from_the_seed(killed: Killed, folder: Path) -> None:
    tried = {trial["number"]: trial["parameters"] for trial in map(json.loads, lines(folder / "sweep/trials.jsonl"))}
    defaults = {"size": 52, "window": 4, "ns_exponent": 0.4, "alpha": 0.1, "negative": 7, "sg": 1}
    assert [tried[number] for number in range(4)] == proposals(SPACES["word2vec"], defaults, count=4, seed=5)


def test_the_best_settings_give_the_score_that_the_sweep_says(killed: Killed, folder: Path) -> None:
    best = json.loads((folder / "sweep" / "best.json").read_text())
    assert best == killed.resumed["best"]
    sessions = SessionsTxt().read(folder / "sessions.txt").sessions
    task = task_of(sessions, make_protocol("leave-last-out"), seed=5)
    model = make_algorithm(f"@{folder / 'sweep' / 'best.json'}").fit(task.train)
    assert recall_at_10(model, task) == best["found"]["score"]
    assert best["found"]["trials"] == 4
    scores = [json.loads(line)["curve"][-1]["score"] for line in lines(folder / "sweep" / "trials.jsonl")]
    assert best["found"]["score"] == max(scores) > min(scores)


def test_learning_curves_tables_and_plots_are_written(killed: Killed, folder: Path) -> None:
    for line in lines(folder / "sweep" / "trials.jsonl"):
        assert [point["epoch"] for point in json.loads(line)["curve"]] == [1, 2, 3, 4, 5, 6]
    assert len(lines(folder / "sweep" / "trials.csv")) == 5
    for name in ("parameters.png", "parallel.png", "curves.png"):
        assert (folder / "sweep" / name).read_bytes().startswith(b"\x89PNG")


def test_nothing_but_our_own_lines_is_printed(killed: Killed) -> None:
    assert killed.stderr == ""


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--seed", "6"], "sweep holds a sweep with another seed: 5, now 6"),
        (["--min-length", "2"], "sweep holds a sweep with another data: "),
        (["--max-epochs", "7"], "sweep holds a sweep with another epochs: 6, now 7"),
    ],
)
def test_another_sweep_is_not_resumed(killed: Killed, folder: Path, words: list[str], line: str) -> None:
    refused = tune(folder, "--resume", *words)
    _, error = refused.communicate(timeout=60)
    assert refused.returncode == 2
    assert error.startswith(f"Error: {line}")
    assert len(error.splitlines()) == 1


def test_a_sweep_whose_time_is_over_reports_without_starting_ray(killed: Killed, folder: Path) -> None:
    over = tune(folder, "--resume", "--time-budget", "1s")
    out, error = over.communicate(timeout=60)
    assert over.returncode == 0, error
    assert "Recall@10" in out
    assert "model train @sweep/best.json sessions.txt" in error


def test_ctrl_c_ends_a_sweep_and_says_how_to_go_on(folder: Path) -> None:
    process = tune(folder, "--trials", "50", "--out", "stopped")
    while not lines(folder / "stopped" / "trials.jsonl"):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    private = Path((folder / "stopped" / ".lock").read_text().strip())
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on from them" in error
    assert "Traceback" not in error
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert not private.exists()
    assert json.loads((folder / "stopped" / "best.json").read_text())["algorithm"] == "word2vec"


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Ray cluster of two nodes with one core each."""
    program = [sys.executable, "-m", "tests.support.ray_cluster"]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout
        yield cluster.stdout.readline().strip()
        cluster.communicate(timeout=60)


def test_the_same_command_runs_on_both_nodes_of_a_cluster(two_nodes: str, folder: Path) -> None:
    process = tune(
        folder, "--trials", "4", "--out", "cluster", "--ray-address", two_nodes, "--json",
        RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    )  # fmt: skip
    out, error = process.communicate(timeout=200)
    assert process.returncode == 0, error
    assert error == ""
    report = json.loads(out)
    assert report["states"] == {"done": 4}
    assert len(report["nodes"]) == 2
    assert {json.loads(line)["node"] for line in lines(folder / "cluster/trials.jsonl")} == set(report["nodes"])


def test_settings_that_cannot_learn_end_with_the_reason_of_the_first(two_nodes: str, folder: Path) -> None:
    process = tune(
        folder, "--trials", "2", "--out", "failed", "--ray-address", two_nodes,
        "--algorithm", "word2vec:min_count=5000", RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    )  # fmt: skip
    _, error = process.communicate(timeout=200)
    assert process.returncode == 2
    assert error.startswith("Error: no trial ended well; the first of 2 that failed: DataError: no item stands 5000")
    assert len(error.splitlines()) == 1


def test_an_address_where_nothing_listens_is_refused_at_once(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        process = tune(folder, "--out", "none", "--ray-address", f"127.0.0.1:{taken.getsockname()[1]}")
        _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no Ray cluster that this machine is a node of answers there" in error
    assert len(error.splitlines()) == 1


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from models.tuning import search

    monkeypatch.setattr(search, "_CONNECT_S", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        waiting = search.cluster(address, cpus=1, folder=tmp_path)
        with pytest.raises(ConfigurationError, match="answers there: nothing within 1 seconds"), waiting:
            pass


def test_nothing_of_a_killed_sweep_goes_on_running(killed: Killed) -> None:
    """Last, because Ray's agents, which do nothing by then, take a minute to notice that they are alone."""
    assert len(killed.processes) > 4
    assert psutil.wait_procs(killed.processes, timeout=100)[1] == []
