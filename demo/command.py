"""``sessionrank demo``: everything at once, on real data, to see search follow a visit."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from sessionrank.console import err, out, print_json
from sessionrank.settings import read_settings

from .player import Player
from .programs import ProxyProcess, free_port, proxy, stack_command
from .render import Played, as_json, beginning, ordered_by, visit_view
from .settings import DemoSettings
from .steps import PreparedFiles, Trained, load, prepare, searches, train
from .visits import Visit, choose_visits

__all__ = ["demo"]

#: The demo's own name, so that it never replaces a catalogue that is there already.
INDEX = "demo-catalog"
#: Hits asked for: the whole window, to see from where each one came.
_WINDOW = 100
#: These builds run no Painless, which the default popularity mode needs.
_WITHOUT_PAINLESS = ("elasticsearch-8", "elasticsearch-9")
#: Room for two products side by side where no terminal says how wide it is.
_WIDTH = 140


@click.command()
@click.option("--once", is_flag=True, help="End after the print-out instead of waiting for Ctrl-C.")
@click.option("--query", "word", default="bag", show_default=True, help="The word that all three visitors ask for.")
@click.option("--engine", help="As for `sessionrank stack run`.")
@click.option("--port", type=click.IntRange(1, 65535), default=9280, show_default=True, help="If free, else another.")
@click.option("--workdir", type=click.Path(path_type=Path), help="Keep files here.  [default: the cache folder]")
@click.option("--json", "json_out", is_flag=True, help="Print what was found as JSON.")
def demo(once: bool, word: str, engine: str | None, port: int, workdir: Path | None, json_out: bool) -> None:
    """Start everything on real data and watch search follow a visit.

    A local search engine and Redis are started, word2vec learns from a gift shop's orders, the catalogue is loaded with
    vectors and popularity, the proxy starts, and three customers' visits are played against the same query. The second
    start reuses what the first has downloaded and learned. With SESSIONRANK_UPSTREAM and SESSIONRANK_REDIS_URL both
    set, those servers are used.

    \b
    Examples:
      sessionrank demo
      sessionrank demo --once --query christmas
      SESSIONRANK_STRATEGY=shuffle sessionrank demo --once --json
    """
    settings = read_settings(DemoSettings)
    if not settings.has_servers:
        _restart_inside_stack(engine)
    started = time.monotonic()
    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix="sessionrank-demo-") as folder:
        files, trained = _prepared(workdir.absolute() if workdir else settings.workdir)
        names = files.names()
        visits = choose_visits(files.baskets(), names, trained.vectors, word)
        log = searches(files)
        err.print("Loading the catalogue, and measuring how its hits are best ordered …")
        report = load(files, trained, INDEX, Path(folder) / "rejects.jsonl", measure=log)
        err.print(f"Published {report['loaded']:,} products as {INDEX}, release {report['release']}.")
        err.print(ordered_by(report), markup=False)
        with proxy(INDEX, free_port(port), Path(folder)) as running, closing(Player(running.url, INDEX)) as player:
            err.print(f"The proxy is ready, after {time.monotonic() - started:.0f} s.")
            _play(player, word, visits, names, json_out=json_out)
            if not once:
                _stay(running)


def _restart_inside_stack(engine: str | None) -> None:
    """Become ``stack run`` around this very command; does not return."""
    if engine in _WITHOUT_PAINLESS:
        os.environ.setdefault("SESSIONRANK_POPULARITY", "function_score")
    context = click.get_current_context()
    command = stack_command(engine, _flags(context))
    err.print("Starting a local search engine and Redis …")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - our own interpreter


def _flags(context: click.Context) -> list[str]:
    """The options of this call, to be given again."""
    flags = []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if value is True:
            flags.append(option.opts[0])
        elif value is not None and value is not False:
            flags += [option.opts[0], str(value)]
    return flags


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end us as Ctrl-C does; all three are how the demo is meant to end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prepared(workdir: Path) -> tuple[PreparedFiles, Trained]:
    err.print("Preparing the data …")
    files = prepare(workdir)
    err.print("Using the trained model." if (trained := train(files)).reused else "Trained word2vec and covisits.")
    return files, trained


def _play(player: Player, word: str, visits: list[Visit], names: dict[str, str], *, json_out: bool) -> None:
    engine = player.search(word, size=_WINDOW, off=True)
    plain = player.search(word, size=_WINDOW)
    played = []
    for visit in visits:
        player.view(visit.session_id, visit.viewed)
        played.append(Played(visit, player.search_as(visit.session_id, word, size=_WINDOW)))
    if json_out:
        print_json(as_json(word, player.url, engine, plain, played))
        return
    screen = out if out.is_terminal else Console(width=_WIDTH, highlight=False, soft_wrap=True)
    screen.print(beginning(word, engine, plain, width=screen.width))
    for number, one in enumerate(played, 1):
        screen.print()
        screen.print(visit_view(number, word, one, plain, names, width=screen.width))
    out.print(
        "\nThese are real baskets, from after the time that model and popularity have learned from. One shop, three "
        "visits: no measurement.\n"
    )
    out.print(f"Ask it yourself at {player.search_url}", markup=False)
    for what, line in player.curl_lines(word, visits[0].session_id, visits[0].viewed[0]):
        out.print(f"\n# {what}", markup=False)
        click.echo(line)


def _stay(running: ProxyProcess) -> None:
    err.print("\nRunning until Ctrl-C.")
    try:
        running.wait()
    except KeyboardInterrupt:
        err.print("Stopping …")
