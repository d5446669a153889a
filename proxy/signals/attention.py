"""How much each event of a session counts: by its age, its type, and the visit that it belongs to."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..sessions.base import Event

__all__ = ["EVENT_TYPES", "Attention"]

#: What a visitor can do with a product.
EVENT_TYPES = ("view", "click", "cart", "purchase")


@dataclass(frozen=True)
class Attention:
    """The weight of an event is a product: of its type, of ``decay`` for each newer event, of ``earlier`` visits."""

    #: Weight of each event, relative to the next newer one.
    decay: float = 0.8
    #: Weight by type; types that are not named weigh 1.
    types: Mapping[str, float] = field(default_factory=dict)
    #: Seconds without an event after which a new visit begins; 0: never.
    visit_gap_s: float = 0.0
    #: Weight of the events of earlier visits; 1 makes no difference.
    earlier: float = 1.0
    #: Whether items count in the session vector by the direction of their vectors alone, or by their length too.
    unit_length: bool = True

    @cached_property
    def fingerprint(self) -> str:
        """Four hex digits that differ where session vectors would; what was made under others is made again."""
        told = f"{self.decay} {sorted(self.types.items())} {self.visit_gap_s} {self.earlier}"
        if not self.unit_length:
            told += " lengths"
        return f"{zlib.crc32(told.encode()) & 0xFFFF:04x}"

    def weights(self, events: Sequence[Event]) -> NDArray[np.float64]:
        """The weight of each event (float64, one each); oldest event first, the newest is of the present visit."""
        count = len(events)
        weights = _by_age(self.decay, count)
        if self.types:
            weights = weights * [self.types.get(event.type, 1.0) for event in events]
        if self.visit_gap_s and self.earlier != 1.0:
            times = np.fromiter((event.time for event in events), np.int64, count)
            (gaps,) = (np.diff(times) > self.visit_gap_s * 1000).nonzero()
            if gaps.size:
                weights = np.where(np.arange(count) <= gaps[-1], weights * self.earlier, weights)
        return weights


@lru_cache(maxsize=1024)
def _by_age(decay: float, count: int) -> NDArray[np.float64]:
    """1 for the newest of ``count`` events, ``decay`` times as much for each older one; to be read, not changed."""
    weights = decay ** np.arange(count - 1, -1, -1.0)
    weights.flags.writeable = False
    return weights
