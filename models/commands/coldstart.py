"""``sessionrank model coldstart``: vectors for products that nobody has looked at yet, from their texts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import out, print_json, printable, progress
from sessionrank.errors import ConfigurationError
from sessionrank.vectors import VectorsFile
from sessionrank.writing import replacing

from ..coldstart.base import ColdStart, ContentModel
from ..coldstart.completion import complete
from ..sessions import Sessions
from ..targets import check_targets
from .cold_start_method import NAMES, method_of
from .data_options import data_options, read_data, take_reader
from .text_options import text_options, texts_of

__all__ = ["coldstart"]

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("catalogue", type=FILE)
@click.option("--vectors", "source", type=FILE, required=True, help="The trained vectors (.npz) to complete.")
@click.option("--out", "target", type=FILE, required=True, help="The completed vectors file (.npz) to write.")
@click.option("--method", "method_text", default="ridge", show_default=True, help=f"{NAMES}; perhaps with parameters.")
@text_options
@click.option("--data", type=FILE, help="The sessions that the vectors were trained on; triplet needs them.")
@data_options()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def coldstart(
    catalogue: Path, source: Path, target: Path, method_text: str, data: Path | None, as_json: bool, **options: Any
) -> None:
    """Give products of CATALOGUE (.csv, .tsv, .jsonl, also .gz) that have no vector one from their texts.

    What products with both a vector and a text show of how the two belong together is carried over to those with a text
    alone. The trained vectors stay as they are; the added ones stand in the same space, with support 0. A product whose
    text shares nothing with the others gets none and keeps the engine's rank. `sessionrank index load --vectors` takes
    the completed file as it is. Ridge needs no sessions; triplet needs them, and the extra coldstart.

    \b
    Examples:
      sessionrank model coldstart catalogue.csv --vectors vectors.npz --out completed.npz
      sessionrank model coldstart catalogue.jsonl --columns name,brand --vectors vectors.npz --out completed.npz
      sessionrank model coldstart catalogue.csv --method triplet --data sessions.txt --vectors v.npz --out completed.npz
      sessionrank model coldstart orders.csv --sku-column StockCode --columns Description --vectors v.npz --out c.npz
    """
    method = method_of(method_text)
    if method.needs_sessions and data is None:
        raise ConfigurationError(f"--method {method.name} learns from sessions as well: name their file with --data")
    check_targets(("--out", target, ".npz"), inputs=(catalogue, source, data))
    started = time.perf_counter()
    texts = texts_of(catalogue, **{name: options.pop(name) for name in ("columns", "sku_column", "catalogue_encoding")})
    vectors = VectorsFile.load(source)
    sessions = None
    if data is not None and method.needs_sessions:
        sessions = read_data(data, take_reader(data, options))[0].sessions
    model = _fit(method, vectors, texts, sessions)
    completed = complete(vectors, model, texts)
    with replacing(target) as partial:
        completed.vectors.save(partial)
    report = {
        "vectors": str(target),
        "trained": int(vectors.ids.size),
        "added": completed.added,
        "without_vector": completed.without,
        "seconds": round(time.perf_counter() - started, 1),
        "cold_start": completed.vectors.meta["cold_start"],
    }
    print_json(report) if as_json else out.print(_table(report))


def _fit(method: ColdStart, vectors: VectorsFile, texts: dict[str, str], sessions: Sessions | None) -> ContentModel:
    with progress() as bar:
        task = bar.add_task(f"Learning ({method.name})", total=method.epochs_planned or None)
        return method.fit(
            vectors, texts, sessions=sessions, on_epoch=lambda number, _loss: bar.update(task, completed=number)
        )


def _table(report: dict[str, Any]) -> Table:
    learned = report["cold_start"]
    table = Table(title="Vectors from texts", show_header=False, title_justify="left")
    table.add_row("vectors", Text(printable(report["vectors"])))
    table.add_row("method", learned["method"])
    table.add_row("learned from", f"{learned['items']:,} products, {learned['terms']:,} terms")
    table.add_row("trained vectors, kept", f"{report['trained']:,}")
    table.add_row("products given a vector", f"{report['added']:,}")
    table.add_row("products still without one", f"{report['without_vector']:,}")
    table.add_row("seconds", f"{report['seconds']:.1f}")
    return table
