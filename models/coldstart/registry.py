"""The methods of cold start by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sessionrank.errors import ConfigurationError

from ..parameters import converted
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
    known = {field.name: field for field in fields(METHODS[name])}
    values = {}
    for parameter, value in parameters.items():
        parameter = parameter.strip().replace("-", "_")
        if parameter not in known:
            raise ConfigurationError(f"{name} has no parameter {parameter!r}; it has {', '.join(known)}")
        values[parameter] = converted(name, known[parameter], value)
    return METHODS[name](**values)
