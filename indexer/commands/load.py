"""``sessionrank index load``: a catalogue becomes the next release."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, progress
from sessionrank.errors import ConfigurationError
from sessionrank.releases import new_release
from sessionrank.settings import read_settings

from ..catalogue.base import with_column
from ..catalogue.registry import open_catalogue
from ..documents import Product, Reject, products, read_definition
from ..figures import as_record, gain, order
from ..indices import check_alias
from ..loader import LoadPlan, LoadReport, Watch
from ..loader import load as run_load
from ..measuring import Measuring, left_out
from ..moments import now
from ..popularity.orders import OrderColumns
from ..popularity.registry import PopularityOptions, choose
from ..rejects import RejectsFile, check_writable
from ..schemas import ProductSchema, StrictProductSchema
from ..settings import IndexerSettings
from ..signal_files import read_signals
from .options import (
    alias_option,
    covisit_option,
    engine_of,
    json_option,
    min_support_option,
    note,
    store_of,
)

__all__ = ["load"]

FILE = click.Path(path_type=Path)

_EPILOG = """\b
Examples:
  sessionrank index load catalog.csv --vectors vectors.npz --covisit covisit.npz --orders orders.csv
  sessionrank index load catalog.csv --vectors vectors.npz --covisit covisit.npz --measure searches.jsonl
  sessionrank index load catalog.jsonl.gz --popularity-column sold --alias shop
  sessionrank index load catalog.csv --random-popularity 42 --max-rejects 100
