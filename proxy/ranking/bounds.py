"""How far a hit may move: an order brought back within a bound, hit by hit from the first place on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["within"]


def within(order: Sequence[int], most: int, fixed: ArrayLike = ()) -> list[int]:
    """The order nearest to ``order`` in which no hit stands more than ``most`` places from where the engine had it.

    Each place, from the first on, takes the hit that ``order`` has foremost among those that may stand there, unless
    then one that is left could not find a place within its bound any more.

    Args:
        order: ``order[i]`` is the engine's position of the hit at place ``i`` (a permutation).
        most: places; 0 leaves the engine's order.
        fixed: the engine's positions of hits that keep their places, as they do in ``order``.
    """
    if most >= len(order):
        return list(order)
    made = np.arange(len(order))
    free = np.delete(made, np.asarray(fixed, dtype=np.intp))
    wish = np.argsort(order)[free]
    # Where the places end that each of the free hits may have, counted in free places.
    ends = free.searchsorted(free + most, side="right")
    made[free] = free[_chosen(wish, ends)]
    return [int(position) for position in made]


def _chosen(wish: NDArray[np.intp], ends: NDArray[np.intp]) -> list[int]:
    """The hit for each place, first to last, of hits that each may stand in the places before ``ends`` of it."""
    # A hit finds a place as long as it was overtaken less often than there are places behind its own.
    patience = ends - np.arange(ends.size) - 1
    placed = np.iinfo(np.intp).max // 2
    chosen: list[int] = []
    first = 0
    for end in ends.tolist():
        while patience[first] > ends.size:
            first += 1
        out_of_patience = patience[first:end] == 0
        if out_of_patience.any():
            end = first + int(out_of_patience.argmax()) + 1
        hit = first + int(wish[first:end].argmin())
        patience[first:hit] -= 1
        wish[hit] = patience[hit] = placed
        chosen.append(hit)
    return chosen
