"""What is done to each hit of a page: what only ranking asked for is taken out, and the reasons are put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .extras import Extras
from .reorder import Why
from .searchbody import encode
from .splice import without_extras

__all__ = ["editor"]


def editor(extras: Extras, order: Sequence[int | None], why: Why | None) -> Callable[[int, bytes], bytes | None] | None:
    """A function from a hit's position and text to the text to use (None: leave the hit out).

    Args:
        order: all positions of the answer, in their new order; None in the place of a hit that is gone.
        why: None where no explanation was asked for.

    Returns:
        None where there is nothing to do to any hit.
    """
    if not (extras.hit_members or extras.item_field or why):
        return None
    places = {position: place for place, position in enumerate(order) if position is not None}

    def edit(position: int, hit: bytes) -> bytes | None:
        text: bytes | None = hit
        if extras.hit_members or extras.item_field:
            text = without_extras(hit, extras.hit_members, extras.item_field)
        if why is None or text is None:
            return text
        return _explained(text, position, places[position], why)

    return edit


def _explained(hit: bytes, position: int, place: int, why: Why) -> bytes:
    """A hit with ``_sessionrank``: where it stood, where it stands (counted from 1), and why."""
    known = position < why.value.size
    told = {
        "rank_before": position + 1,
        "rank_after": place + 1,
        "cosine": _signal(why, "cosine", position),
        "covisit": _signal(why, "covisit", position),
        "nearest_viewed": why.nearest.get(position),
        "score": _number(why.value[position]) if known else None,
    }
    return hit.rstrip()[:-1].rstrip() + b',"_sessionrank":' + encode(told) + b"}"


def _signal(why: Why, name: str, position: int) -> float | None:
    told = why.signals.get(name)
    return _number(told[position]) if told is not None and position < told.size else None


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
