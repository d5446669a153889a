"""Where the items stand on a map: two numbers each, saved as CSV, so that drawing again computes nothing anew."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.textfile import bounded_lines, open_text
from sessionrank.writing import replacing

__all__ = ["COLUMNS", "Coordinates"]

COLUMNS = ("sku", "x", "y", "support")
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Coordinates:
    """``places[i]`` is where ``ids[i]`` stands, which training saw ``support[i]`` times."""

    ids: tuple[str, ...]
    #: n × 2, finite.
    places: NDArray[np.float64]
    support: NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write all of them in one step, with four decimals: a map is not wider than some hundreds."""
        with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(COLUMNS)
            for sku, (x, y), support in zip(self.ids, self.places.tolist(), self.support.tolist(), strict=True):
                rows.writerow((sku.encode(errors="replace").decode(), f"{x:.4f}", f"{y:.4f}", support))

    @classmethod
    def load(cls, path: Path) -> Coordinates:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the file is missing, holds something else or nothing, or a number is not finite.
        """
        with open_text(path, option="") as text:
            ids, numbers = _read(path, text)
        made = np.array(numbers, dtype=np.float64).reshape(-1, 3)
        if not ids or not np.isfinite(made).all() or np.abs(made).max() > 1e15:
            raise DataError(f"{path}: no coordinates, or numbers that no map can show")
        return cls(tuple(ids), made[:, :2], made[:, 2].astype(np.int64))


def _read(path: Path, text: TextIO) -> tuple[list[str], list[tuple[float, float, float]]]:
    rows = csv.reader(bounded_lines(path, text, limit=_LONGEST_LINE, expected="a file of coordinates"))
    ids, numbers = [], []
    try:
        if tuple(next(rows, ())) != COLUMNS:
            raise DataError(f"{path}: not a file of coordinates: its header is not {','.join(COLUMNS)}")
        for sku, x, y, support in rows:
            ids.append(sku)
            numbers.append((float(x), float(y), float(support)))
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}: line {rows.line_num} is not sku, x, y, support: {error}") from error
    return ids, numbers
