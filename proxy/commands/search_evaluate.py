"""``sessionrank search evaluate``: what re-ranking is worth on a log of searches."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError
from sessionrank.searchlog import SearchCase, read_log
from sessionrank.settings import read_settings, url_list

from ..backends.base import SearchBackend
from ..backends.registry import backend_from_urls
from ..evaluation.needed import check_release
from ..evaluation.outcomes import PERSONALISED
from ..evaluation.plot import check_plot, draw_evaluation
from ..evaluation.products import EngineSide, Products, look_up, present
from ..evaluation.query import SearchForm, form_of
from ..evaluation.replay import Replay, settings_for
from ..evaluation.run import Job, Replaying, evaluated
from ..evaluation.served import ServedReplay
from ..evaluation.tables import against_table, notes, orders_table, slices_table
from ..evaluation.visits import check_types
from ..releases import index_meant
from ..settings import ProxySettings

__all__ = ["evaluate"]

_CONTROLS = ("none", "shuffle")
#: What the order of a running proxy is called.
_SERVED = "proxy"


class _Names(click.ParamType):  # type: ignore[type-arg]
    """Names separated by commas, each once; none at all for an empty text."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--index", metavar="NAME", help="Index or alias to search.  [default: the one in SESSIONRANK_INDICES]")
@click.option("--field", default="name", show_default=True, help="The text field that is searched.")
@click.option("--query-template", "template", type=click.Path(path_type=Path), metavar="FILE",
              help="JSON body of the search instead, with {{query}} in it.")  # fmt: skip
@click.option("--strategy", "--strategies", "strategies", type=_Names(), metavar="NAMES",
              help="Strategies to measure, separated by commas.  [default: SESSIONRANK_STRATEGY]")  # fmt: skip
@click.option("--controls", type=_Names(), metavar="NAMES",
              help="Measured beside them; '' for none.  [default: none,shuffle]")  # fmt: skip
