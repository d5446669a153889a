"""Settings of the proxy to be tried: ``session_decay=0.6,0.8`` and the like, in all combinations."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from sessionrank.errors import ConfigurationError

from ..settings import ProxySettings

__all__ = ["as_text", "combinations", "parse_grid"]

#: Settings that decide the order of hits.
_TRIED = (
    "popularity", "popularity_weight", "popularity_field", "weight", "window", "session_cap", "session_decay",
    "event_weights", "visit_gap_s", "earlier_weight", "unit_length", "max_displacement",
)  # fmt: skip
_MOST = 500
_TRUTHS = {"true": True, "false": False}


def parse_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Setting → its values to try, each once, and each checked as the environment's are.

    Raises:
        ConfigurationError: a setting that decides nothing here or stands twice, a value that it cannot have, or too
            many combinations.
    """
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().lower().removeprefix("sessionrank_")
        if not equals or name not in _TRIED:
            raise ConfigurationError(f"--grid {text}: give SETTING=V,V,… with one of {', '.join(sorted(_TRIED))}")
        if name in grid:
            raise ConfigurationError(f"--grid {text}: {name} stands twice; give all its values at once")
        try:
            grid[name] = list(dict.fromkeys(_value(name, value.strip()) for value in values.split(",")))
        except ValueError as error:
            raise ConfigurationError(f"--grid {text}: {error}") from error
    if (count := math.prod(map(len, grid.values()))) > _MOST:
        raise ConfigurationError(f"--grid: {count:,} combinations; at most {_MOST} are tried")
    return grid


def _value(name: str, text: str) -> Any:
    kind = get_type_hints(ProxySettings)[name]
    if kind == tuple[str, ...]:
        # Several of one value are parted by a plus sign, because the comma parts the values; none is a value, too.
        value: Any = tuple(part.strip() for part in text.split("+") if part.strip())
    elif not text:
        raise ValueError("a value is missing between the commas")
    elif kind is bool:
        if (value := _TRUTHS.get(text.lower())) is None:
            raise ValueError(f"{text!r} is neither true nor false")
    else:
        value = kind(text)
    (check,) = (each.metadata.get("check") for each in dataclasses.fields(ProxySettings) if each.name == name)
    if check is not None:
        check(value)
    return value


def as_text(value: Any) -> str:
    """A value as the environment takes it."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def combinations(
    settings: ProxySettings, grid: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[dict[str, Any], ProxySettings]]:
    """Each combination by what differs in it, and the settings with it; the settings alone for an empty grid."""
    for values in itertools.product(*grid.values()):
        named = dict(zip(grid, values, strict=True))
        yield named, dataclasses.replace(settings, **named)
