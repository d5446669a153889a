"""The contract of signals: what to read for the hits of a window, and a number for each hit from what was read.

Signals are pure: the pipeline reads the lookups of all signals that a strategy needs in one round trip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..sessions.base import Event, Lookup

__all__ = ["SessionState", "Signal"]


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a signal may know of the session, under one release."""

    #: Oldest first.
    events: tuple[Event, ...]
    #: The session vector (float32, d, unit length), or None when no item of the session has a vector.
    vector: NDArray[np.float32] | None


class Signal(ABC):
    """A number for each hit, for this session."""

    @abstractmethod
    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup]:
        """What must be read for these hits; each lookup names all ``items``, in order."""

    @abstractmethod
    def score(self, session: SessionState, values: Sequence[list[bytes | None]]) -> NDArray[np.float64]:
        """One number for each hit (float64, n), NaN where nothing is known; ``values`` answer the lookups."""