"""


@click.command(epilog=_EPILOG)
@click.argument("catalog", type=FILE)
@click.option("--vectors", type=FILE, metavar="V.npz", help="Item vectors from `sessionrank model train`.")
@covisit_option
@min_support_option
@click.option("--measure", type=FILE, metavar="FILE",
              help="Choose how to order hits on this log of searches, or on these sessions (.npz), then publish.  "
                   "[default: the sessions that training left out]")  # fmt: skip
@click.option("--no-measure", is_flag=True, help="Do not, and say nothing of it: cautious defaults apply.")
@alias_option
@click.option("--mapping", type=FILE, metavar="FILE", help="JSON with mappings and settings, over the built-in ones.")
@click.option("--popularity-column", metavar="C", help="Popularity is this column (default: popularity, when there).")
@click.option("--orders", type=FILE, metavar="FILE", help="Popularity is the pieces ordered, from a CSV or TSV.")
@click.option("--sessions", type=FILE, metavar="FILE", help="Popularity is the views: a line is an id and items.")
@click.option("--random-popularity", type=int, metavar="SEED", help="Popularity is drawn at random, same each time.")
@click.option("--half-life", type=click.FloatRange(0, min_open=True), metavar="DAYS", help="Older orders weigh less.")
@click.option("--order-sku", metavar="C", help="Column of --orders with the sku (default: guessed).")
@click.option("--order-quantity", metavar="C", help="… with the pieces; `none` counts lines (default: guessed).")
@click.option("--order-time", metavar="C", help="… with the time, ISO 8601 or seconds (default: guessed).")
@click.option("--order-time-format", metavar="F", help="How that time is written, such as '%m/%d/%Y %H:%M'.")
@click.option("--orders-encoding", default="utf-8-sig", metavar="E", help="Encoding of --orders or --sessions.")
@click.option("--encoding", default="utf-8-sig", metavar="E", help="Encoding of the catalogue (default: UTF-8).")
@click.option("--strict-images", is_flag=True, help="Take only .png and .jpg images.")
@click.option("--rejects", type=FILE, metavar="FILE", help="Where rejected rows go [CATALOG.rejects.jsonl].")
@click.option("--max-rejects", type=click.IntRange(0), metavar="N", help="Publish nothing when more rows are rejected.")
@click.option("--chunk", type=click.IntRange(1, 10_000), default=500, show_default=True, help="Rows a bulk request.")
@click.option("--wait", type=click.FloatRange(1), default=60, show_default=True, help="Seconds to wait for replicas.")
@json_option
def load(catalog: Path, as_json: bool, **options: Any) -> None:
    """Load CATALOG (.csv, .tsv or .jsonl, also .gz) into a new index and publish it under the alias.

    Each row needs sku and name; target and image are checked when present; further columns are kept. Rows that cannot
    be loaded go to the rejects file with their reason. Nothing changes for clients until everything is loaded and
    checked; then the alias moves in one step. Duplicates of a sku: the later row is rejected.

    Where training left sessions out (`model train --leave-out-share`), or with --measure, the new release answers
    searches before clients see it, and the order of hits that was best on them is published with it: the engine's own
    where nothing helps. When that fails, or there is nothing to measure on, cautious defaults apply.
    """
    started = time.monotonic()
    settings = read_settings(IndexerSettings)
    check_alias(options["alias"])
    rejects_path = options["rejects"] or Path(catalog.name + ".rejects.jsonl")
    if rejects_path.resolve() == catalog.resolve():
        raise ConfigurationError(f"--rejects {rejects_path} is the catalogue itself")
    if options["rejects"] is not None:
        check_writable(rejects_path)
    entries, popularity = _entries(catalog, options)
    plan = _plan(options)
    measure, unmeasured = _measuring(catalog, options)
    with ExitStack() as stack:
        store = stack.enter_context(store_of(settings)) if plan.signals else None
        engine = stack.enter_context(engine_of(settings))
        rejects = stack.enter_context(RejectsFile(rejects_path, limit=options["max_rejects"]))
        watch = stack.enter_context(_watch(plan, catalog))
        stack.enter_context(_terminable())
        report = run_load(plan, entries, engine, rejects=rejects, store=store, measure=measure, watch=watch)
    for reason, lines in popularity.skipped.most_common(3):
        note(f"{lines:,} order lines were not counted: {reason}")
    if (remark := _remark(report, unmeasured)) is not None:
        note(remark)
    record = _record(plan, report, rejects, seconds=time.monotonic() - started)
    record["measured_on"] = None if measure is None or report.ranking is None else str(measure.source)
    record["not_measured"] = unmeasured or None
    record["orders_skipped"] = sum(popularity.skipped.values())
    print_json(record) if as_json else out.print(_table(record))


def _measuring(catalog: Path, options: dict[str, Any]) -> tuple[Measuring | None, str]:
    """What measures the release, or None and what to say of that; nothing where nobody wanted it measured."""
    models = [options[name] for name in ("vectors", "covisit") if options[name] is not None]
    source, unmeasured = options["measure"], ""
    if source is not None and options["no_measure"]:
        raise ConfigurationError("--measure and --no-measure exclude each other")
    if source is not None and not models:
        raise ConfigurationError("--measure needs --vectors or --covisit: there is nothing else to order hits by")
    if source is None and models and not options["no_measure"]:
        source, why = left_out(models)
        unmeasured = f"published with cautious defaults: {why}; --measure FILE takes a log of searches"
    if source is None:
        return None, unmeasured
    made = Measuring(source, catalog, options["encoding"])
    # What is wrong with it is found out before anything is loaded.
    made.check()
    return made, ""


def _remark(report: LoadReport, unmeasured: str) -> str | None:
    """What to say of a release whose order of hits was not measured."""
    if report.measure_error is not None:
        return f"published with cautious defaults, for it could not be measured: {report.measure_error}"
    return unmeasured or None


def _plan(options: dict[str, Any]) -> LoadPlan:
    created = now()
    return LoadPlan(
        alias=options["alias"],
        release=new_release(created),
        created=created,
        definition=read_definition(options["mapping"]),
        signals=read_signals(options["vectors"], options["covisit"], min_support=options["min_support"], note=note),
        chunk=options["chunk"],
        wait_s=options["wait"],
    )


def _entries(catalog: Path, options: dict[str, Any]) -> tuple[Iterator[Product | Reject], PopularityOptions]:
    """The catalogue's rows, the first of which is read already: a file that is no catalogue fails here, at no cost."""
    popularity = PopularityOptions(
        popularity_column=options["popularity_column"],
        orders=options["orders"],
        sessions=options["sessions"],
        random_popularity=options["random_popularity"],
        half_life=options["half_life"],
        order_columns=OrderColumns(
            options["order_sku"], options["order_quantity"], options["order_time"], options["order_time_format"]
        ),
        orders_encoding=options["orders_encoding"],
    )
    opened = open_catalogue(catalog, encoding=options["encoding"])
    rows = opened.rows()
    if (column := popularity.popularity_column) is not None:
        rows = with_column(opened, rows, column)
    first = next(rows)
    schema = StrictProductSchema() if options["strict_images"] else ProductSchema()
    return products(chain([first], rows), schema, choose(popularity)), popularity


