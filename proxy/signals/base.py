"""The contract of signals: what to read for the hits of a window, and a number for each hit from what was read.

Signals are pure: the pipeline reads the lookups of all signals that a strategy needs in one round trip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..sessions.base import Event, Lookup, OfSession

__all__ = ["Scored", "SessionState", "SessionVector", "Signal", "Window"]


@dataclass(frozen=True, slots=True)
class SessionVector:
    """What a session's items have in common, under one release."""

    #: The weighted mean of the unit vectors of its items (float32, d).
    mean: NDArray[np.float32]
    #: The sum of those weights; 0 where it was not kept.
    weight: float
    #: The length of the mean, 0 to 1: 1 where all items point the same way.
    coherence: float
    #: How much of ``weight`` each event has in the mean (float32, one each); None: what it weighs.
    parts: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a signal may know of the session, under one release."""

    #: Oldest first.
    events: tuple[Event, ...]
    #: The weight of each event, the newest of which weighs about 1 (float64, one each).
    weights: NDArray[np.float64]
    #: None when no item of the session has a vector, or no signal asked for it.
    vector: SessionVector | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The hits, in the engine's order."""

    #: Their product ids.
    items: Sequence[str]
    #: Their scores; NaN where the engine told none (float64, n). Empty where no signal looks at them.
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a signal says of the hits."""

    #: A number for each hit, NaN where nothing is known (float64, n).
    values: NDArray[np.float64]
    #: What it found out about the session meanwhile, by name; see ``ranking.base.FACTS``.
    facts: Mapping[str, float] = field(default_factory=dict)


class Signal(ABC):
    """A number for each hit, for this session."""

    #: Whether the session vector has to be there.
    needs_vector = False

    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup | OfSession]:
        """What must be read for these hits; a :class:`Lookup` names all ``items``, in order.

        Where nothing is, the window is scored as a whole; else the hits of each release by themselves.
        """
        del release, items
        return []

    @abstractmethod
    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        """A number for each hit; ``values`` answer the lookups."""
