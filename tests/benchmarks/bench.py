"""``make bench``: what the proxy adds to the engine, beside bare Flask views that do only the happy path."""

from __future__ import annotations

import os
import platform
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from sessionrank.console import err, out, print_json, progress

from .material import INDEX, SESSION, Material, prepared
from .report import as_json, tables
from .rounds import TURN, Client, Measured, Way, compare
from .servers import bare, proxy
from .stage import measure_stage

#: Room for the tables where no terminal says how wide it is.
_WIDTH = 110
#: A way and the one that it is compared with: the engine, asked directly.
_BASE = {
    "personalised": "engine, wrapped body",
    "bare view": "engine, wrapped body",
    "pass-through": "engine, own body",
    "bare forward": "engine, own body",
}


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Ratios are medians of them.")
@click.option("--requests", type=click.IntRange(min=2), default=400, show_default=True, help="A round and way.")
@click.option("--warm-up", type=click.IntRange(min=0), default=300, show_default=True, help="Requests not counted.")
@click.option("--json", "json_out", is_flag=True, help="One JSON document instead of tables.")
def bench(rounds: int, requests: int, warm_up: int, json_out: bool) -> None:
    """Measure what the proxy adds to a request: latency (against the engine asked directly) and processor time.

    The engine and the Redis are those of the environment.

    \b
    Examples:
      make bench
      make bench ARGS='--rounds 3 --requests 200 --json'
      sessionrank stack run -- python -m tests.benchmarks.bench
    """
    upstream, redis_url = (os.environ.get(name) for name in ("SESSIONRANK_UPSTREAM", "SESSIONRANK_REDIS_URL"))
    if not upstream or not redis_url:
        raise click.UsageError("set SESSIONRANK_UPSTREAM and SESSIONRANK_REDIS_URL, or run it inside `stack run`")
    with tempfile.TemporaryDirectory(prefix="sessionrank-bench-") as folder:
        material = prepared(upstream, redis_url, Path(folder))
    err.print(f"{len(material.words)} queries, {rounds} rounds of {requests} requests each way")
    measured = _searches(material, upstream, rounds, requests, warm_up)
    with closing(Client(urlsplit(upstream).port or 80)) as client:
        items = client.page(material.wrapped_asks()[0])
    stages = measure_stage(material, items, rounds=rounds, calls=max(2, requests // 4))
    about = {"cores": os.cpu_count(), "python": platform.python_version(), "rounds": rounds, "requests": requests}
    if json_out:
        print_json(as_json(measured, stages, _BASE, about))
    else:
        screen = out if out.is_terminal else Console(width=_WIDTH, highlight=False)
        for table in tables(measured, stages, _BASE):
            screen.print(table)


def _searches(material: Material, upstream: str, rounds: int, requests: int, warm_up: int) -> dict[str, list[Measured]]:
    environment = {"SESSIONRANK_UPSTREAM": upstream, "SESSIONRANK_REDIS_URL": material.settings.redis_url}
    # A wide budget: a moment's hiccup must not turn into a plain answer, which is cheaper.
    ours = {
        **environment,
        "SESSIONRANK_INDICES": INDEX,
        "SESSIONRANK_BUDGET_MS": "5000",
        "SESSIONRANK_STRATEGY": "cosine",
    }
    with ExitStack() as exits:
        served = exits.enter_context(proxy(ours))
        view = exits.enter_context(bare("bare_view", environment))
        forward = exits.enter_context(bare("bare_forward", environment))
        visit, off = material.asks(**{"X-Session-Id": SESSION}), material.asks(**{"X-Sessionrank": "off"})
        ways = [
            Way("engine, wrapped body", upstream, material.wrapped_asks()),
            Way("personalised", _url(served.port), visit, served, "personalised"),
            Way("bare view", _url(view.port), visit, view),
            Way("engine, own body", upstream, material.asks()),
            Way("pass-through", _url(served.port), off, served, "plain; reason=off"),
            Way("bare forward", _url(forward.port), material.asks(), forward),
        ]
        with closing(Client(served.port)) as client:
            client.ask(material.events())
        _agree(ways[1:3])
        _agree(ways[3:])
        bar = exits.enter_context(progress())
        task = bar.add_task("Asking in turns", total=rounds * -(-requests // TURN))
        return compare(ways, rounds=rounds, requests=requests, warm_up=warm_up, advance=lambda: bar.advance(task))


def _agree(ways: list[Way]) -> None:
    """Comparing costs makes sense only between equal answers: the same page for each query."""
    pages = []
    for way in ways:
        with closing(Client(urlsplit(way.url).port or 80)) as client:
            pages.append([client.page(ask) for ask in way.asks])
    for way, found in zip(ways, pages, strict=True):
        assert found == pages[0], f"{way.name} answers otherwise than {ways[0].name}"


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    bench()
