"""``sessionrank model analogy``: a is to b as c is to what?"""

from __future__ import annotations

from pathlib import Path

import click

from sessionrank.vectors import VectorsFile

from ..space import ItemSpace
from .show import show_neighbours

__all__ = ["analogy"]


@click.command()
@click.argument("a")
@click.argument("b")
@click.argument("c")
@click.option("--vectors", type=click.Path(path_type=Path), required=True, help="A vectors file (.npz).")
@click.option("--n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@click.option("--cosmul", is_flag=True, help="Rank by cosmul instead of cosine.")
@click.option("--names", type=click.Path(path_type=Path), help="A catalogue (CSV or TSV with sku and name).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def analogy(a: str, b: str, c: str, vectors: Path, n: int, cosmul: bool, names: Path | None, as_json: bool) -> None:
    """A is to B as C is to …: the items that complete it, best first.

    \b
    Examples:
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz --names catalogue.csv
      sessionrank model analogy 22423 22699 22697 --vectors vectors.npz --cosmul --json
    """
    method = "cosmul" if cosmul else "cosine"
    found = ItemSpace(VectorsFile.load(vectors)).analogy(a, b, c, n=n, method=method)
    question = {"a": a, "b": b, "c": c, "method": method}
    title = f"{a} is to {b} as {c} is to …"
    show_neighbours(question, found, title=title, names_file=names, as_json=as_json)
