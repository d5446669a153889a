"""Popularity from a column of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Popularity, finite

__all__ = ["from_column"]


def from_column(column: str) -> Popularity:
    """The number in ``column``; a product without it gets none, one with something else there is rejected.

    A negative number is rejected as well: engines refuse to score a search with it.
    """

    def popularity(_sku: str, values: Mapping[str, Any]) -> float | None:
        value = values.get(column)
        number = None if value is None else finite(value, column)
        if number is not None and number < 0:
            raise ValueError(f"popularity is negative: {number:g}")
        return number

    return popularity
