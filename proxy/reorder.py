"""The order of a page's window for one session: signals and strategy, and the order that an earlier page froze.

Never an exception: whatever the store or the strategy does, there is an order, and the reason where it is the engine's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sessionrank import keys
from sessionrank.errors import StoreError
from sessionrank.exact import fingerprint

from .deadline import Deadline
from .gather import Gathered, Gatherer, NotRankable
from .pages import FrozenOrder, Hit, resume
from .plan import Page
from .ranking.base import Candidates, Strategy
from .ranking.bounds import within
from .rankings import Rankings
from .sessions.base import FrozenHits, Lookup, SessionStore
from .settings import ProxySettings
from .signals.base import Window
from .splice import EngineAnswer
from .stopwatch import Stopwatch

__all__ = ["Order", "Reorderer", "Visit", "Why"]

_log = logging.getLogger("sessionrank.proxy")
#: Bytes of an order that is kept: far more than 10,000 hits with usual ids take.
_LARGEST_ORDER = 1024 * 1024
_NO_SCORES = np.empty(0)


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

    #: By signal, what it says of each hit (float64, n); only those that the strategy looks at.
    signals: Mapping[str, NDArray[np.float64]]
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
    answer: EngineAnswer
    watch: Stopwatch
    #: One for all that the store is asked; what the engine took meanwhile is not counted.
    deadline: Deadline


class Reorderer:
    """Orders windows under one set of settings."""

    def __init__(self, settings: ProxySettings, store: SessionStore, rankings: Rankings | None = None) -> None:
        """``rankings`` has the word on strategies; by default it is that of the settings."""
        self._settings = settings
        self._store = store
        self._rankings = rankings or Rankings(store, settings.strategy)
        self._gatherer = Gatherer(store, settings.attention())

    def order(self, visit: Visit, page: Page, answer: EngineAnswer, watch: Stopwatch) -> Order:
        """The order of the first ``page.window`` hits of an answer."""
        if not len(answer):
            return Order([], "no-hits")
        left = self._settings.budget_ms / 1000 - watch.seconds.get("store", 0.0)
        hits = answer.named()[: page.window]
        items = answer.items(self._settings.item_id)[: page.window]
        task = _Task(visit, page, hits, items, answer, watch, Deadline(left))
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
        try:
            candidates, strategy, gathered = self._candidates(task)
        except NotRankable as nothing:
            return _as_it_came(task, nothing.reason)
        with task.watch("rank"):
            order, value = strategy.order(candidates)
            positions: list[int] = order.tolist()
            if self._settings.max_displacement:
                positions = within(positions, self._settings.max_displacement, np.isnan(value).nonzero()[0])
        return Order(positions, "", self._why(task, gathered, told or positions, value) if task.visit.explain else None)

    def _candidates(self, task: _Task) -> tuple[Candidates, Strategy, Gathered]:
        """What a strategy is given, and the strategy. Raises ``NotRankable`` and ``StoreError``."""
        visit = task.visit
        if _is_number(task.page.text, task.items):
            raise NotRankable("exact-query")
        with task.watch("store"):
            releases = self._gatherer.releases(visit.names, [index for index, _ in task.hits], task.deadline)
            release = next(filter(None, releases))
            strategy = self._rankings.strategy(release, task.deadline)
            if strategy is None:
                raise NotRankable("no-model")
            if not strategy.needs:
                raise NotRankable("strategy-none")
            window = Window(
                task.items, task.answer.scores()[: len(task.items)] if "score" in strategy.needs else _NO_SCORES
            )
            gathered = self._gatherer.gather(
                visit.digest, releases, window, strategy.needs, task.deadline, unless=_named(task.page.text, release)
            )
        seed = int(visit.digest, 16)
        return Candidates(len(task.items), gathered.signals, visit.weight, seed, gathered.facts), strategy, gathered

    def _why(self, task: _Task, gathered: Gathered, positions: Sequence[int | None], value: NDArray[np.float64]) -> Why:
        page = positions[task.page.start : task.page.start + task.page.size]
        shown = [position for position in page if position is not None]
        nearest: dict[int, str | None] = {}
        # The order is made: a store that fails now costs a part of the explanation.
        with suppress(StoreError), task.watch("store"):
            found = self._gatherer.nearest_viewed(gathered, task.items, shown, task.deadline)
            nearest = dict(zip(shown, found, strict=True))
        return Why(gathered.signals, value, nearest)


def _is_number(text: str, items: Sequence[str]) -> bool:
    """Whether a search is for the number of a product that it found."""
    wanted = text.strip().casefold()
    return bool(wanted) and any(item.casefold() == wanted for item in items)


def _named(text: str, release: str) -> list[Lookup]:
    """What tells whether a search is for the whole name of a product."""
    found = fingerprint(text)
    return [Lookup(keys.exact(release), [found])] if found else []


def _as_it_came(task: _Task, reason: str) -> Order:
    return Order(range(len(task.hits)), reason)
