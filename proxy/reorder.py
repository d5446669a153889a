"""The order of a page's window for one session: signals and strategy, and the order that an earlier page froze.

Never an exception: whatever the store or the strategy does, there is an order, and the reason where it is the engine's.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import StoreError

from .deadline import Deadline
from .gather import Gathered, Gatherer, NotRankable
from .pages import FrozenOrder, Hit, resume
from .plan import Page
from .ranking.base import Candidates
from .ranking.registry import STRATEGIES
from .sessions.base import FrozenHits, SessionStore
from .settings import ProxySettings
from .splice import EngineAnswer
from .stopwatch import Stopwatch

__all__ = ["Order", "Reorderer", "Visit", "Why"]

_log = logging.getLogger("sessionrank.proxy")
#: Bytes of an order that is kept: far more than 10,000 hits with usual ids take.
_LARGEST_ORDER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request brings to the ranking of its hits."""

    #: The session, by its keyed digest.
    digest: str
    #: The indices that were searched.
    names: Sequence[str]
    #: Weight of the session, 0 to 1.
    weight: float
    #: Whether to tell why each hit moved.
    explain: bool


@dataclass(frozen=True, slots=True)
class Why:
    """What the hits of a window were ordered by."""

    #: The cosine of each hit (float64, n), or None where the strategy does not look at it.
    cosine: NDArray[np.float64] | None
    value: NDArray[np.float64]
    #: By position, for the hits of the page: the item of the session that is nearest.
    nearest: dict[int, str | None]


@dataclass(frozen=True, slots=True)
class Order:
    """The window's hits in order, as positions in the engine's answer; None where one was shown and is gone."""

    positions: Sequence[int | None]
    #: Empty when personalised, else one of ``reasons.REASONS``.
    reason: str = ""
    #: Only where it was asked for.
    why: Why | None = None


@dataclass(slots=True)
class _Task:
    """One window to be ordered."""

    visit: Visit
    page: Page
    hits: list[Hit]
    items: list[str]
    watch: Stopwatch
    #: One for all that the store is asked; what the engine took meanwhile is not counted.
    deadline: Deadline


class Reorderer:
    """Orders windows under one set of settings."""

    def __init__(self, settings: ProxySettings, store: SessionStore) -> None:
        self._settings = settings
        self._store = store
        self._strategy = STRATEGIES[settings.strategy]()
        self._gatherer = Gatherer(store, self._strategy.needs, decay=settings.session_decay)

    def order(self, visit: Visit, page: Page, answer: EngineAnswer, watch: Stopwatch) -> Order:
        """The order of the first ``page.window`` hits of an answer."""
        if not len(answer):
            return Order([], "no-hits")
        left = self._settings.budget_ms / 1000 - watch.seconds.get("store", 0.0)
        hits, items = answer.named()[: page.window], answer.items(self._settings.item_id)[: page.window]
        task = _Task(visit, page, hits, items, watch, Deadline(left))
        failed = True
        try:
            if page.start and page.walk and (resumed := self._resumed(task)):
                return resumed
            order = self._fresh(task)
            failed = False
        except StoreError as error:
            _log.debug("store: %s", error)
            order = _as_it_came(task, "store-timeout" if task.deadline.remaining() <= 0 else "store-error")
        except Exception:
            _log.exception("ranking failed; the answer is plain")
            order = _as_it_came(task, "rank-failed")
        # A later page that failed must not replace an order that the pages behind it will ask for again.
        if page.walk and not (failed and page.start):
            kept = [hits[position] for position in order.positions if position is not None]
            self._freeze(task, order.reason, kept, page.start + page.size)
        return order

    def _resumed(self, task: _Task) -> Order | None:
        """The order that an earlier page of the walk has frozen; None where none of its hits is left."""
        shown = task.page.start + task.page.size
        with task.watch("store"):
            found = self._store.frozen(task.visit.digest, task.page.walk, shown, task.deadline)
        frozen = FrozenOrder.unpacked(found.packed) if found else None
        if frozen is None or found is None:
            return None
        # Nothing of it there any more: another release, say.
        if (resumed := resume(frozen.named(), found.shown, task.hits)) is None:
            return None
        if resumed.changed:
            self._freeze(task, frozen.reason, resumed.kept, max(shown, found.shown))
        why = None
        if task.visit.explain:
            # The order stands; a store that fails now costs the explanation.
            with suppress(StoreError):
                why = self._fresh(task, resumed.positions).why
        return Order(resumed.positions, frozen.reason, why)

    def _freeze(self, task: _Task, reason: str, hits: Sequence[Hit], shown: int) -> None:
        """Keep an order for the pages to come, of bounded size; a store that fails costs only that."""
        packed = FrozenOrder.of(reason, hits[: 2 * task.page.window]).packed()
        if len(packed) > _LARGEST_ORDER:
            return
        with suppress(StoreError), task.watch("store"):
            self._store.freeze(task.visit.digest, task.page.walk, FrozenHits(packed, shown), task.deadline)

    def _fresh(self, task: _Task, told: Sequence[int | None] | None = None) -> Order:
        """By the strategy; the engine's order, with the reason, where there is nothing to rank by.

        ``told`` is the order to explain, where it is another one.
        """
        visit = task.visit
        indexes = [index for index, _ in task.hits]
        try:
            with task.watch("store"):
                gathered = self._gatherer.gather(visit.digest, visit.names, indexes, task.items, task.deadline)
        except NotRankable as nothing:
            return _as_it_came(task, nothing.reason)
        with task.watch("rank"):
            candidates = Candidates(len(indexes), gathered.signals, visit.weight, int(visit.digest, 16))
            order, value = self._strategy.order(candidates)
            positions: list[int] = order.tolist()
        return Order(positions, "", self._why(task, gathered, told or positions, value) if visit.explain else None)

    def _why(self, task: _Task, gathered: Gathered, positions: Sequence[int | None], value: NDArray[np.float64]) -> Why:
        page = positions[task.page.start : task.page.start + task.page.size]
        shown = [position for position in page if position is not None]
        nearest: dict[int, str | None] = {}
        # The order is made: a store that fails now costs a part of the explanation.
        with suppress(StoreError), task.watch("store"):
            found = self._gatherer.nearest_viewed(gathered, task.items, shown, task.deadline)
            nearest = dict(zip(shown, found, strict=True))
        return Why(gathered.signals.get("cosine"), value, nearest)


def _as_it_came(task: _Task, reason: str) -> Order:
    return Order(range(len(task.hits)), reason)
