"""``sessionrank stack``: run a local search engine and Redis, by themselves or around another command."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import click

from sessionrank.console import err, print_json
from sessionrank.errors import BackendError, StoreError

from ..distribution import install
from ..engines import DEFAULT_ENGINE, ENGINES, engine_named
from ..env_file import env_file, prepare_env_file
from ..foreground import run_command
from ..java import java_home
from ..local import ADDRESSES, LocalStack, local_stack
from ..settings import read_stack_settings

__all__ = ["stack"]

_POLL_SECONDS = 0.3

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _engine_option() -> Decorator:
    return click.option(
        "--engine",
        type=click.Choice(sorted(ENGINES)),
        default=DEFAULT_ENGINE,
        show_default=True,
        help="The search engine to run.",
    )


@click.group()
def stack() -> None:
    """Run a local search engine and Redis: no Docker, no Java and no root needed.

    Both listen on 127.0.0.1 only, on free ports, keep nothing, and end with the command that started them.
    """


@stack.command()
@_engine_option()
@click.option(
    "--env-file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write both addresses here once both answer; the file goes when they do.",
)
@click.option("--json", "as_json", is_flag=True, help="Print both addresses as one JSON document.")
def up(engine: str, path: Path | None, as_json: bool) -> None:
    """Start both and keep them until Ctrl-C or SIGTERM.

    \b
    Examples:
      sessionrank stack up
      sessionrank stack up --engine elasticsearch-9
      sessionrank stack up --env-file stack.env &
    """
    _stop_on_signals()
    if path is not None:
        prepare_env_file(path, ADDRESSES)
    with local_stack(engine) as running, ExitStack() as exits:
        if path is not None:
            exits.enter_context(env_file(path, running.environment))
        try:
            _tell(running, path, as_json=as_json)
            _wait(running)
        except KeyboardInterrupt:
            err.print("Stopping …")


@stack.command(context_settings={"allow_interspersed_args": False})
@_engine_option()
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(engine: str, command: tuple[str, ...]) -> int:
    """Start both, run COMMAND with their addresses in its environment, stop both; its exit code is passed on.

    \b
    Examples:
      sessionrank stack run -- pytest tests/functional
      sessionrank stack run --engine elasticsearch-7 -- sh -c 'curl "$SESSIONRANK_UPSTREAM/_cluster/health"'
    """
    _stop_on_signals()
    return run_command(command, lambda: local_stack(engine))


@stack.command()
@_engine_option()
@click.option("--all", "every", is_flag=True, help="All engines.")
@click.option("--json", "as_json", is_flag=True, help="Print what is there as one JSON document.")
def fetch(engine: str, every: bool, as_json: bool) -> None:
    """Download and unpack what an engine needs, without starting it.

    \b
    Examples:
      sessionrank stack fetch
      sessionrank stack fetch --all --json
    """
    settings = read_stack_settings()
    rows = []
    for name in sorted(ENGINES) if every else [engine]:
        wanted = engine_named(name)
        home = install(wanted, cache=settings.cache, maven_url=settings.maven_url)
        java = java_home(wanted.java, cache=settings.cache)
        rows.append({"engine": name, "version": wanted.version, "home": str(home), "java": str(java)})
        if not as_json:
            click.echo(f"{name} {wanted.version} is ready in {home}")
    if as_json:
        print_json(rows)


def _stop_on_signals() -> None:
    """Let SIGTERM and a closed terminal end us as Ctrl-C does, through every ``with`` block."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, stop)


def _wait(running: LocalStack) -> None:
    while True:
        time.sleep(_POLL_SECONDS)
        if (code := running.engine.child.exit_code()) is not None:
            tail = running.engine.child.log_tail()
            raise BackendError(f"{running.engine.engine.name} died (exit code {code}); its log ends:\n{tail}")
        if (code := running.redis.child.exit_code()) is not None:
            raise StoreError(f"Redis died (exit code {code}); its log ends:\n{running.redis.child.log_tail()}")


def _tell(running: LocalStack, path: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"engine": running.engine.engine.name, **running.environment})
        return
    engine = running.engine.engine
    click.echo(f"{engine.name} {engine.version} and Redis are up. In another terminal:")
    if path is not None:
        click.echo(f"  set -a; . {shlex.quote(str(path.absolute()))}; set +a")
    else:
        for name, value in running.environment.items():
            click.echo(f"  export {name}={value}")
    click.echo("Ctrl-C stops both and removes what they stored.")
