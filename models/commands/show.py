"""How neighbours are shown: one table or one JSON document, for ``similar`` and ``analogy`` alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable
from sessionrank.writing import replacing

from ..catalogue import Catalogue, read_catalogue
from ..space import Neighbour

__all__ = ["catalogue_of", "show_neighbours", "write_page"]


def catalogue_of(names_file: Path | None, question: Sequence[str], found: Sequence[Neighbour]) -> Catalogue | None:
    """What ``names_file`` says of all items to be shown; ``None`` where no file is given."""
    if names_file is None:
        return None
    return read_catalogue(names_file, skus={*question, *(one.sku for one in found)})


def show_neighbours(
    question: dict[str, Any],
    found: Sequence[Neighbour],
    *,
    title: str,
    catalogue: Catalogue | None,
    as_json: bool,
) -> None:
    """Print what was found, with names when there is a catalogue."""
    names = [catalogue.text(one.sku, "name") if catalogue else "" for one in found]
    if as_json:
        rows = [
            {"sku": one.sku, "name": name or None, "score": round(one.score, 6), "support": one.support}
            for one, name in zip(found, names, strict=True)
        ]
        print_json({**question, "neighbours": rows})
        return
    table = Table(title=Text(printable(title)))
    table.add_column("sku")
    if catalogue:
        table.add_column("name")
    table.add_column(str(question["method"]), justify="right")
    table.add_column("support", justify="right")
    for one, name in zip(found, names, strict=True):
        cells = [one.sku, name] if catalogue else [one.sku]
        table.add_row(*(Text(printable(cell)) for cell in cells), f"{one.score:.3f}", str(one.support))
    out.print(table)


def write_page(target: Path, text: str) -> None:
    """Write an HTML page and say so on standard error."""
    with replacing(target) as partial:
        partial.write_text(text, encoding="utf-8")
    err.print(f"Wrote {printable(str(target))}", markup=False)
