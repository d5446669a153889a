"""How neighbours are shown: one table or one JSON document, for ``similar`` and ``analogy`` alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from sessionrank.console import out, print_json, printable

from ..names import read_names
from ..space import Neighbour

__all__ = ["show_neighbours"]


def show_neighbours(
    question: dict[str, Any], found: Sequence[Neighbour], *, title: str, names_file: Path | None, as_json: bool
) -> None:
    """Print what was found; names come from ``names_file`` when it is given."""
    names = read_names(names_file) if names_file else {}
    method = str(question["method"])
    if as_json:
        rows = [
            {"sku": one.sku, "name": names.get(one.sku), "score": round(one.score, 6), "support": one.support}
            for one in found
        ]
        print_json({**question, "neighbours": rows})
        return
    table = Table(title=Text(printable(title)))
    table.add_column("sku")
    if names_file:
        table.add_column("name")
    table.add_column(method, justify="right")
    table.add_column("support", justify="right")
    for one in found:
        cells = [one.sku, names.get(one.sku, "")] if names_file else [one.sku]
        table.add_row(*(Text(printable(cell)) for cell in cells), f"{one.score:.3f}", str(one.support))
    out.print(table)
