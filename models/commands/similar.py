"""``sessionrank model similar``: the nearest items in a vectors file."""

from __future__ import annotations

from pathlib import Path

import click

from sessionrank.vectors import VectorsFile

from ..space import ItemSpace
from .show import show_neighbours

__all__ = ["similar"]


@click.command()
@click.argument("skus", nargs=-1, required=True, metavar="SKU…")
@click.option("--vectors", type=click.Path(path_type=Path), required=True, help="A vectors file (.npz).")
@click.option("--not", "unwanted", multiple=True, metavar="SKU", help="Away from this one; may stand several times.")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--cosmul", is_flag=True, help="Rank by cosmul instead of cosine; differs with several SKUs.")
@click.option("--names", type=click.Path(path_type=Path), help="A catalogue (CSV or TSV with sku and name).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def similar(
    skus: tuple[str, ...],
    vectors: Path,
    unwanted: tuple[str, ...],
    n: int,
    cosmul: bool,
    names: Path | None,
    as_json: bool,
) -> None:
    """The items nearest to SKU, or to several at once.

    \b
    Examples:
      sessionrank model similar 22423 --vectors vectors.npz --names catalogue.csv
      sessionrank model similar 22423 22699 --not 22086 --cosmul --vectors vectors.npz --n 5 --json
    """
    method = "cosmul" if cosmul else "cosine"
    found = ItemSpace(VectorsFile.load(vectors)).nearest(skus, unwanted, n=n, method=method)
    question = {"skus": list(skus), "not": list(unwanted), "method": method}
    show_neighbours(question, found, title=f"Near {', '.join(skus)}", names_file=names, as_json=as_json)
