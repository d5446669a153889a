"""Names of products from a catalogue, to be shown beside their ids."""

from __future__ import annotations

import csv
from pathlib import Path

from sessionrank.errors import DataError
from sessionrank.textfile import open_text, suffix_of

__all__ = ["read_names"]


def read_names(path: Path | str) -> dict[str, str]:
    """The column ``name`` by the column ``sku`` of a CSV or TSV file; the first row of a sku counts.

    Raises:
        DataError: the file cannot be read, or lacks one of the two columns.
    """
    names: dict[str, str] = {}
    with open_text(path) as text:
        rows = csv.DictReader(text, delimiter="\t" if suffix_of(path) == ".tsv" else ",")
        try:
            if missing := {"sku", "name"} - set(rows.fieldnames or ()):
                raise DataError(f"{path}: no column {' and '.join(sorted(missing))} to read names from")
            for row in rows:
                names.setdefault((row["sku"] or "").strip(), (row["name"] or "").strip())
        except csv.Error as error:
            raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error
    return names
