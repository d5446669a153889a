"""The methods of cold start by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessionrank.errors import ConfigurationError

from ..parameters import fitted
from .base import ColdStart
from .ridge import Ridge
from .triplet import Triplet

__all__ = ["METHODS", "make_method"]

METHODS: dict[str, type[ColdStart]] = {
    "ridge": Ridge,
    "triplet": Triplet,
}


def make_method(name: str, parameters: Mapping[str, Any]) -> ColdStart:
    """The method ``name`` with ``parameters``; values that are texts are taken for what their parameter is.

    Raises:
        ConfigurationError: an unknown method or parameter, or a value out of its range.
    """
    if name not in METHODS:
        raise ConfigurationError(f"unknown method {name!r}; there are {', '.join(sorted(METHODS))}")
    return METHODS[name](**fitted(name, METHODS[name], parameters))
