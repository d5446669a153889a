"""The cosine between each hit's vector and the session vector, and the session vector itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.vectors import DTYPE, decode

from ..sessions.base import Lookup, OfSession
from .base import Scored, SessionState, SessionVector, Signal, Window

__all__ = ["LONGEST", "CosineSignal", "length_lookup", "session_vector", "vector_lookup"]

_NAN = np.array(np.nan, DTYPE).tobytes()
#: Shorter than this, what is left of a session points nowhere.
_NOWHERE = 1e-6
#: A unit vector, and what rounding adds to its length.
LONGEST = 1.01


class CosineSignal(Signal):
    """Vectors are of unit length, so the cosine is one dot product by the length of the session vector.

    A hit that is itself among the items of the session is compared with the rest of the session: to itself everything
    is near, and what was looked at would always come first. Nothing is known of it where there is no rest.

    Facts: ``coherence``, the length of the mean of unit vectors, and ``weight``, the sum of the weights in it.
    """

    needs_vector = True

    def lookups(self, release: str, items: Sequence[str]) -> list[Lookup | OfSession]:
        return [vector_lookup(release, items)]

    def score(self, session: SessionState, window: Window, values: Sequence[list[bytes | None]]) -> Scored:
        vector = session.vector
        if vector is None or not vector.coherence > _NOWHERE:
            return Scored(np.full(len(values[0]), np.nan), {"coherence": 0.0, "weight": 0.0})
        # Rows of NaN in the place of what is missing or of another size: so one product scores all hits in their order.
        size = vector.mean.nbytes
        blobs = values[0]
        if not _all_of_size(blobs, size):
            missing = _NAN * vector.mean.size
            blobs = [blob if blob is not None and len(blob) == size else missing for blob in blobs]
        rows = b"".join(blobs)  # type: ignore[arg-type]
        with np.errstate(invalid="ignore", over="ignore"):
            products = np.frombuffer(rows, DTYPE).reshape(-1, vector.mean.size) @ vector.mean
            cosines = products.astype(np.float64) / vector.coherence
        # What is no cosine was made of vectors that are none.
        cosines[~(np.abs(cosines) <= LONGEST)] = np.nan
        _leave_themselves_out(cosines, session, vector, window.items)
        return Scored(cosines, {"coherence": vector.coherence, "weight": vector.weight})


def _leave_themselves_out(
    cosines: NDArray[np.float64], session: SessionState, vector: SessionVector, items: Sequence[str]
) -> None:
    """Compare each item of the session that is a hit with the mean of the others.

    Without its own share ``s`` of the weight the mean ``m`` is ``m - s v``, for a unit vector ``v``: its product with
    ``v`` is ``m·v - s``, its squared length ``|m|² - 2 s m·v + s²``.
    """
    if not vector.weight:
        return
    seen = {event.sku for event in session.events}
    if seen.isdisjoint(items):
        return
    parts = (session.weights if vector.parts is None else vector.parts).tolist()
    for place, item in enumerate(items):
        if item in seen:
            own = sum(w for event, w in zip(session.events, parts, strict=True) if event.sku == item)
            share = min(1.0, own / vector.weight)
            product = float(cosines[place]) * vector.coherence
            square = vector.coherence**2 - 2 * share * product + share**2
            cosines[place] = (product - share) / math.sqrt(square) if square > _NOWHERE else math.nan


def _all_of_size(blobs: Sequence[bytes | None], size: int) -> bool:
    try:
        return set(map(len, blobs)) == {size}  # type: ignore[arg-type]
    except TypeError:
        # One that is missing has no length.
        return False


def vector_lookup(release: str, items: Sequence[str]) -> Lookup:
    """The read that brings the vectors of ``items``."""
    return Lookup(keys.vectors(release, 0), items)


def length_lookup(release: str, items: Sequence[str]) -> Lookup:
    """The read that brings the lengths that the vectors of ``items`` had in training."""
    return Lookup(keys.lengths(release, 0), items)


def session_vector(
    weights: NDArray[np.float64], blobs: Sequence[bytes | None], lengths: NDArray[np.float64] | None = None
) -> SessionVector | None:
    """The weighted mean of the events' unit item vectors.

    Args:
        weights: of each event, the oldest first.
        blobs: the stored vector of each event's item, or None; what is no unit vector counts as none.
        lengths: of each event's item, above 0: the unit vectors weigh by it as well. Only how they compare counts:
            what all events weigh together stays.

    Returns:
        None when no event's item has a vector, or when they cancel out.
    """
    matrix, positions = decode(blobs)
    with np.errstate(over="ignore"):
        norms = np.linalg.norm(matrix, axis=1)
    unit = (norms <= LONGEST) & (norms * LONGEST >= 1.0)
    if not unit.any():
        return None
    matrix, chosen = matrix[unit], weights[positions][unit]
    total = float(chosen.sum())
    if lengths is not None:
        chosen = chosen * lengths[positions][unit]
    counted = float(chosen.sum())
    if not counted > 0:
        return None
    mean = np.asarray(chosen @ matrix / counted, dtype=DTYPE)
    coherence = math.hypot(*mean.tolist())
    if not coherence > _NOWHERE:
        return None
    if lengths is None:
        return SessionVector(mean, total, coherence)
    parts = np.zeros(len(blobs), dtype=DTYPE)
    parts[np.array(positions)[unit]] = chosen * (total / counted)
    return SessionVector(mean, total, coherence, parts)
