"""Popularity from a column of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Popularity, finite

__all__ = ["from_column"]


def from_column(column: str) -> Popularity:
    """The number in ``column``; a product without it gets none, one with something else there is rejected."""

    def popularity(_sku: str, values: Mapping[str, Any]) -> float | None:
        value = values.get(column)
        return None if value is None else finite(value, column)

    return popularity
