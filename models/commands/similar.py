"""``sessionrank model similar``: the nearest items in a vectors file."""

from __future__ import annotations

from pathlib import Path

import click

from sessionrank.vectors import VectorsFile

from ..catalogue import Catalogue
from ..pages.neighbours import similar_page
from ..space import ItemSpace
from ..targets import check_targets
from .show import catalogue_of, show_neighbours, write_page

__all__ = ["similar"]


@click.command()
@click.argument("skus", nargs=-1, required=True, metavar="SKU…")
@click.option("--vectors", type=click.Path(path_type=Path), required=True, help="A vectors file (.npz).")
@click.option("--not", "unwanted", multiple=True, metavar="SKU", help="Away from this one; may stand several times.")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--cosmul", is_flag=True, help="Rank by cosmul instead of cosine; differs with several SKUs.")
@click.option("--names", type=click.Path(path_type=Path), help="A catalogue with sku, name and perhaps image.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path), help="A page with the products as tiles, to write too."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def similar(
    skus: tuple[str, ...],
    vectors: Path,
    unwanted: tuple[str, ...],
    n: int,
    cosmul: bool,
    names: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """The items nearest to SKU, or to several at once.

    \b
    Examples:
      sessionrank model similar 22423 --vectors vectors.npz --names catalogue.csv
      sessionrank model similar 22423 22699 --not 22086 --cosmul --vectors vectors.npz --n 5 --json
      sessionrank model similar 22423 --vectors vectors.npz --names catalogue.csv --html near.html
    """
    method = "cosmul" if cosmul else "cosine"
    check_targets(("--html", page, ".html"), inputs=(vectors, names))
    space = ItemSpace(VectorsFile.load(vectors))
    found = space.nearest(skus, unwanted, n=n, method=method)
    catalogue = catalogue_of(names, (*skus, *unwanted), found)
    if page:
        shown = catalogue or Catalogue()
        write_page(page, similar_page(space, found, wanted=skus, unwanted=unwanted, method=method, catalogue=shown))
    question = {"skus": list(skus), "not": list(unwanted), "method": method}
    show_neighbours(question, found, title=f"Near {', '.join(skus)}", catalogue=catalogue, as_json=as_json)
