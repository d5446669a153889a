"""Times of events as seconds since 1970, from whatever a file has; NaN where it cannot be read.

A number is an epoch, whose unit its size tells: below 10^11 seconds (10^11 s is the year 5138), below 10^14
milliseconds (10^11 ms was in March 1973), below 10^17 microseconds, below 10^20 nanoseconds. A text that is no number
is ISO 8601: a date, or date and time with a blank or T between them; without an offset it is taken as UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["seconds_of_numbers", "seconds_of_values"]

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)?)? ?(?:(Z|UTC)|([+-]\d\d):?(\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
#: Longest text that may be a time; a longer one is not looked at.
_LONGEST = 64


def seconds_of_numbers(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds since 1970 of epochs in seconds, milli-, micro- or nanoseconds."""
    size = np.abs(numbers)
    units = np.select([size < 1e11, size < 1e14, size < 1e17, size < 1e20], [1.0, 1e3, 1e6, 1e9], np.nan)
    seconds: NDArray[np.float64] = numbers / units
    return seconds


def seconds_of_values(values: Sequence[Any]) -> NDArray[np.float64]:
    """Seconds since 1970 of numbers and texts, in any mixture."""
    return seconds_of_numbers(np.fromiter(map(_number, values), np.float64, len(values)))


def _number(value: Any) -> float:
    """An epoch as the file has it, or the seconds of a text."""
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value) if not isinstance(value, str) or len(value) <= _LONGEST else math.nan
    except (ValueError, TypeError, OverflowError):
        return _iso(value.strip()) if isinstance(value, str) else math.nan


def _iso(text: str) -> float:
    match = _ISO.fullmatch(text)
    if match is None:
        return math.nan
    date, clock, fraction, _, hours, minutes = match.groups()
    offset = f"{hours}:{minutes or '00'}" if hours else "+00:00"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock or '00:00'}{offset}")
    except ValueError:
        return math.nan
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
