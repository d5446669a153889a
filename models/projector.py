"""Files for the Embedding Projector (projector.tensorflow.org): what it takes for a row, and what for a header.

It reads tab-separated lines, passes over blank ones, and knows no quotes. The first line of the metadata is a header
if and only if there is a tab in it, so a single column has none. It labels the points by the first column that is not
all numbers, and refuses vectors of a single number.
"""

from __future__ import annotations

from collections.abc import Iterator

from sessionrank.console import printable
from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

from .catalogue import Catalogue

__all__ = ["meta_lines", "vector_lines"]

_BLANK = "(blank)"


def vector_lines(file: VectorsFile) -> Iterator[str]:
    """One line a vector; raises :class:`DataError` where the projector could not read them."""
    if file.dimensions < 2:
        raise DataError("the projector takes vectors of two numbers and more, these have one")
    for vector in file.vectors:
        # Nine digits give back the same 32 bits.
        yield "\t".join(f"{number:.9g}" for number in vector.tolist()) + "\n"


def meta_lines(file: VectorsFile, catalogue: Catalogue | None = None) -> Iterator[str]:
    """One line a vector, in the same order: its id alone, or name, id, all columns of the catalogue and support."""
    if catalogue is None:
        for sku in file.ids.tolist():
            yield (_cell(sku) or _BLANK) + "\n"
        return
    # The name first: it is what the points are to be labelled by.
    columns = sorted(catalogue.columns, key=lambda column: column != "name")
    first = columns[:1] if columns[:1] == ["name"] else []
    rest = columns[len(first) :]
    yield "\t".join(_distinct([*first, "sku", *rest, "support"])) + "\n"
    for sku, support in zip(file.ids.tolist(), file.support.tolist(), strict=True):
        named = [catalogue.text(sku, column) for column in first]
        other = [catalogue.text(sku, column) for column in rest]
        cells = [_cell(text) for text in (*named, sku, *other, str(support))]
        # A point without a name would have no label.
        cells[0] = cells[0] or _cell(sku) or _BLANK
        yield "\t".join(cells) + "\n"


def _cell(text: str) -> str:
    """Text without tabs, line ends and control characters."""
    return printable(" ".join(text.split()))


def _distinct(columns: list[str]) -> list[str]:
    """Names of columns, none empty and none twice: the projector would take the last for all of one name."""
    made: list[str] = []
    for at, column in enumerate(columns, start=1):
        name = _cell(column) or f"column {at}"
        made.append(name if name not in made else f"{name} ({at})")
    return made
