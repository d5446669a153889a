"""How far a hit may move: an order brought back within a bound, hit by hit from the first place on."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["within"]


def within(order: Sequence[int], most: int) -> list[int]:
    """The order nearest to ``order`` in which no hit stands more than ``most`` places from where the engine had it.

    Each place, from the first on, takes the hit that ``order`` has foremost among those that may stand there, unless
    then one that is left could not find a place within its bound any more. Hits that ``order`` leaves where they were
    may move where their neighbours have to.

    Args:
        order: ``order[i]`` is the engine's position of the hit at place ``i`` (a permutation).
        most: places; 0 leaves the engine's order.
    """
    wish = {hit: place for place, hit in enumerate(order)}
    waiting: list[int] = []  # the engine's positions of hits that are left, ascending, up to place + most
    made = []
    for place in range(len(order)):
        first_new = place + most if place else 0
        waiting.extend(range(first_new, min(place + most + 1, len(order))))
        # A hit whose last place this is has to stand here: as many as fit are always left behind it.
        due = waiting[0] if waiting[0] + most <= place else None
        chosen = due if due is not None else min(waiting, key=wish.__getitem__)
        waiting.remove(chosen)
        made.append(chosen)
    return made
