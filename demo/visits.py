"""Which three real customers the demo plays: a rule, not a list, so that nobody has picked them by their results.

From the baskets bought after the split (which neither model nor popularity has seen) those are taken that

1. belong to different customers and hold 10 to 60 products;
2. begin with five products that have a vector and whose names lack the query's word: these the visitor looks at;
3. hold the word in the name of a later product with a vector: so the visitor had reason to ask for it.

How much a visitor's taste says about the query is the mean cosine of the mean of the five vectors with the ten nearest
products of that name. The visitor is taken first of whom this is truest; then twice the one with the greatest product
of this and of the distance (1 − cosine) from the nearest taste taken before. What was bought later plays no part but
in 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile, unit

from .online_retail import Basket

__all__ = ["VIEWED", "VISITS", "Visit", "choose_visits", "has_word"]

VISITS = 3
#: How many products a visitor looks at before asking.
VIEWED = 5
_SMALLEST, _LARGEST = 10, 60
_NEAREST = 10


@dataclass(frozen=True)
class Visit:
    """A real basket, cut into what was looked at and what was bought afterwards."""

    basket: Basket
    viewed: tuple[str, ...]
    later: tuple[str, ...]

    @property
    def session_id(self) -> str:
        """What the visit is called in the header."""
        return f"visit-{self.basket.invoice}"


def has_word(name: str, word: str) -> bool:
    """Whether ``word`` stands in ``name`` as a word of its own, in any case."""
    return word.lower() in re.findall(r"\w+", name.lower())


def choose_visits(baskets: Iterable[Basket], names: Mapping[str, str], vectors: VectorsFile, word: str) -> list[Visit]:
    """Three visits by the rule above, in the order of their choice; equal ones in the order of the baskets.

    Raises:
        DataError: fewer than three baskets fit.
    """
    rows = {sku: row for row, sku in enumerate(vectors.ids.tolist())}
    wanted = {sku for sku, name in names.items() if has_word(name, word)}
    visits = list(_candidates(baskets, names, rows, wanted))
    if len(visits) < VISITS:
        raise DataError(
            f"only {len(visits)} baskets hold a product named with {word!r} after five others; "
            "try a commoner word, such as bag, set or christmas"
        )
    about = [row for sku, row in rows.items() if sku in wanted]
    tastes = unit(np.array([vectors.vectors[[rows[sku] for sku in visit.viewed]].mean(axis=0) for visit in visits]))
    nearest = np.sort(tastes @ vectors.vectors[about].T, axis=1)[:, -_NEAREST:]
    return [visits[place] for place in _far_apart(tastes, nearest.mean(axis=1))]


def _candidates(
    baskets: Iterable[Basket], names: Mapping[str, str], rows: Mapping[str, int], wanted: set[str]
) -> Iterable[Visit]:
    customers: set[str] = set()
    for basket in baskets:
        skus = [sku for sku in basket.skus if sku in names]
        viewed, later = tuple(skus[:VIEWED]), tuple(skus[VIEWED:])
        fits = _SMALLEST <= len(skus) <= _LARGEST and all(sku in rows and sku not in wanted for sku in viewed)
        if fits and basket.customer not in customers and any(sku in wanted and sku in rows for sku in later):
            customers.add(basket.customer)
            yield Visit(basket, viewed, later)


def _far_apart(tastes: NDArray[np.float32], says: NDArray[np.float32]) -> Sequence[int]:
    """Places in ``tastes`` (unit rows) that say much, each also far from those before."""
    chosen = [int(np.argmax(says))]
    while len(chosen) < VISITS:
        distance = 1 - (tastes @ tastes[chosen].T).max(axis=1)
        worth = says * distance
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
    return chosen
