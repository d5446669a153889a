"""Lengths of time as people write them."""

from __future__ import annotations

import re

from sessionrank.errors import ConfigurationError

__all__ = ["seconds_of"]

_FORM = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?")


def seconds_of(option: str, text: str) -> int:
    """``1h``, ``45m``, ``1h30m``, ``90s`` or ``90`` in seconds.

    Raises:
        ConfigurationError: it is written otherwise, or is no time at all; the message names ``option``.
    """
    match = _FORM.fullmatch(text.strip().lower())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if not total:
        raise ConfigurationError(f"{option} {text!r}: not a length of time such as 45m, 1h30m or 90s")
    return total
