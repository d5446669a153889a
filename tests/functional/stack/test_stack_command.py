"""``sessionrank stack``, as its users run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis
import requests

from tests.support.processes import below, gone, run_folders, wait_until

PIPE = subprocess.PIPE
STACK = [sys.executable, "-m", "sessionrank", "stack"]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*STACK, *arguments], stdin=subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def addresses(env_file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in env_file.read_text().splitlines())


def assert_both_answer(values: dict[str, str]) -> None:
    assert set(values) == {"SESSIONRANK_UPSTREAM", "SESSIONRANK_REDIS_URL"}
    assert requests.get(f"{values['SESSIONRANK_UPSTREAM']}/_cluster/health", timeout=60).status_code == 200
    with redis.Redis.from_url(values["SESSIONRANK_REDIS_URL"]) as connection:
        assert connection.ping()


def assert_gone(processes: list[psutil.Process], folders: set[Path]) -> None:
    wait_until("all processes are gone", lambda: all(gone(process) for process in processes))
    wait_until("the run folders are gone", lambda: not any(folder.exists() for folder in folders))


def test_up_tells_the_addresses_once_both_answer_and_ends_both_on_sigterm(tmp_path: Path) -> None:
    env_file = tmp_path / "stack.env"
    env_file.write_text("SESSIONRANK_UPSTREAM=http://127.0.0.1:1\n")
    with started("up", "--env-file", str(env_file)) as process:
        assert process.stdout
        assert "opensearch 3.6.0 and Redis are up" in process.stdout.readline()
        assert_both_answer(addresses(env_file))
        assert f". {env_file}" in process.stdout.readline()
        processes = below(process.pid)
        folders = run_folders(processes)
        assert len(folders) == 2
        process.terminate()
        assert process.wait(60) == 0
        assert process.stderr
        assert process.stderr.read() == "Stopping …\n"
    assert_gone(processes, folders)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine", ["opensearch", "elasticsearch-9"])
def test_a_killed_stack_leaves_no_process_and_no_folder(engine: str) -> None:
    with started("up", "--engine", engine, "--json") as process:
        assert process.stdout
        told = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        assert told.pop("engine") == engine
        assert_both_answer(told)
        processes = below(process.pid)
        folders = run_folders(processes)
        assert len(folders) == 2
        process.kill()
    assert_gone(processes, folders)
    with pytest.raises(requests.ConnectionError):
        requests.get(told["SESSIONRANK_UPSTREAM"], timeout=60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_stack_that_is_ended_while_it_starts_leaves_nothing(number: signal.Signals) -> None:
    with started("up") as process:
        wait_until("both run folders are there", lambda: len(run_folders(below(process.pid))) == 2)
        processes = below(process.pid)
        folders = run_folders(processes)
        process.send_signal(number)
        assert process.wait(60) in (-signal.SIGKILL, 130)
    assert_gone(processes, folders)


def test_up_ends_with_one_line_when_a_server_dies() -> None:
    with started("up", "--engine", "elasticsearch-8") as process:
        assert process.stdout
        assert "are up" in process.stdout.readline()
        processes = below(process.pid)
        (server,) = [p for p in processes if "redis-server" in p.name()]
        server.kill()
        assert process.wait(60) == 2
        assert process.stderr
        assert process.stderr.read().startswith("Error: Redis died (exit code -9); its log ends:\n")
    assert_gone(processes, set())


def test_run_gives_the_command_both_addresses_and_passes_its_exit_code_on() -> None:
    script = (
        'test "$EXTRA" = kept && curl=$(printenv SESSIONRANK_UPSTREAM SESSIONRANK_REDIS_URL) && echo "$curl"; '
        "read line; echo got $line >&2; exit 7"
    )
    done = subprocess.run(
        [*STACK, "run", "--engine", "elasticsearch-8", "--", "sh", "-c", script],
        input="a line\n",
        env={**os.environ, "EXTRA": "kept"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    upstream, redis_url = done.stdout.splitlines()
    assert upstream.startswith("http://127.0.0.1:")
    assert redis_url.startswith("redis://127.0.0.1:")
    assert done.stderr == "got a line\n"
    with pytest.raises(requests.ConnectionError):
        requests.get(upstream, timeout=60)


def test_run_forwards_signals_and_reports_the_one_that_ended_the_command() -> None:
    script = "trap 'echo usr1' USR1; echo up; while :; do sleep 0.05; done"
    with started("run", "--engine", "elasticsearch-8", "sh", "-c", script) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        processes = below(process.pid)
        folders = run_folders(processes)
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "usr1\n"
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert_gone(processes, folders)


def test_a_killed_run_takes_its_command_with_it() -> None:
    with started("run", "--engine", "elasticsearch-8", "sh", "-c", "sleep 1000 & echo up; sleep 1000") as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        wait_until("both sleep", lambda: sum("sleep" in p.name() for p in below(process.pid)) == 2)
        processes = below(process.pid)
        folders = run_folders(processes)
        process.kill()
    assert_gone(processes, folders)


def test_fetch_gets_everything_ready_and_tells_where() -> None:
    done = subprocess.run([*STACK, "fetch", "--all", "--json"], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert [row["engine"] for row in rows] == ["elasticsearch-7", "elasticsearch-8", "elasticsearch-9", "opensearch"]
    for row in rows:
        assert (Path(row["home"]) / "lib").is_dir()
        assert (Path(row["java"]) / "bin" / "java").exists()
