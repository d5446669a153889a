"""A supervised child ends with its parent, however that ends, and so does all that it has started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from sessionrank.errors import ConfigurationError
from stack.process import Child
from tests.support.processes import gone, wait_until

ROOT = Path(__file__).parents[3]
#: A daemon that left its parent's session, with a child of its own.
DAEMON = "import subprocess, time; subprocess.Popen(['sleep', '1000']); print('up', flush=True); time.sleep(1000)"
#: The supervised program: it starts a child and that daemon.
PROGRAM = f"""
import subprocess, sys, time
subprocess.Popen(["sleep", "1000"])
subprocess.Popen([sys.executable, "-c", {DAEMON!r}], start_new_session=True)
time.sleep(1000)
"""
#: The parent: it supervises the program, tells where, and then ends or waits as it is told.
PARENT = f"""
import json, os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from stack.process import Child
child = Child("family")
child.start([sys.executable, "-c", {PROGRAM!r}], env=dict(os.environ))
print(json.dumps([child.pid, str(child.folder)]), flush=True)
manner = sys.stdin.readline().strip()
if manner == "fork":
    if os.fork() == 0:
        time.sleep(1000)  # it holds a copy of the pipe whose end the watchdog waits for
    print("forked", flush=True)
if manner == "exit":
    os._exit(3)
if manner == "exception":
    raise RuntimeError
time.sleep(1000)
"""


@dataclass
class Family:
    parent: subprocess.Popen[str]
    folder: Path
    #: The watchdog and everybody below it.
    members: list[psutil.Process]

    def tell(self, manner: str) -> None:
        assert self.parent.stdin
        self.parent.stdin.write(manner + "\n")
        self.parent.stdin.flush()

    def assert_gone(self) -> None:
        self.parent.wait(30)
        wait_until("all processes are gone", lambda: all(gone(member) for member in self.members))
        wait_until("the run folder is gone", lambda: not self.folder.exists())


@pytest.fixture
def family() -> Iterator[Family]:
    argv = [sys.executable, "-c", PARENT]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout
        pid, folder = json.loads(parent.stdout.readline())
        log = Path(folder) / "console.log"
        wait_until("the family is up", lambda: log.read_text() == "up\n")
        watchdog = psutil.Process(pid).parent()
        assert watchdog
        members = [watchdog, *watchdog.children(recursive=True)]
        assert len(members) == 5
        yield Family(parent, Path(folder), members)
        parent.kill()
    for member in members:
        if not gone(member):
            member.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV])
def test_a_signal_that_ends_the_parent_leaves_nothing_behind(family: Family, number: signal.Signals) -> None:
    family.tell("wait")
    family.parent.send_signal(number)
    family.assert_gone()


@pytest.mark.parametrize("manner", ["exit", "exception"])
def test_a_parent_that_ends_by_itself_leaves_nothing_behind(family: Family, manner: str) -> None:
    family.tell(manner)
    family.assert_gone()


def test_a_process_forked_off_the_parent_does_not_keep_the_child_alive(family: Family) -> None:
    family.tell("fork")
    assert family.parent.stdout
    assert family.parent.stdout.readline() == "forked\n"
    copies = [p for p in psutil.Process(family.parent.pid).children() if p not in family.members]
    assert len(copies) == 1
    try:
        family.parent.kill()
        family.assert_gone()
        assert not gone(copies[0])
    finally:
        copies[0].kill()


def test_leaving_the_block_ends_everybody_and_removes_the_folder() -> None:
    with Child("family") as child:
        child.start([sys.executable, "-c", PROGRAM], env=dict(os.environ))
        wait_until("the family is up", lambda: child.log.read_text() == "up\n")
        members = psutil.Process(child.pid).children(recursive=True)
        assert len(members) == 3
        assert child.exit_code() is None
    assert all(gone(member) for member in members)
    assert not child.folder.exists()
    child.stop()


def test_a_program_that_ends_leaves_its_exit_code_and_its_log_until_the_end() -> None:
    with Child("short") as child:
        child.start(["/bin/sh", "-c", "echo one; echo two >&2; exit 7"], env={})
        assert child.exit_code(wait=True) == 7
        assert child.log_tail() == "one\ntwo"
        assert child.log_tail(1) == "two"
    assert not child.folder.exists()


def test_a_program_that_a_signal_ended_has_a_negative_exit_code() -> None:
    with Child("short") as child:
        child.start(["/bin/sleep", "1000"], env={})
        os.kill(child.pid, signal.SIGUSR1)
        assert child.exit_code(wait=True) == -signal.SIGUSR1


def test_a_program_that_cannot_be_run_gives_one_line() -> None:
    with Child("none") as child, pytest.raises(ConfigurationError, match="/no/such/program: cannot be run"):
        child.start(["/no/such/program"], env={})
    assert not child.folder.exists()


def test_a_program_with_time_to_end_gets_sigterm_first(tmp_path: Path) -> None:
    marker = tmp_path / "ended"
    with Child("graceful") as child:
        script = f"trap 'echo ended > {marker}; exit 0' TERM; echo up; while :; do sleep 0.05; done"
        child.start(["/bin/sh", "-c", script], env={"PATH": os.environ["PATH"]}, grace=30)
        wait_until("the program is up", lambda: child.log_tail() == "up")
    assert marker.read_text() == "ended\n"


def test_the_program_sees_the_environment_that_it_was_given_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONRANK_SECRET", "hidden")
    with Child("env") as child:
        child.start([sys.executable, "-c", "import os; print(sorted(os.environ))"], env={"ONLY": "1"})
        assert child.exit_code(wait=True) == 0
        assert "ONLY" in child.log_tail()
        assert "SESSIONRANK_SECRET" not in child.log_tail()
