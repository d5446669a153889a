"""Logged searches through the proxy's own pipeline in this process, under one strategy after the other.

Everything is as the proxy has it (plan, engine, signals, order, splice) but for these: sessions are kept in this
process, the keyed hash has a fixed key so that equal seeds give equal controls, the personal part has seconds instead
of milliseconds, for what is measured is the order and not the time, and the engine is asked each thing once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionrank import keys
from sessionrank.errors import DataError, StoreError
from sessionrank.ranking import Ranking
from sessionrank.searchlog import SearchCase
from sessionrank.upstream import upstream_access

from ..backends.base import SearchBackend
from ..backends.registry import backend_from_urls
from ..deadline import Deadline
from ..exchange import Answer
from ..gate import Route
from ..ranking.base import Strategy
from ..ranking.registry import BY_RELEASE
from ..rankings import Rankings
from ..reasons import REASONS
from ..releases import ReleaseFinder
from ..request import ClientRequest
from ..sessions.base import SessionStore
from ..sessions.identity import Hasher
from ..sessions.registry import from_url
from ..settings import ProxySettings
from .outcomes import PERSONALISED, Outcome, check_answer, rank_in, total_of
from .query import SearchForm, target_of
from .remembering import RememberingBackend
from .visits import VisitStore, events_of

if TYPE_CHECKING:
    from ..pipeline import Pipeline

__all__ = ["Replay", "settings_for"]

#: Milliseconds for the personal part of a search.
_PATIENT_MS = 30_000
_SECONDS = 30.0
#: Reasons that say nothing of an order.
_BROKEN = ("store-error", "store-timeout", "rank-failed")
#: Connections to each node of the engine that are kept.
_POOL = 64


def settings_for(settings: ProxySettings, index: str) -> ProxySettings:
    """The proxy's settings as they are measured on one index."""
    patient = max(settings.budget_ms, _PATIENT_MS)
    # A page of a whole window is fetched in one phase in any case; saying so keeps the engine's answer in one piece.
    return replace(settings, indices=(index,), budget_ms=patient, two_phase="off")


class Replay:
    """The proxy's parts in this process, wired once for each strategy; its threads share them."""

    def __init__(
        self,
        settings: ProxySettings,
        index: str,
        form: SearchForm,
        strategies: Sequence[str | Strategy],
        *,
        seed: int = 1,
        raw: bool = False,
        backend: SearchBackend | None = None,
        store: SessionStore | None = None,
    ) -> None:
        """See :func:`settings_for` for ``settings``; ``strategies`` are the names of known ones, or made ones.

        Raises:
            ConfigurationError: a setting cannot work.
        """
        self._settings = settings
        self._form = form
        self._index = index
        self._raw = raw
        backend = backend or backend_from_urls(settings.upstream, pool_size=_POOL, access=upstream_access(settings))
        self.engine = RememberingBackend(backend, limit=settings.max_response_bytes)
        published = store or from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
        self.store = VisitStore(published, cap=settings.session_cap, ttl=settings.session_ttl)
        self.hasher = Hasher(self.store, hashlib.blake2b(f"evaluation {seed}".encode()).digest())
        self._pipelines = [self._pipeline(each) for each in strategies]
        self._route = Route((index,), "search", repeatable=True)

    def _pipeline(self, strategy: str | Strategy) -> Pipeline:
        # Imported here: help must not load what counts and times, of which a process can have only one.
        from ..pipeline import Pipeline

        if isinstance(strategy, str):
            return Pipeline(replace(self._settings, strategy=strategy), self.engine, self.store, self.hasher)
        settings = replace(self._settings, strategy=BY_RELEASE)
        return Pipeline(settings, self.engine, self.store, self.hasher, _Only(self.store, strategy))

    def release(self) -> str | None:
        """The release that serves the index. Raises ``BackendError`` and ``StoreError``."""
        return ReleaseFinder(self.engine, self.store).find(self._index, Deadline(_SECONDS))

    def ranking(self, release: str | None) -> Ranking | None:
        """What the release says of its order; None where it says nothing that can be read. Raises ``StoreError``."""
        said = self.store.value(keys.ranking(release), Deadline(_SECONDS)) if release else None
        try:
            return Ranking.from_json(said) if said else None
        except DataError:
            return None

    def outcome(self, numbered: tuple[int, SearchCase]) -> Outcome:
        """One case, by its number and itself: its visit begins, searches under each strategy, and is forgotten.

        Raises:
            BackendError: the engine gave no answer that can be used.
            StoreError: the store failed; the proxy would answer, but what it is worth cannot be told then.
        """
        number, case = numbered
        session = f"case-{number}"
        digest = self.hasher.digest(session, Deadline(_SECONDS))
        self.store.append(digest, events_of(case), Deadline(_SECONDS))
        try:
            return self._asked(case, session)
        finally:
            self.store.forget(digest, Deadline(_SECONDS))

    def _asked(self, case: SearchCase, session: str) -> Outcome:
        item_id = self._settings.item_id
        request = self.request(case, session)
        plain, total = 0, None
        ranks, reasons = [], []
        for number, pipeline in enumerate(self._pipelines):
            answer = pipeline.search(request, self._route)
            if answer.reason in _BROKEN:
                raise StoreError(f"the search {case.query[:60]!r} could not be ranked: {REASONS[answer.reason]}")
            body = _body_of(answer, case)
            if number == 0:
                plain, total = rank_in(self.engine.last, case, item_id), total_of(self.engine.last)
            ranks.append(rank_in(body, case, item_id))
            reasons.append(answer.reason or PERSONALISED)
        raw = None
        if self._raw:
            off = replace(request, headers=[*request.headers, ("X-Sessionrank", "off")])
            raw = rank_in(_body_of(self._pipelines[0].search(off, self._route), case), case, item_id)
        return Outcome(plain, tuple(ranks), tuple(reasons), total, raw)

    def request(self, case: SearchCase, session: str) -> ClientRequest:
        """The search of a case, as a client of the proxy would send it."""
        body = self._form.filled(case.query, size=self._settings.window, item_id=self._settings.item_id)
        headers = [("Content-Type", "application/json"), (self._settings.session_header, session)]
        return ClientRequest("POST", target_of(self._index), headers, body)

    def close(self) -> None:
        """Let go of connections."""
        self.engine.close()
        self.store.close()


class _Only(Rankings):
    """One strategy, whatever the release."""

    def __init__(self, store: SessionStore, strategy: Strategy) -> None:
        super().__init__(store, BY_RELEASE)
        self._only = strategy

    def strategy(self, release: str, deadline: Deadline) -> Strategy | None:
        return self._only


def _body_of(answer: Answer, case: SearchCase) -> bytes:
    body = answer.body if isinstance(answer.body, bytes) else answer.body.read()
    check_answer(answer.status, body, case)
    return body
