"""The command line: lazy commands, one line for an error, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sessionrank import cli
from sessionrank.errors import DataError


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_help_lists_every_command_and_imports_none() -> None:
    script = (
        "import sys; sys.argv = ['sessionrank', '--help']\n"
        "from sessionrank.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: assert e.code == 0\n"
        "assert not {'flask', 'gensim', 'redis', 'elasticsearch', 'gunicorn'} & set(sys.modules)\n"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in cli.COMMANDS)


def test_an_unknown_command_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fly") == 2
    assert "No such command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (DataError("row 3: no sku"), 2, "Error: row 3: no sku\n"),
        (
            DataError("Redis died; its log ends:\nlast \x1b[2Jwords"),
            2,
            "its log ends:\nlast \N{REPLACEMENT CHARACTER}[2Jwords\n",
        ),
        (click.UsageError("what?"), 2, "Error: what?\n"),
        (KeyboardInterrupt(), 130, "Stopped.\n"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(
    error: BaseException,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli.cli, "get_command", lambda *_: fail)
    assert run("fail") == code
    assert capsys.readouterr().err.endswith(told)


#: A command that shows lines, or one document; each is more than buffers and pipes hold.
SHOWING = (
    "import sys, click\n"
    "from sessionrank import cli, console\n"
    "@click.command()\n"
    "@click.argument('how')\n"
    "def show(how):\n"
    "    console.out.print('row\\n' * 25_000) if how == 'table' else console.print_json(['row'] * 25_000)\n"
    "cli.cli.get_command = lambda *_: show\n"
    "cli.main(['show', sys.argv[1]] if sys.argv[1] != 'help' else ['--version'])\n"
)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", ["table", "json", "help"])
def test_output_on_a_full_disk_ends_in_one_line(what: str, unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", SHOWING, what], stdout=full, stderr=subprocess.PIPE, env=environment, check=False
        )
    assert ended.stderr.decode() == "Error: standard output cannot be written: No space left on device\n"
    assert ended.returncode == 2


@pytest.mark.parametrize("what", ["table", "json"])
def test_a_reader_that_has_seen_enough_ends_it_quietly(what: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SHOWING, what], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    # Releases of click differ in whether this is a failure; it is no crash.
    assert running.returncode in (0, 1)


def test_a_missing_extra_is_told_with_its_install_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.COMMANDS, "model", ("gensim_that_is_not_there:x", "models", ""))
    assert run("model") == 2
    told = capsys.readouterr().err
    assert "`sessionrank model` needs gensim_that_is_not_there" in told
    assert "pip install 'sessionrank[models]'" in told


def test_each_member_of_search_is_told_with_the_extra_of_its_own_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.SEARCH_COMMANDS, "log", ("gensim_that_is_not_there:x", "models", ""))
    assert run("search", "log") == 2
    told = capsys.readouterr().err
    assert "`sessionrank search log` needs gensim_that_is_not_there" in told
    assert "pip install 'sessionrank[models]'" in told


def test_every_command_of_the_registry_exists() -> None:
    group = cli.cli
    assert isinstance(group, click.Group)
    for name in cli.COMMANDS:
        assert group.get_command(click.Context(group), name) is not None
