"""Popularity drawn at random, as the original notebook had it, but the same on every run."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from .base import Popularity

__all__ = ["GREATEST", "from_seed"]

GREATEST = 10


def from_seed(seed: int) -> Popularity:
    """A whole number from 0 to :data:`GREATEST`, decided by the seed and the sku alone, whatever the rows' order."""

    def popularity(sku: str, _values: Mapping[str, Any]) -> float | None:
        return float(random.Random(f"{seed}:{sku}").randint(0, GREATEST))  # noqa: S311 - nothing secret hangs on it

    return popularity
