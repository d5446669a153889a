"""The protocols by name, and how one is written as text: ``fast-forward``, ``fast-forward:test=500,validation=500``."""

from __future__ import annotations

from typing import Any

from sessionrank.errors import ConfigurationError

from ..parameters import fitted, written
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
    name, values = written(text)
    if name not in PROTOCOLS:
        raise ConfigurationError(f"unknown protocol {name!r}; there are {', '.join(sorted(PROTOCOLS))}")
    given = {parameter: value for parameter, value in parameters.items() if value is not None}
    return PROTOCOLS[name](**fitted(f"protocol {name}", PROTOCOLS[name], {**values, **given}))
