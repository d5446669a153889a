"""What ``sessionrank stack`` refuses before it starts anything."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sessionrank.errors import ConfigurationError, SessionrankError
from stack import foreground
from stack.commands import stack as commands
from stack.commands.stack import stack


@pytest.fixture(autouse=True)
def _nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a stack was started")

    monkeypatch.setattr(commands, "local_stack", refuse)
    monkeypatch.setattr(commands, "_stop_on_signals", lambda: None)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(stack, arguments)


@pytest.mark.parametrize("command", ["up", "run", "fetch"])
def test_help_has_examples(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert f"sessionrank stack {command}" in result.output


@pytest.mark.parametrize("command", [("up",), ("run", "true"), ("fetch",)])
def test_an_unknown_engine_is_refused(command: tuple[str, ...]) -> None:
    result = invoke(command[0], "--engine", "solr", *command[1:])
    assert result.exit_code == 2
    assert "'solr' is not one of" in result.output


def test_run_needs_a_command() -> None:
    assert invoke("run").exit_code == 2


def test_a_command_that_does_not_exist_is_refused_before_the_stack_starts() -> None:
    result = invoke("run", "--", "no-such-command-here", "--engine", "x")
    assert isinstance(result.exception, ConfigurationError)
    assert "no-such-command-here: no such command" in str(result.exception)


def test_an_unknown_option_before_the_command_is_refused() -> None:
    result = invoke("run", "--engin", "opensearch", "true")
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_options_behind_the_command_are_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(commands, "run_command", lambda command, stack: seen.append(command) or 0)
    assert invoke("run", "pytest", "-x", "--engine", "mine").exit_code == 0
    assert seen == [("pytest", "-x", "--engine", "mine")]


def test_an_env_file_with_other_settings_is_refused_before_the_stack_starts(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("PASSWORD=x\n")
    result = invoke("up", "--env-file", str(path))
    assert isinstance(result.exception, SessionrankError)
    assert path.read_text() == "PASSWORD=x\n"


def test_ctrl_c_is_left_to_the_terminal_and_forwarded_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:

    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    for terminal in (True, False):
        monkeypatch.setattr(os, "isatty", lambda fd, terminal=terminal: terminal)
        with foreground._forwarding() as forward_to:
            forward_to(4711)
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
    assert sent == [(4711, signal.SIGTERM), (4711, signal.SIGINT), (4711, signal.SIGTERM)]


def test_a_signal_that_comes_before_the_command_is_known_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    with foreground._forwarding() as forward_to:
        signal.raise_signal(signal.SIGUSR1)
        assert sent == []
        forward_to(4711)
    assert sent == [(4711, signal.SIGUSR1)]


def test_a_signal_that_was_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with foreground._forwarding():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
