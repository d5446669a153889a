"""Which strategy orders the hits of a release: what the settings say, else what was measured for the release."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sessionrank import keys
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.ranking import Ranking

from .deadline import Deadline
from .ranking.base import Strategy
from .ranking.registry import BY_RELEASE, STRATEGIES
from .sessions.base import SessionStore

__all__ = ["CAUTIOUS", "Rankings"]

_log = logging.getLogger("sessionrank.proxy")

#: What orders a release that nothing was measured for.
CAUTIOUS = Ranking("mix")
#: Seconds that a ranking is believed without asking again; it changes when a shop measures anew.
_AGE_S = 5.0
_REMEMBERED = 100


class Rankings:
    """The strategies of releases, made once for as long as what the store says of them stays the same."""

    def __init__(self, store: SessionStore, strategy: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._strategy = strategy
        self._clock = clock
        self._fixed = None if strategy == BY_RELEASE else STRATEGIES[strategy]
        self._alone = self._fixed() if self._fixed and not (self._fixed.defaults or self._fixed.needs_model) else None
        #: Release → when to ask again, what the store said, and the strategy made of it (None: it cannot be made).
        self._known: dict[str, tuple[float, bytes | None, Strategy | None]] = {}

    def strategy(self, release: str, deadline: Deadline) -> Strategy | None:
        """The strategy for ``release``; None where it needs a learned model that is not there or cannot be used.

        Raises:
            StoreError: the store could not be asked.
        """
        if self._alone is not None:
            return self._alone
        until, said, strategy = self._known.get(release, (0.0, b"?", None))
        if self._clock() < until:
            return strategy
        now = self._store.value(keys.ranking(release), deadline)
        if now != said or strategy is None:
            strategy = self._made(release, now, deadline)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[release] = (self._clock() + _AGE_S, now, strategy)
        return strategy

    def _made(self, release: str, said: bytes | None, deadline: Deadline) -> Strategy | None:
        ranking = CAUTIOUS
        try:
            ranking = Ranking.from_json(said) if said else CAUTIOUS
        except DataError as error:
            _log.warning("release %s: %s; taking the defaults", release, error)
        name = self._strategy if self._fixed else ranking.strategy
        if name not in STRATEGIES:
            _log.warning("release %s: the strategy %.50r is unknown; taking the defaults", release, ranking.strategy)
            ranking, name = CAUTIOUS, CAUTIOUS.strategy
        made = STRATEGIES[name]
        model = (self._store.value(keys.learned_model(release), deadline) or b"") if made.needs_model else b""
        try:
            # Weights are those of the strategy that was measured; without any it has its own defaults.
            return made(ranking.weights if ranking.strategy == name and ranking.weights else None, model)
        except (DataError, ConfigurationError) as error:
            _log.warning("release %s: %s", release, error)
            return None
