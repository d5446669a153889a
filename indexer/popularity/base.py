"""The contract of popularity: a pure function from a product's row to a number.

The number goes into the document's field ``popularity``, which the proxy's popularity modes read. ``None`` leaves the
field out; ``ValueError`` with the reason rejects the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Popularity", "finite"]

#: (sku, the row's values) → popularity.
Popularity = Callable[[str, Mapping[str, Any]], float | None]

#: Greatest number that a float of 32 bits holds, which is how the field is mapped.
_GREATEST = 3.4e38


def finite(value: Any, what: str) -> float:
    """``value`` as a number that the field can hold.

    Raises:
        ValueError: it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{what} is not a number: {str(value)[:40]!r}") from None
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > _GREATEST:
        raise ValueError(f"{what} is not a number: {str(value)[:40]!r}")
    return number
