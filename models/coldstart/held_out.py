"""Products held out of training, and the moments in sessions at which one of them came next."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from ..sessions import Session, Sessions

__all__ = ["Case", "HeldOut", "hold_out"]

#: How much of a session so far a case keeps; the proxy keeps as much.
_LONGEST_PREFIX = 20
#: Cases of one draw; more would only take longer.
_MOST_CASES = 20_000


@dataclass(frozen=True)
class Case:
    """A moment: what was seen so far, oldest first, and the held-out product that came next."""

    prefix: Session
    answer: str
    #: The place of its session in the file.
    session: int


@dataclass(frozen=True)
class HeldOut:
    """One draw."""

    #: The products that training must not see, in the order of the file.
    products: tuple[str, ...]
    #: What training sees: no event of these products, and none of a session that has cases.
    training: Sessions
    #: The same sessions with these products in them, for what is allowed to know more.
    informed: Sessions
    cases: tuple[Case, ...]


def hold_out(
    sessions: Sessions,
    texts: Container[str],
    *,
    seed: int,
    share: float = 0.2,
    least_support: int = 20,
    most_cases: int = 10,
) -> HeldOut:
    """Draw products and sessions.

    A ``share`` of the products that stand at least ``least_support`` times in the sessions and have a text is held out,
    and a ``share`` of the sessions is asked. A case is a place in one of these where a held-out product follows upon
    another one that is not; a session gives at most ``most_cases``, drawn at random. Held-out products are taken out of
    the prefix as well.

    Raises:
        DataError: there are too few products or sessions for a single case.
    """
    chance = np.random.default_rng(seed)
    enough = np.flatnonzero(sessions.support >= least_support).tolist()
    often = np.array([code for code in enough if sessions.items[code] in texts], dtype=np.int64)
    cold = np.zeros(len(sessions.items), dtype=np.bool_)
    cold[chance.permutation(often)[: int(len(often) * share)]] = True
    order = chance.permutation(len(sessions))
    asked = np.sort(order[: int(len(sessions) * share)])
    informed = sessions.take(np.sort(order[len(asked) :]))
    cases = [case for at in asked.tolist() for case in _cases(sessions, at, cold, most_cases, chance)]
    if len(cases) > _MOST_CASES:
        cases = [cases[at] for at in np.sort(chance.choice(len(cases), _MOST_CASES, replace=False)).tolist()]
    if not cases:
        raise DataError(
            f"too few products or sessions to hold some out: {len(often)} products with a text stand at least "
            f"{least_support} times in {len(sessions)} sessions"
        )
    products = tuple(sessions.items[code] for code in np.flatnonzero(cold).tolist())
    return HeldOut(products, informed.keep(~cold[informed.codes]).compacted(), informed.compacted(), tuple(cases))


def _cases(sessions: Sessions, at: int, cold: NDArray[np.bool_], most: int, chance: np.random.Generator) -> list[Case]:
    codes = sessions.codes[sessions.offsets[at] : sessions.offsets[at + 1]]
    places = np.flatnonzero(cold[codes[1:]] & ~cold[codes[:-1]]) + 1
    if len(places) > most:
        places = np.sort(chance.choice(places, most, replace=False))
    found = []
    for place in places.tolist():
        before = codes[:place]
        kept = before[~cold[before]][-_LONGEST_PREFIX:]
        prefix = tuple(sessions.items[code] for code in kept.tolist())
        found.append(Case(prefix, sessions.items[int(codes[place])], at))
    return found
