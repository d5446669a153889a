"""The cosine between each hit's vector and the session vector, and the session vector itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.vectors import DTYPE, decode

from ..sessions.base import Event, Lookup
from .base import SessionState, Signal

__all__ = ["EVENT_WEIGHTS", "CosineSignal", "session_vector", "vector_lookups"]

#: Weight of each event type in the session vector. Equal until an evaluation on real clicks says otherwise.
EVENT_WEIGHTS: Mapping[str, float] = {"view": 1.0, "click": 1.0, "cart": 1.0, "purchase": 1.0}
_NAN = np.array(np.nan, DTYPE).tobytes()


class CosineSignal(Signal):
    """Vectors are of unit length, so the cosine is one dot product."""

    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup]:
        return vector_lookups(release, items)

    def score(self, session: SessionState, values: Sequence[list[bytes | None]]) -> NDArray[np.float64]:
        if session.vector is None:
            return np.full(len(values[0]), np.nan)
        # Rows of NaN in the place of what is missing or of another size: so one product scores all hits in their order.
        size = session.vector.nbytes
        missing = _NAN * session.vector.size
        rows = b"".join([blob if blob and len(blob) == size else missing for blob in values[0]])
        with np.errstate(invalid="ignore", over="ignore"):
            products = np.frombuffer(rows, DTYPE).reshape(-1, session.vector.size) @ session.vector
        scores = products.astype(np.float64)
        scores[~np.isfinite(scores)] = np.nan
        return scores


def vector_lookups(release: str, items: Sequence[str]) -> list[Lookup]:
    """The reads that bring the vectors of ``items``."""
    return [Lookup(keys.vectors(release, 0), items)]


def session_vector(
    events: Sequence[Event], blobs: Sequence[bytes | None], *, decay: float
) -> NDArray[np.float32] | None:
    """The weighted mean of the events' unit item vectors, brought to unit length (float32, d).

    The newest event weighs its type's weight, each older one ``decay`` times as much as if it stood one place later.

    Args:
        events: oldest first.
        blobs: the stored vector of each event's item, or None.

    Returns:
        None when no event's item has a vector, or when they cancel out.
    """
    matrix, positions = decode(blobs)
    if not positions:
        return None
    newest = len(events) - 1
    weights = np.array([EVENT_WEIGHTS.get(events[p].type, 1.0) * decay ** (newest - p) for p in positions])
    mean = weights @ matrix
    norm = float(np.linalg.norm(mean))
    if not norm > 1e-12:
        return None
    return np.asarray(mean / norm, dtype=DTYPE)
