"""``sessionrank model map``: the items of a vectors file as points in the plane."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np

from sessionrank.console import err, printable, progress
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from ..catalogue import Catalogue, read_catalogue
from ..maps.colouring import Categories, Scale, coloured, scaled
from ..maps.coordinates import Coordinates
from ..maps.drawing import Drawing
from ..maps.interactive import save_html
from ..maps.picture import save_png
from ..maps.tsne import LEAST_ITEMS, STEPS, bounded_perplexity, tsne
from ..targets import check_targets
from .types import FiniteRange

__all__ = ["map_items"]

# They are loaded only when they are needed; that they are missing must be known before.
for _library in ("openTSNE", "plotly"):
    if find_spec(_library) is None:
        raise ModuleNotFoundError(f"No module named {_library!r}", name=_library)

_SUPPORT = "support"


@click.command("map")
@click.argument("source", type=click.Path(path_type=Path), metavar="VECTORS")
@click.option("--out", type=click.Path(path_type=Path), help="The picture (.png) to write.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="The page (.html) to move about in, to write.")
@click.option("--coordinates", type=click.Path(path_type=Path), help="The places (.csv) to write, to draw again from.")
@click.option("--catalogue", type=click.Path(path_type=Path), help="CSV, TSV or JSONL with sku, name and columns.")
@click.option("--colour-by", "--color-by", "column", default=_SUPPORT, show_default=True, help="A catalogue's column.")
@click.option("--categorical", is_flag=True, help="Its numbers are names: no scale.")
@click.option(
    "--labels", type=click.IntRange(0, 100), default=24, show_default=True, help="Items named on the picture."
)
@click.option("--sample", type=click.IntRange(5), default=20_000, show_default=True, help="At most so many items.")
@click.option("--perplexity", type=FiniteRange(1, 1000), default=30.0, show_default=True, help="Neighbours that count.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=123, show_default=True, help="Of sample and start.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Threads.")
def map_items(
    source: Path,
    out: Path | None,
    page: Path | None,
    coordinates: Path | None,
    catalogue: Path | None,
    column: str,
    categorical: bool,
    labels: int,
    sample: int,
    perplexity: float,
    seed: int,
    jobs: int,
) -> None:
    """A map of the items in VECTORS by t-SNE, coloured by a column of the catalogue or by support.

    What is near on the map is near in the space of vectors; distances between far groups say little. VECTORS may also
    be a file that --coordinates wrote: it is drawn anew, with other colours perhaps, in a moment.

    \b
    Examples:
      sessionrank model map vectors.npz --out map.png
      sessionrank model map vectors.npz --catalogue catalogue.csv --colour-by category --out map.png --html map.html
      sessionrank model map vectors.npz --coordinates map.csv
      sessionrank model map map.csv --catalogue catalogue.csv --colour-by price --html prices.html
    """
    if not (out or page or coordinates):
        raise ConfigurationError("nothing to write: give --out map.png, --html map.html or --coordinates map.csv")
    targets = ("--out", out, ".png"), ("--html", page, ".html"), ("--coordinates", coordinates, ".csv")
    check_targets(*targets, inputs=(source, catalogue))
    started = time.perf_counter()
    if source.suffix.lower() == ".csv":
        placed = Coordinates.load(source)
        shown = _products(catalogue, placed.ids, column)
        caption = f"Places from {source.name}."
    else:
        file = VectorsFile.load(source)
        chosen = _chosen(file, sample, seed)
        # Before the time is spent: a column that is missing is told at once.
        shown = _products(catalogue, chosen.ids.tolist(), column)
        placed = _placed(chosen, perplexity, seed, jobs)
        caption = _caption(source, file, len(placed.ids), perplexity, seed)
    if coordinates:
        placed.save(coordinates)
    if out or page:
        drawing = _drawing(placed, shown, column, categorical, caption)
        if out:
            save_png(drawing, out, labels=labels)
        if page:
            save_html(drawing, page)
    written = ", ".join(str(target) for target in (out, page, coordinates) if target)
    seconds = time.perf_counter() - started
    err.print(f"{len(placed.ids):,} items in {seconds:.1f} s: {printable(written)}", markup=False)


def _products(catalogue: Path | None, ids: Sequence[str], column: str) -> Catalogue:
    if catalogue is None:
        if column != _SUPPORT:
            raise ConfigurationError(f"--colour-by {column}: say with --catalogue which file has that column")
        return Catalogue()
    return read_catalogue(catalogue, skus=set(ids), needs=() if column == _SUPPORT else (column,))


def _chosen(file: VectorsFile, most: int, seed: int) -> VectorsFile:
    """The items to be drawn, in the order of the file: those with a direction, and of very many a sample."""
    rows = np.flatnonzero(file.vectors.any(axis=1))
    if without := file.ids.size - rows.size:
        err.print(f"Left out: {without:,} items whose vector is zero")
    if rows.size > most:
        err.print(f"A sample of {most:,} of {rows.size:,} items; --sample takes another number")
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    if rows.size < LEAST_ITEMS:
        raise DataError(f"a map needs at least {LEAST_ITEMS} items with a vector, not {rows.size}")
    return file.rows(rows)


def _placed(file: VectorsFile, perplexity: float, seed: int, jobs: int) -> Coordinates:
    with progress() as bar:
        task = bar.add_task("t-SNE", total=STEPS)
        places = tsne(
            file.vectors,
            perplexity=perplexity,
            seed=seed,
            jobs=jobs,
            on_step=lambda done: bar.update(task, completed=done),
        )
    return Coordinates(tuple(file.ids.tolist()), places, file.support)


def _caption(source: Path, file: VectorsFile, n: int, perplexity: float, seed: int) -> str:
    share = "" if n == file.ids.size else f" {n:,} of {file.ids.size:,} items."
    made = f" ({file.meta['algorithm']})" if isinstance(file.meta.get("algorithm"), str) else ""
    return (
        f"t-SNE of {source.name}{made}: cosine, perplexity {bounded_perplexity(perplexity, n):g}, seed {seed}.{share} "
        "Neighbours here are neighbours there; distances between far groups say little."
    )


def _drawing(placed: Coordinates, shown: Catalogue, column: str, categorical: bool, caption: str) -> Drawing:
    if column == _SUPPORT:
        values = [f"{support:,}" for support in placed.support.tolist()]
        colours: Categories | Scale = scaled(placed.support.astype(np.float64))
    else:
        values = [shown.text(sku, column) for sku in placed.ids]
        colours = coloured(values, categorical=categorical)
    return Drawing(
        coordinates=placed,
        names=[shown.text(sku, "name") for sku in placed.ids],
        column="support (times seen)" if column == _SUPPORT else column,
        values=values,
        colours=colours,
        title=f"{len(placed.ids):,} items by {column}",
        caption=caption,
    )
