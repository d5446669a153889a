"""Settings of the proxy to be tried: ``session_decay=0.6,0.8`` and the like, in all combinations."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from sessionrank.errors import ConfigurationError

from ..settings import ProxySettings

__all__ = ["combinations", "parse_grid"]

#: Settings that decide the order of hits.
_TRIED = (
    "popularity", "popularity_weight", "popularity_field", "weight", "window", "session_cap", "session_decay",
    "event_weights", "visit_gap_s", "earlier_weight", "max_displacement",
)  # fmt: skip
_MOST = 500


def parse_grid(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Setting → its values to try, each checked as the environment's are.

    Raises:
        ConfigurationError: a setting that decides nothing here, a value that it cannot have, or too many combinations.
    """
    hints, fields = get_type_hints(ProxySettings), {each.name: each for each in dataclasses.fields(ProxySettings)}
    grid: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().lower().removeprefix("sessionrank_")
        if not equals or name not in _TRIED:
            raise ConfigurationError(f"--grid {text}: give SETTING=V,V,… with one of {', '.join(sorted(_TRIED))}")
        try:
            grid[name] = [_value(hints[name], value.strip()) for value in values.split(",")]
            for value in grid[name]:
                fields[name].metadata["check"](value) if fields[name].metadata.get("check") else None
        except ValueError as error:
            raise ConfigurationError(f"--grid {text}: {error}") from error
    count = 1
    for tried in grid.values():
        count *= len(tried)
    if count > _MOST:
        raise ConfigurationError(f"--grid: {count:,} combinations; at most {_MOST} are tried")
    return grid


def _value(kind: Any, text: str) -> Any:
    if kind == tuple[str, ...]:
        # Several of one value are parted by a plus sign, because the comma parts the values.
        return tuple(part for part in text.split("+") if part)
    return kind(text)


def combinations(
    settings: ProxySettings, grid: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[dict[str, Any], ProxySettings]]:
    """Each combination by what differs in it, and the settings with it; the settings alone for an empty grid."""
    for values in itertools.product(*grid.values()):
        named = dict(zip(grid, values, strict=True))
        yield named, dataclasses.replace(settings, **named)
