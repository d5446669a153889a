"""The formats that sessions are read from, by the name that ``--reader`` takes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sessionrank.errors import ConfigurationError

from .base import Reader
from .events import Events
from .online_retail import OnlineRetail
from .pairs import Pairs
from .prepared import Prepared
from .sessions_txt import SessionsTxt

__all__ = ["READERS", "make_reader"]

READERS: dict[str, type[Reader]] = {
    "events": Events,
    "online-retail": OnlineRetail,
    "pairs": Pairs,
    "prepared": Prepared,
    "sessions-txt": SessionsTxt,
}


def make_reader(name: str, **options: Any) -> Reader:
    """The reader ``name`` with ``options``; those that are ``None`` keep the reader's default.

    Raises:
        ConfigurationError: there is no such reader, it has no such option, or a value cannot work.
    """
    if name not in READERS:
        raise ConfigurationError(f"unknown reader {name!r}; there are {', '.join(sorted(READERS))}")
    given = {option: value for option, value in options.items() if value is not None}
    known = {field.name for field in fields(READERS[name])}
    if unknown := sorted(given.keys() - known):
        raise ConfigurationError(f"the reader {name} has no option --{unknown[0].replace('_', '-')}")
    return READERS[name](**given)
