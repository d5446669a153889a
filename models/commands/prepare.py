"""``sessionrank model prepare``: data of any format in, one compact session file out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import out, print_json, printable

from ..prepared import save_sessions
from ..summary import QUANTILES, summary
from ..targets import check_targets
from .data_options import data_options, read_data, take_reader

__all__ = ["prepare"]


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, help="The session file (.npz) to write."
)
@data_options()
@click.option("--names", is_flag=True, help="Keep the sessions' own ids too; the protocol holdout joins by them.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def prepare(data: Path, target: Path, names: bool, as_json: bool, **options: Any) -> None:
    """Read DATA, leave out what is not worth learning from, and write the rest as one compact session file.

    The file holds the counts, what was left out and why, and where the data came from; every command that reads
    sessions takes it as its DATA. Limits apply in this order, each to what the one before left: --min-count,
    --min-length, --max-length, --max-length-percentile.

    \b
    Examples:
      sessionrank model prepare events.parquet --out sessions.npz
      sessionrank model prepare visits.csv.gz --session-column visit --item-column sku --time-column at --out s.npz
      sessionrank model prepare OnlineRetail.csv.gz --group-by invoice --min-count 5 --out invoices.npz
      sessionrank model prepare views.parquet --reader pairs --user-column user --names --out users.npz --json
    """
    check_targets(("--out", target, ".npz"), inputs=(data,))
    started = time.perf_counter()
    read, origin = read_data(data, take_reader(data, options), names=names, say=False)
    save_sessions(target, read.sessions, {"data": origin, "dropped": read.dropped})
    numbers = summary(read.sessions)
    seconds = round(time.perf_counter() - started, 1)
    if as_json:
        print_json(
            {"session_file": str(target), **numbers, "dropped": read.dropped, "data": origin, "seconds": seconds}
        )
        return
    out.print(_table(target, numbers, read.dropped))


def _table(target: Path, numbers: dict[str, Any], dropped: dict[str, int]) -> Table:
    table = Table(title=Text(f"Sessions in {printable(str(target))}"), show_header=False)
    for name in ("sessions", "items", "events"):
        table.add_row(name, f"{numbers[name]:,}")
    table.add_row("items in a session", _spread(numbers["length"]))
    table.add_row("events of an item", _spread(numbers["item_count"]))
    table.add_row("density", f"{100 * numbers['density']:.4f} % of all pairs of session and item")
    if "from" in numbers:
        table.add_row("from, to", f"{numbers['from']}, {numbers['to']}")
    for reason, count in dropped.items():
        table.add_row("left out", Text(f"{count:,} {printable(reason)}"))
    return table


def _spread(numbers: dict[str, float]) -> str:
    quantiles = ", ".join(f"{q} %: {numbers[f'{q}%']:,.4g}" for q in QUANTILES if 0 < q < 100)
    return f"{numbers['0%']:,.0f} to {numbers['100%']:,.0f}, mean {numbers['mean']:,.1f}; {quantiles}"
