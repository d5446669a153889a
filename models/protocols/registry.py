"""The protocols by name, and how one is written as text: ``fast-forward``, ``fast-forward:test=500,validation=500``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sessionrank.errors import ConfigurationError

from ..parameters import converted
from .base import Protocol
from .by_time import ByTime
from .fast_forward import FastForward
from .holdout import Holdout
from .leave_last_out import LeaveLastOut

__all__ = ["PROTOCOLS", "make_protocol"]

PROTOCOLS: dict[str, type[Protocol]] = {
    "by-time": ByTime,
    "fast-forward": FastForward,
    "holdout": Holdout,
    "leave-last-out": LeaveLastOut,
}


def make_protocol(text: str, **parameters: Any) -> Protocol:
    """The protocol that ``text`` names; ``parameters`` that are not ``None`` win over those in the text.

    Raises:
        ConfigurationError: an unknown protocol or parameter, or a value out of its range.
    """
    name, _, rest = text.partition(":")
    name = name.strip()
    if name not in PROTOCOLS:
        raise ConfigurationError(f"unknown protocol {name!r}; there are {', '.join(sorted(PROTOCOLS))}")
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        parameter, equals, value = part.partition("=")
        if not equals:
            raise ConfigurationError(f"{part!r} in {text!r} is not parameter=value")
        values[parameter.strip().replace("-", "_")] = value.strip()
    values.update({given: value for given, value in parameters.items() if value is not None})
    known = {field.name: field for field in fields(PROTOCOLS[name])}
    for given in values:
        # What is data, not a parameter, is handed over as it is and cannot be written as text.
        if given not in known or (given == "held_back" and isinstance(values[given], str)):
            listed = ", ".join(one for one in known if one != "held_back")
            raise ConfigurationError(f"protocol {name} has no parameter {given!r}; it has {listed}")
    return PROTOCOLS[name](**{given: converted(name, known[given], value) for given, value in values.items()})
