"""A cold-start method as it is written on the command line."""

from __future__ import annotations

from ..coldstart.base import ColdStart
from ..coldstart.registry import METHODS, make_method
from ..parameters import written

__all__ = ["NAMES", "method_of"]

#: For the help of a command.
NAMES = ", ".join(sorted(METHODS))


def method_of(text: str) -> ColdStart:
    """``ridge``, or with parameters ``triplet:epochs=5,window=3``.

    Raises:
        ConfigurationError: an unknown method or parameter, or a value out of its range.
    """
    return make_method(*written(text))
