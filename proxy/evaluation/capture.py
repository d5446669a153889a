"""What strategies are given for logged searches, taken once: any order of the hits then costs no engine and no store.

The way is the real one up to the strategy: a search that the proxy would not re-order (an exact one, a session of which
nothing is known, and the like) has no candidates here either.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sessionrank.searchlog import SearchCase

from ..backends.base import SearchBackend
from ..ranking.base import Candidates, Strategy
from ..ranking.bounds import within
from ..sessions.base import SessionStore
from ..settings import ProxySettings
from ..signals.registry import SIGNALS
from .outcomes import PERSONALISED, Outcome
from .query import SearchForm
from .replay import Replay

__all__ = ["Capture", "Captured"]


@dataclass(frozen=True, slots=True)
class Captured:
    """One search: its hits as a strategy sees them, and which of them was clicked."""

    #: All signals of the window's hits; None where the order stays the engine's whatever the strategy.
    candidates: Candidates | None
    #: The engine's position of the clicked hit, from 0; None where it is not in the window.
    clicked: int | None
    #: Why there are no candidates, or ``personalised``.
    reason: str
    #: Hits that the search has in all; None where the engine did not say.
    total: int | None

    @property
    def is_telling(self) -> bool:
        """Whether the order of its hits can be better or worse: there are signals, and the click is in the window."""
        return self.candidates is not None and self.clicked is not None

    @property
    def is_repeated(self) -> bool:
        """Whether what was clicked is what the session had had to do with before."""
        if self.candidates is None or self.clicked is None:
            return False
        return bool(self.candidates.signals["seen"][self.clicked])

    @property
    def plain_rank(self) -> int:
        """The rank of the clicked hit in the engine's order, from 1; 0 where it is not in the window."""
        return 0 if self.clicked is None else self.clicked + 1

    def rank(self, strategy: Strategy, *, max_displacement: int = 0) -> int:
        """The rank of the clicked hit as ``strategy`` orders; 0 where it is not in the window.

        Args:
            max_displacement: the setting of that name.
        """
        if self.candidates is None or self.clicked is None or not strategy.needs:
            return self.plain_rank
        order, value = strategy.order(seen_by(strategy, self.candidates))
        if max_displacement:
            return within(order.tolist(), max_displacement, np.isnan(value).nonzero()[0]).index(self.clicked) + 1
        return int(np.flatnonzero(order == self.clicked)[0]) + 1


def seen_by(strategy: Strategy, candidates: Candidates) -> Candidates:
    """The candidates with the signals alone that the strategy asks for, as the proxy hands them over."""
    signals: Mapping[str, NDArray[np.float64]] = {name: candidates.signals[name] for name in strategy.needs}
    return replace(candidates, signals=signals)


class Capture:
    """Replays searches under a strategy that keeps what it is given."""

    def __init__(
        self,
        settings: ProxySettings,
        index: str,
        form: SearchForm,
        *,
        seed: int = 1,
        backend: SearchBackend | None = None,
        store: SessionStore | None = None,
    ) -> None:
        """As :class:`Replay`."""
        self._keeping = _Keeping()
        self.replay = Replay(settings, index, form, [self._keeping], seed=seed, backend=backend, store=store)

    def captured(self, numbered: tuple[int, SearchCase]) -> Captured:
        """One case, by its number and itself. Raises as :meth:`Replay.outcome`."""
        outcome: Outcome = self.replay.outcome(numbered)
        (reason,) = outcome.reasons
        candidates = self._keeping.taken() if reason == PERSONALISED else None
        return Captured(candidates, outcome.plain - 1 if outcome.plain else None, reason, outcome.total)

    def close(self) -> None:
        """Let go of connections."""
        self.replay.close()


class _Keeping(Strategy):
    """Asks for every signal, keeps what it is given, a thread each, and leaves the engine's order."""

    needs = tuple(sorted(SIGNALS))

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def order(self, candidates: Candidates) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        self._of_thread.candidates = candidates
        return np.arange(candidates.count), np.full(candidates.count, np.nan)

    def taken(self) -> Candidates:
        """What this thread's last search was given."""
        candidates: Candidates = self._of_thread.candidates
        return candidates
