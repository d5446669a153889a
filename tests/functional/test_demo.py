"""``sessionrank demo`` as a newcomer runs it: its own stack, real training, the real proxy, and the lines it prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from demo.command import INDEX
from demo.programs import free_port
from demo.steps import prepare, train
from sessionrank.vectors import VectorsFile, unit
from tests.support.shop import command
from tests.support.stack import TestStack

DEMO = [sys.executable, "-m", "sessionrank", "demo"]


def environment(**more: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests; those stay that the engine's start needs."""
    engines = ("SESSIONRANK_CACHE_DIR", "SESSIONRANK_STACK_JAVA_OPTIONS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONRANK_") or name in engines}
    return {**kept, **more}


@dataclass
class Shown:
    """A demo that is running, and all that it has printed so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def url(self) -> str:
        found = re.search(r"Ask it yourself at (http://127\.0\.0\.1:\d+)/", self.text)
        assert found, self.text
        return found[1]

    @property
    def curl_lines(self) -> list[list[str]]:
        return [shlex.split(line) for line in self.lines if line.startswith("curl ")]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty at first: the first demo trains."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def shown(workdir: Path) -> Iterator[Shown]:
    """A demo with its own stack, at the point where it waits for Ctrl-C; its first port is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = subprocess.Popen(
            [*DEMO, "--workdir", str(workdir), "--port", str(taken.getsockname()[1])],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        shown = Shown(process)
        assert process.stdout is not None
        watchdog = threading.Timer(240, process.kill)
        watchdog.start()
        try:
            for line in process.stdout:
                shown.lines.append(line)
                if "Running until Ctrl-C" in line:
                    break
            yield shown
        finally:
            watchdog.cancel()
            process.terminate()
            process.wait(60)
            process.stdout.close()


def orders(text: str) -> list[list[str]]:
    """The personalised skus of each visit, from the printed tables."""
    visits = re.split(r"^Visit \d: ", text, flags=re.MULTILINE)[1:]
    return [
        [re.sub(r"^★ ", "", row.split("│")[3].strip()).split()[0] for row in visit.splitlines() if row.startswith("│")]
        for visit in visits
    ]


def test_it_plays_three_visits_that_end_in_three_different_orders(shown: Shown) -> None:
    assert shown.process.poll() is None, shown.text
    found = orders(shown.text)
    assert [len(order) for order in found] == [10, 10, 10], shown.text
    assert len({tuple(order) for order in found}) == 3
    assert all(len(set(order)) == 10 for order in found)
    assert shown.text.count("X-Sessionrank: personalised; window=100") == 3
    assert "the engine's own" in shown.text
    assert "was rank" in shown.text


def test_it_took_another_port_since_the_first_was_taken(shown: Shown) -> None:
    assert requests.get(f"{shown.url}/_sessionrank/health/ready", timeout=10).status_code == 200


def run_line(words: list[str]) -> Any:
    """Run one printed line: by curl where there is one, else by what the line says."""
    if shutil.which("curl"):
        done = subprocess.run([*words, "--noproxy", "*", "--fail"], check=True, capture_output=True, timeout=60)
        return json.loads(done.stdout)
    assert words[:2] == ["curl", "-s"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    headers = dict(value.split(": ", 1) for name, value in options if name == "-H")
    (body, *_) = [*(value for name, value in options if name == "-d"), None]
    answer = requests.request("POST" if body else "GET", words[2], headers=headers, data=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def test_the_printed_curl_lines_work_and_show_what_they_say(shown: Shown) -> None:
    as_visitor, as_nobody, engines_own, similar = (run_line(words) for words in shown.curl_lines)
    (first, *_) = orders(shown.text)
    assert [hit["_id"] for hit in as_visitor["hits"]["hits"]] == first
    assert all("rank_before" in hit["_sessionrank"] for hit in as_visitor["hits"]["hits"])
    plain = [hit["_id"] for hit in as_nobody["hits"]["hits"]]
    assert plain != first
    assert [hit["_id"] for hit in engines_own["hits"]["hits"]] != plain, "popularity lifts the plain answer"
    assert json.dumps(similar).count('"cosine"') == 5


@pytest.fixture(scope="module")
def run_once(workdir: Path, shown: Shown, stack: TestStack) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A later start, on the servers of the tests; ``shown`` has trained before."""

    def run(*flags: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DEMO, "--once", "--workdir", str(workdir), "--port", str(free_port(0)), *flags],
            env=environment(**{**stack.environment, **more}),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def second(run_once: Callable[..., subprocess.CompletedProcess[str]]) -> subprocess.CompletedProcess[str]:
    """The second start, as JSON."""
    return run_once("--json")


def test_once_ends_by_itself_and_reuses_the_model_of_the_first_start(
    second: subprocess.CompletedProcess[str], shown: Shown
) -> None:
    assert second.returncode == 0, second.stderr
    assert "Trained word2vec and covisits." in shown.text
    assert "Using the trained model." in second.stderr
    report = json.loads(second.stdout)
    found = [[hit["sku"] for hit in visit["personalised"]] for visit in report["visits"]]
    assert found == orders(shown.text), "another engine and store, the same data: the same orders"
    assert all(order != report["plain"] for order in found)
    with pytest.raises(requests.ConnectionError):
        requests.get(report["url"], timeout=5)


def test_its_release_is_ordered_by_what_surely_helped_on_searches_from_after_the_split(
    second: subprocess.CompletedProcess[str], stack: TestStack
) -> None:
    assert second.returncode == 0, second.stderr
    status = json.loads(command(["index", "status", "--alias", INDEX, "--json"], stack.environment))
    (ranking,) = [release["ranking"] for release in status["releases"] if release["state"] == "served"]
    measured = ranking["measured"]
    assert ranking["strategy"] != "none"
    assert measured["cases"] >= 200
    assert measured["low"] > 0
    assert measured["mrr"] >= 1.5 * measured["mrr_plain"]
    assert measured["harmed"] == []
    told = f"{measured['mrr_plain']:.2f} in the plain order, and stands at {measured['mrr']:.2f}"
    said = " ".join(second.stderr.split())
    assert f"Hits are ordered by {ranking['strategy']}: " in said
    assert told in said


def nearness(report: dict[str, Any], vectors: VectorsFile) -> tuple[float, float]:
    """How near the plain and the personalised tens are to what was looked at: mean cosine over the visits."""
    of = dict(zip(vectors.ids.tolist(), vectors.vectors, strict=True))
    plain, personalised = [], []
    for visit in report["visits"]:
        taste = unit(np.mean([of[sku] for sku in visit["viewed"]], axis=0))
        plain += [float(of[sku] @ taste) for sku in report["plain"] if sku in of]
        personalised += [float(of[hit["sku"]] @ taste) for hit in visit["personalised"] if hit["sku"] in of]
    return float(np.mean(plain)), float(np.mean(personalised))


def test_the_personalised_tens_are_nearer_to_the_visits_and_those_of_shuffle_are_not(
    second: subprocess.CompletedProcess[str],
    run_once: Callable[..., subprocess.CompletedProcess[str]],
    workdir: Path,
) -> None:
    vectors = train(prepare(workdir)).vectors
    plain, personalised = nearness(json.loads(second.stdout), vectors)
    assert personalised > plain + 0.2
    plain, shuffled = nearness(json.loads(run_once("--json", SESSIONRANK_STRATEGY="shuffle").stdout), vectors)
    assert shuffled < plain + 0.2


def test_a_word_that_nobody_wants_is_refused_with_one_clear_line(
    run_once: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_once("--query", "zeppelin")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: only 0 baskets hold a product named with 'zeppelin'")
    assert "Traceback" not in done.stderr


def test_servers_that_do_not_answer_are_an_error_that_says_so(
    run_once: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    nowhere = f"http://127.0.0.1:{free_port(0)}"
    done = run_once(SESSIONRANK_UPSTREAM=nowhere)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "SESSIONRANK_UPSTREAM" in done.stderr.splitlines()[-1]


def test_the_kept_files_are_those_of_the_shipped_data(shown: Shown, workdir: Path) -> None:
    files = prepare(workdir)
    assert files.reused
    assert train(files).reused
    assert train(files).vectors.meta["data"]["name"] == "sessions.txt"


def test_ctrl_c_ends_it_cleanly_with_all_that_it_started(shown: Shown) -> None:
    """Stands last: it ends the demo that the tests above look at."""
    family = descendants(shown.process.pid)
    assert len(family) >= 5, "stack, engine, Redis, demo, proxy"
    shown.process.send_signal(signal.SIGINT)
    assert shown.process.wait(60) == 0
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    with pytest.raises(requests.ConnectionError):
        requests.get(shown.url, timeout=5)


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``."""
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for below in map(int, child.read_text().split()):
            found += [below, *descendants(below)]
    return found