@click.option("--raw", is_flag=True, help="Also the engine's order without popularity.")
@click.option("--url", metavar="URL", help="Over HTTP through the proxy that runs there.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Searches at a time.")
@click.option("--allow-missing", is_flag=True, help="Leave out searches whose clicked product the index lacks.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of intervals and of shuffle.")
@click.option("--resamples", type=click.IntRange(100, 100_000), default=1000, show_default=True, help="For intervals.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="A picture (.png or .svg).")
@click.option("--fail-under", type=float, metavar="X", help="Exit 1 unless MRR is at least X times the plain one.")
@click.option("--fail-on-harm", is_flag=True, help="Exit 1 when MRR is significantly below the plain one.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.pass_context
def evaluate(context: click.Context, /, log: Path, as_json: bool, **options: Any) -> None:
    """Measure on the searches in LOG how high the clicked product stands, personalised against plain.

    Each line of LOG is a session so far, a query and the product that was clicked; `sessionrank search log` makes one
    from orders. Every search goes the real way: plan, engine, signals, order. Plain is the engine's order lifted by
    popularity; a clicked product that is not among the window's hits counts 0. Intervals (95 %) come from resampling
    visitors. The controls: none leaves the engine's order, shuffle draws one.

    Settings are those of the proxy, SESSIONRANK_…. The shop's sessions are not touched. Exit code 1 is "measured, and
    too low" (--fail-under, --fail-on-harm), 2 is bad input.

    \b
    Examples:
      sessionrank search evaluate searches.jsonl
      sessionrank search evaluate searches.jsonl --strategies cosine,covisit,mix --raw --plot orders.png
      sessionrank search evaluate searches.jsonl --index products --query-template body.json --json
      sessionrank search evaluate searches.jsonl --url http://127.0.0.1:9280 --fail-under 1.2 --fail-on-harm
    """
    settings, job, form = _job(log, **{name: options[name] for name in _JOB_OPTIONS})
    plot: Path | None = options["plot"]
    if not math.isfinite(options["fail_under"] or 0.0):
        raise ConfigurationError("--fail-under: give a number such as 1.2")
    if plot is not None:
        check_plot(plot)
    cases = read_log(log)
    check_types(str(log), cases)
    with _replaying(settings, job, form) as (replay, side):
        products = look_up(side, {case.clicked for case in cases})
        kept, note = present(str(log), cases, products, job.index, allow_missing=options["allow_missing"])
        if note:
            err.print(printable(note), markup=False)
        document = _measured(job, settings, replay, kept, products, left_out=len(cases) - len(kept))
    if plot is not None:
        draw_evaluation(document, plot)
    if as_json:
        print_json(document)
    else:
        _show(document)
    failures = _failures(document, options["fail_under"], harm=options["fail_on_harm"])
    for failure in failures:
        err.print(failure, markup=False)
    if failures:
        context.exit(1)


_JOB_OPTIONS = (
    "index", "field", "template", "strategies", "controls", "raw", "url", "threads", "seed", "resamples",
)  # fmt: skip


def _job(
    log: Path, *, index: str | None, field: str, template: Path | None, url: str | None,
    strategies: tuple[str, ...] | None, controls: tuple[str, ...] | None, **options: Any,
) -> tuple[ProxySettings, Job, SearchForm]:  # fmt: skip
    settings = read_settings(ProxySettings)
    index = index_meant(index, settings.indices)
    if "," in index:
        raise ConfigurationError(f"--index: {index!r} is more than one; measure one at a time")
    settings = settings_for(settings, _checked("indices", (index,), "--index")[0])
    if url:
        if strategies or controls:
            raise ConfigurationError("--url measures what that proxy does: leave out --strategies and --controls")
        strategies, controls = (_SERVED,), ()
    strategies = strategies or (settings.strategy,)
    controls = _CONTROLS if controls is None else controls
    for name in () if url else (*strategies, *controls):
        _checked("strategy", name, "--controls" if name in controls else "--strategies")
    form = form_of(field, template)
    return settings, Job(log, index, form.told, strategies, controls, url=url or "", **options), form


def _checked(field: str, value: Any, option: str) -> Any:
    """``value``, if the setting of that name may have it."""
    check = {each.name: each.metadata["check"] for each in dataclasses.fields(ProxySettings) if each.metadata}[field]
    try:
        check(value)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from error
    return value


@contextmanager
def _replaying(settings: ProxySettings, job: Job, form: SearchForm) -> Iterator[tuple[Replaying, EngineSide]]:
    """What asks for the cases, and how products are asked for."""
    if job.url:
        backend = _served(job)
        try:
            yield (
                ServedReplay(settings, backend, job.index, form, raw=job.raw),
                EngineSide.of(backend, settings, job.index),
            )
        finally:
            backend.close()
        return
    replay = Replay(settings, job.index, form, job.orders, seed=job.seed, raw=job.raw)
    try:
        yield replay, EngineSide.of(replay.engine, settings, job.index)
    finally:
        replay.close()


def _served(job: Job) -> SearchBackend:
    try:
        url_list("http", "https")(job.url)
    except ValueError as error:
        raise ConfigurationError(f"--url: {error}") from error
    return backend_from_urls((job.url,), pool_size=job.threads)


def _measured(
    job: Job,
    settings: ProxySettings,
    replay: Replaying,
    cases: Sequence[SearchCase],
    products: Products,
    *,
    left_out: int,
) -> dict[str, Any]:
    served: dict[str, Any] = {"release": None, "ranking": None}
    if isinstance(replay, Replay):
        release = replay.release()
        ranking = replay.ranking(release)
        told = {"strategy": ranking.strategy, "weights": dict(ranking.weights)} if ranking else None
        served = {"release": release, "ranking": told}
        for strategy in job.strategies:
            check_release(strategy, job.index, release, replay.store)
    with progress() as bar:
        task = bar.add_task("Searches", total=len(cases))
        return evaluated(
            job, settings, replay, cases, products,
            served=served, left_out=left_out, on_done=lambda done: bar.advance(task, done),
        )  # fmt: skip


def _show(document: dict[str, Any]) -> None:
    out.print(orders_table(document))
    out.print(against_table(document))
    for name, one in document["strategies"].items():
        if not one["control"]:
            out.print(slices_table(name, one))
    for line in notes(document):
        out.print(printable(line), markup=False)


def _failures(document: dict[str, Any], least: float | None, *, harm: bool) -> list[str]:
    """A line for each strategy that is too low; controls are not judged."""
    found = []
    for name, one in document["strategies"].items():
        if one["control"]:
            continue
        if (least is not None or harm) and PERSONALISED not in one["reasons"]:
            found.append(f"Nothing to judge: not one search was personalised by {name}")
            continue
        ratio, high = one["ratio"]["mean"], one["difference"]["mrr"]["high"]
        if least is not None and not (ratio is not None and ratio >= least):
            told = "no search found what was clicked" if ratio is None else f"{ratio:.3f} × the plain one"
            found.append(f"Too low: the MRR of {name} is {told}; --fail-under {least:g}")
        if harm and high is not None and high < 0:
            found.append(f"Harm: the MRR of {name} is significantly below the plain one; --fail-on-harm")
    return found