@contextmanager
def _watch(plan: LoadPlan, catalog: Path) -> Iterator[Watch]:
    with progress() as bars:
        rows = bars.add_task("Products", total=_lines(catalog))
        signals = None if (total := plan.signals.items) == 0 else bars.add_task("Vectors, covisits", total=total)
        yield Watch(
            rows=lambda n: bars.advance(rows, n),
            signals=lambda n: None if signals is None else bars.advance(signals, n),
            measuring=bars.stop,
            note=note,
        )


def _lines(path: Path) -> int | None:
    """About how many rows the file has, for the progress bar; None for a packed file or when nobody is watching."""
    if path.name.lower().endswith(".gz") or not err.is_terminal:
        return None
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the load like an error does, so that it removes what it made."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _record(plan: LoadPlan, report: LoadReport, rejects: RejectsFile, *, seconds: float) -> dict[str, Any]:
    return {
        "alias": plan.alias,
        "release": plan.release,
        "index": plan.index,
        "replaced": report.replaced,
        "loaded": report.loaded,
        "rejected": report.rejected,
        "rejects_file": str(rejects.path) if report.rejected else None,
        "vectors": report.vectors,
        "vectors_from_texts": report.vectors_from_texts,
        "vectors_unused": report.vectors_unused,
        "vectors_left_out": plan.signals.left_out,
        "without_vector": report.without_vector,
        "covisits": report.covisits,
        "covisits_unused": report.covisits_unused,
        "ranking": as_record(report.ranking),
        "measure_error": report.measure_error,
        "health": report.health,
        "seconds": round(seconds, 2),
    }


def _table(record: dict[str, Any]) -> Table:
    table = Table(title=f"Published {record['release']} as {record['alias']}", show_header=False, title_justify="left")
    rejected = f"{record['rejected']:,}"
    table.add_row("products loaded", f"{record['loaded']:,}")
    table.add_row("rows rejected", f"{rejected}, see {record['rejects_file']}" if record["rejected"] else rejected)
    if record["vectors"] is not None:
        table.add_row("vectors", f"{record['vectors']:,}")
        if record["vectors_from_texts"]:
            table.add_row("… of them from texts", f"{record['vectors_from_texts']:,}")
        table.add_row("products without a vector", f"{record['without_vector']:,}")
        table.add_row("vectors without a product", f"{record['vectors_unused']:,}")
    if record["vectors_left_out"]:
        table.add_row("vectors left out (--min-support)", f"{record['vectors_left_out']:,}")
    if record["covisits"] is not None:
        table.add_row("products with covisits", f"{record['covisits']:,}")
        table.add_row("covisits without a product", f"{record['covisits_unused']:,}")
    if (ranking := record["ranking"]) is not None:
        table.add_row("order of hits", Text(order(ranking)))
        table.add_row("… worth", gain(ranking) or "unknown")
    table.add_row("index", record["index"])
    table.add_row("replaced", record["replaced"] or "nothing")
    table.add_row("seconds", f"{record['seconds']:.1f}")
    return table
