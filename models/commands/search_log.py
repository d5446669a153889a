"""``sessionrank search log``: a log of searches made from order data, for ``search evaluate`` and ``search tune``."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import DataError
from sessionrank.searchlog import MOST_CASES, SearchCase, write_log
from sessionrank.textfile import sha256_of, suffix_of

from ..readers.base import Reader
from ..readers.online_retail import OnlineRetail
from ..searchlogs.protocol import Positions, SearchProtocol
from ..searchlogs.words import search_words
from ..sessions import Sessions
from ..targets import check_targets
from .data_options import data_options, read_data, take_reader
from .text_options import text_options, texts_of
from .types import FiniteRange

__all__ = ["log"]


class _Count(click.ParamType):  # type: ignore[type-arg]
    """A whole number from 1 on, or ``all`` (``None``)."""

    name = "number or all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "all":
            return None
        return int(click.IntRange(1, MOST_CASES).convert(value, param, ctx))


@click.command()
@click.argument("orders", type=click.Path(path_type=Path))
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, help="The log to write (.jsonl, .jsonl.gz)."
)
@click.option(
    "--catalog", "--catalogue", type=click.Path(path_type=Path), required=True, help="CSV, TSV or JSONL with names."
)
@text_options
@click.option("--after", default="", metavar="DATE", help="Only searches at this ISO date or time (UTC), or later.")
@click.option("--until", default="", metavar="DATE", help="Only searches before it.")
@click.option(
    "--share", type=FiniteRange(0, 1, max_open=True), default=0.0, help="Only searches of this share of the sessions."
)
@click.option("--share-seed", type=click.IntRange(0), default=1, show_default=True, help="Draws the share.")
@click.option("--cases", type=_Count(), default="1500", show_default=True, help="How many, or all that there are.")
@click.option("--or-fewer", is_flag=True, help="Take all where there are not so many.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Draws the cases.")
@click.option(
    "--min-names", type=click.IntRange(1), default=15, show_default=True, help="Names that a search word must stand in."
)
@click.option("--history", is_flag=True, help="Earlier visits of the same visitor stand before the visit.")
@click.option(
    "--gap",
    type=FiniteRange(0, min_open=True),
    help="Minutes of pause that end a visit.  [default: none; with --history 30, unless the data tells visits]",
)
@data_options(without=("after", "until", "leave_out_share", "share_seed"))
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def log(orders: Path, target: Path, catalog: Path, as_json: bool, **options: Any) -> None:
    """Make a log of searches from ORDERS: someone with a visit's first products searched a word of the next one's name.

    A case is a visit and a product taken later in it: what was in the visit before is the session, the product is what
    was clicked, and the query is one word of its name that stands in at least --min-names names. Equal seeds give equal
    logs, byte for byte.

    Learn from what was before a date and measure on what came after it: `model train --until DATE` with --after DATE
    here. For data without times, `model train --leave-out-share 0.2` leaves out just the sessions that --share 0.2
    takes here from the same file, whatever --seed draws from them.

    Of Online Retail only products are taken, as with --products-only (with --share only when that is given).

    \b
    Examples:
      sessionrank search log OnlineRetail.csv.gz --catalog catalogue.csv --after 2011-10-01 --out searches.jsonl
      sessionrank search log events.parquet --catalog products.jsonl --after 2024-05-01 --until 2024-05-29 \\
        --session-column visit --out tune.jsonl
      sessionrank search log sessions.txt --catalog products.csv --share 0.2 --cases all --out searches.jsonl
    """
    packed = suffix_of(target) == ".jsonl" and target.suffix.lower() == ".gz"
    check_targets(("--out", target, ".gz" if packed else ".jsonl"), inputs=(orders, catalog))
    protocol = SearchProtocol(
        **{name: options.pop(name) for name in [field.name for field in dataclasses.fields(SearchProtocol)]}
    )
    share, share_seed, cases, seed = (options.pop(name) for name in ("share", "share_seed", "cases", "seed"))
    min_names, or_fewer = options.pop("min_names"), options.pop("or_fewer")
    texts = {name: options.pop(name) for name in ("columns", "sku_column", "catalogue_encoding")}
    reader = _reader(orders, options, share=share, share_seed=share_seed)
    started = time.perf_counter()
    words = _words(catalog, min_names, texts)
    read, origin = read_data(orders, reader, names=True)
    if not (share or protocol.after or protocol.until or (read.source or {}).get("left_out")):
        err.print("Careful: without --after and --share, models of the same data have learned from these visits")
    positions = _positions(orders, catalog, protocol, read.sessions, words)
    fewer = or_fewer and cases is not None and len(positions) <= cases
    written = _write(target, positions, None if fewer else cases, seed)
    report = {
        "log": str(target),
        **written,
        "visits": positions.visits,
        "visits_in_time": positions.visits_in_time,
        "candidates": len(positions),
        "seconds": round(time.perf_counter() - started, 1),
        "protocol": {**dataclasses.asdict(protocol), "seed": seed, "min_names": min_names},
        "catalogue": {"name": catalog.name, "sha256": sha256_of(catalog)},
        "data": {**origin, "dropped": read.dropped},
    }
    if as_json:
        print_json(report)
    else:
        out.print(_table(report))


def _reader(orders: Path, options: dict[str, Any], *, share: float, share_seed: int) -> Reader:
    # Two events make the shortest visit in which something came later.
    options["min_length"] = 2 if options["min_length"] is None else options["min_length"]
    reader = take_reader(orders, options)
    if share:
        return dataclasses.replace(reader, leave_out_share=share, share_seed=share_seed, only_left_out=True)
    return dataclasses.replace(reader, products_only=True) if isinstance(reader, OnlineRetail) else reader


def _words(catalog: Path, min_names: int, texts: dict[str, str]) -> dict[str, tuple[str, ...]]:
    names = texts_of(catalog, **texts)
    words = search_words(names, least=min_names)
    if not words:
        named = sum(map(bool, names.values()))
        raise DataError(
            f"{catalog}: no word of three letters or more stands in {min_names} of its {named:,} names; "
            "lower --min-names, or name another column with --columns"
        )
    return words


def _positions(
    orders: Path, catalog: Path, protocol: SearchProtocol, sessions: Sessions, words: dict[str, tuple[str, ...]]
) -> Positions:
    try:
        positions = protocol.positions(sessions, words)
    except DataError as error:
        raise DataError(f"{orders}: {error}") from error
    if not len(positions):
        known = sum(item in words for item in sessions.items)
        raise DataError(
            f"{orders}: no search can be made: of its {len(sessions.items):,} products {known:,} have a search word in "
            f"{catalog}, and none of them is taken later in one of {positions.visits_in_time:,} visits"
        )
    return positions


def _write(target: Path, positions: Positions, cases: int | None, seed: int) -> dict[str, Any]:
    """Write the log; gives the counts of what was written."""
    if cases is None and len(positions) > MOST_CASES:
        raise DataError(
            f"a log holds at most {MOST_CASES:,} searches, and {len(positions):,} can be made; ask for fewer"
        )
    events = positions.events if cases is None else positions.drawn(cases, seed=seed)
    queries: set[str] = set()
    lengths: list[int] = []
    ids: set[str] = set()

    def counted(made: Iterable[SearchCase]) -> Iterator[SearchCase]:
        for case in made:
            queries.add(case.query)
            ids.add(case.id)
            lengths.append(len(case.session))
            yield case

    with progress() as bar:
        made = bar.track(positions.cases(np.asarray(events), seed=seed), total=len(events), description="Writing")
        count = write_log(target, counted(made))
    return {
        "cases": count,
        "visitors": len(ids),
        "queries": len(queries),
        "median_session_length": statistics.median(lengths),
    }


_ROWS = {
    "visits": "visits read",
    "visits_in_time": "visits in the time asked for",
    "candidates": "searches that can be made",
    "cases": "searches written",
    "visitors": "of visitors",
    "queries": "distinct queries",
    "median_session_length": "products before the search, median",
    "seconds": "seconds",
}


def _table(report: dict[str, Any]) -> Table:
    table = Table(title=Text(f"Searches in {printable(report['log'])}"), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, said in _ROWS.items():
        table.add_row(said, f"{report[name]:,}")
    return table
