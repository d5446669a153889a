"""``sessionrank model analogy``: a is to b as c is to what?"""

from __future__ import annotations

from pathlib import Path

import click

from sessionrank.vectors import VectorsFile

from ..catalogue import Catalogue
from ..pages.neighbours import analogy_page
from ..space import ItemSpace
from ..targets import check_targets
from .show import catalogue_of, show_neighbours, write_page

__all__ = ["analogy"]


@click.command()
@click.argument("a")
@click.argument("b")
@click.argument("c")
@click.option("--vectors", type=click.Path(path_type=Path), required=True, help="A vectors file (.npz).")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--cosmul", is_flag=True, help="Rank by cosmul instead of cosine.")
@click.option("--names", type=click.Path(path_type=Path), help="A catalogue with sku, name and perhaps image.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path), help="A page with the products as tiles, to write too."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def analogy(
    a: str,
    b: str,
    c: str,
    vectors: Path,
    n: int,
    cosmul: bool,
    names: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """A is to B as C is to …: the items that complete it, best first.

    \b
    Examples:
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz --names catalogue.csv
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz --cosmul --json
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz --names catalogue.csv --html analogy.html
    """
    method = "cosmul" if cosmul else "cosine"
    check_targets(("--html", page, ".html"), inputs=(vectors, names))
    space = ItemSpace(VectorsFile.load(vectors))
    found = space.analogy(a, b, c, n=n, method=method)
    catalogue = catalogue_of(names, (a, b, c), found)
    if page:
        shown = catalogue or Catalogue()
        write_page(page, analogy_page(space, found, question=(a, b, c), method=method, catalogue=shown))
    question = {"a": a, "b": b, "c": c, "method": method}
    title = f"{a} is to {b} as {c} is to …"
    show_neighbours(question, found, title=title, catalogue=catalogue, as_json=as_json)
