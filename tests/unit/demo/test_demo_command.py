"""The command around the play: starting itself again inside a stack, and settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from demo.programs import stack_command
from demo.settings import DemoSettings
from sessionrank.cli import main
from sessionrank.settings import read_settings


class Replaced(Exception):
    """Stands for the process that ``os.execv`` would become."""


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that the process was replaced by."""
    commands: list[list[str]] = []

    def execv(path: str, arguments: list[str]) -> None:
        assert path == arguments[0] == sys.executable
        commands.append(arguments)
        raise Replaced

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.delenv("SESSIONRANK_UPSTREAM", raising=False)
    monkeypatch.delenv("SESSIONRANK_REDIS_URL", raising=False)
    # Through monkeypatch, so that what the command sets goes with the test.
    monkeypatch.setenv("SESSIONRANK_POPULARITY", "")
    monkeypatch.delenv("SESSIONRANK_POPULARITY")
    return commands


def test_without_servers_it_runs_itself_inside_a_stack_with_the_same_options(became: list[list[str]]) -> None:
    with pytest.raises(Replaced):
        main(["demo", "--once", "--query", "tea set", "--port", "9300", "--json", "--workdir", "kept here"])
    (command,) = became
    inside = command[command.index("--") + 1 :]
    assert command[1:5] == ["-m", "sessionrank", "stack", "run"]
    assert "--engine" not in command
    assert inside[:4] == [sys.executable, "-m", "sessionrank", "demo"]
    assert set(inside[4:]) == {"--once", "--query", "tea set", "--port", "9300", "--json", "--workdir", "kept here"}
    assert inside[inside.index("--query") + 1] == "tea set"
    assert "SESSIONRANK_POPULARITY" not in os.environ


def test_an_engine_without_painless_gets_the_popularity_mode_that_needs_none(
    became: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Replaced):
        main(["demo", "--engine", "elasticsearch-9"])
    assert became[0][5:7] == ["--engine", "elasticsearch-9"]
    assert os.environ["SESSIONRANK_POPULARITY"] == "function_score"
    monkeypatch.setenv("SESSIONRANK_POPULARITY", "none")
    with pytest.raises(Replaced):
        main(["demo", "--engine", "elasticsearch-9"])
    assert os.environ["SESSIONRANK_POPULARITY"] == "none"


def test_the_engine_is_for_the_stack_alone() -> None:
    command = stack_command("elasticsearch-7", ["--once"])
    assert command.index("--engine") < command.index("--")


def test_servers_count_as_there_when_both_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SESSIONRANK_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("SESSIONRANK_UPSTREAM", "http://127.0.0.1:9200")
    monkeypatch.delenv("SESSIONRANK_REDIS_URL", raising=False)
    assert not read_settings(DemoSettings).has_servers
    monkeypatch.setenv("SESSIONRANK_REDIS_URL", "redis://127.0.0.1:6379/0")
    assert read_settings(DemoSettings).has_servers
    assert read_settings(DemoSettings).workdir == tmp_path / "demo"


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["demo", "--help"])
    assert not left.value.code
    assert "sessionrank demo --once --query christmas" in capsys.readouterr().out
