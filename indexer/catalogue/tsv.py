"""Tab-separated values with a header line; quoted as in CSV."""

from __future__ import annotations

from typing import ClassVar

from .csv import CsvCatalogue

__all__ = ["TsvCatalogue"]


class TsvCatalogue(CsvCatalogue):
    """As CSV, but for the tab."""

    delimiter: ClassVar[str] = "\t"
    dialect_name: ClassVar[str] = "tab"
