"""The way of a search: plan, ask the engine, read the signals, rank, splice; and the whole failure policy.

Whatever goes wrong with the personal part ends in the plain answer, with the reason in a header and a counter. Whatever
the engine refuses because we changed it is asked again as the client sent it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from sessionrank.errors import BackendError

from .backends.base import AnswerTooLarge, BackendResponse, SearchBackend
from .exchange import Answer, Exchange
from .gate import Route
from .metrics import count_two_phase
from .multisearch import MultiSearch
from .personalise import Cut, Personaliser, Refusals
from .plan import Page, PassThrough, Planner, Rewrite
from .rankings import Rankings
from .request import ClientRequest
from .searchbody import Unreadable
from .sessions.base import SessionStore
from .sessions.identity import Hasher
from .settings import ProxySettings
from .splice import EngineAnswer, failed_shards, read_answer, without_shards
from .stopwatch import Stopwatch
from .twophase import Outline, TwoPhase, details, put_together, with_warnings

__all__ = ["Answer", "Pipeline"]


@dataclass(frozen=True, slots=True)
class _Search:
    """A search that is changed."""

    request: ClientRequest
    route: Route
    plan: Rewrite
    #: Of the session; empty without one.
    digest: str
    watch: Stopwatch


class Pipeline:
    """Answers requests that the gate has let through."""

    def __init__(
        self,
        settings: ProxySettings,
        backend: SearchBackend,
        store: SessionStore,
        hasher: Hasher,
        rankings: Rankings | None = None,
    ) -> None:
        """``rankings`` has the word on strategies; by default it is that of the settings."""
        self._planner = Planner(settings)
        self._exchange = Exchange(settings, backend, self._planner)
        self._personaliser = Personaliser(settings, store, hasher, rankings)
        self._refusals = Refusals()
        self._two_phase = TwoPhase(settings)
        self._multi = MultiSearch(self._planner, self._exchange, self._personaliser, self._refusals, self._two_phase,
                                  limit=settings.max_body_bytes)  # fmt: skip

    def answer(self, request: ClientRequest, route: Route) -> Answer:
        """What goes back for any request. Raises ``BackendError`` where the engine gives no answer."""
        if route.kind == "search":
            return self.search(request, route)
        if route.kind == "msearch":
            return self._multi.answer(request, route)
        return self._exchange.forward(request, route, "endpoint")

    def search(self, request: ClientRequest, route: Route) -> Answer:
        """A search: personalised where it can be, else plain with the reason."""
        if reason := self._planner.leaves_alone(request, route.names):
            return self._exchange.forward(request, route, reason)
        watch = self._exchange.begin()
        digest, why_not = self._personaliser.session(request, watch)
        plan = self._planner.plan(request, route.names, digest, why_not)
        if isinstance(plan, PassThrough):
            return self._exchange.forward(request, route, plan.reason, watch)
        if self._refusals.has(route.names, request, _asked(request)):
            return self._exchange.forward(request, route, "wrapped-refused", watch)
        search = _Search(request, route, plan, digest or "", watch)
        try:
            return self._in_two_phases(search) or self._ask(search)
        except AnswerTooLarge:
            if plan.page is not None:
                return self._too_large(search, digest)
            return self._exchange.forward(request, route, "too-large", watch)
        except Unreadable:
            return self._exchange.forward(request, route, "unreadable-answer", watch)

    def _ask(self, search: _Search) -> Answer:
        """Ask a changed request."""
        response, body = self._exchange.ask(search.plan.request, search.watch)
        if response.status in (429, 503):
            return Answer.whole(response, body, "engine-error", search.watch)
        if response.status >= 400:
            return self._ask_again(search)
        if search.plan.page is None:
            return self._beyond(search, response, body)
        answer = read_answer(body)
        if answer.failed_shards:
            return self._ask_again(search)
        self._two_phase.learn(search.route.names, search.plan.change, answer)
        return self._told(search, response, answer, self._cut(search, search.plan.page, answer))

    def _cut(self, search: _Search, page: Page, answer: EngineAnswer) -> Cut:
        """The page of an answer to a changed request."""
        request, names = search.request, search.route.names
        self._refusals.was_taken(names, request)
        visit = self._personaliser.visit(request, search.digest, names)
        return self._personaliser.cut(visit, page, search.plan.extras, answer, search.watch)

    def _told(self, search: _Search, response: BackendResponse, answer: EngineAnswer, cut: Cut) -> Answer:
        paged = self._personaliser.paged(cut, search.plan.extras, answer, search.watch)
        return Answer.whole(response, paged.body, paged.reason, search.watch, moved=paged.moved)

    def _in_two_phases(self, search: _Search) -> Answer | None:
        """The answer in two phases, where that pays; None where one phase is to answer.

        It also has the word on whatever went wrong; when it goes well, two phases are to blame.
        """
        names, plan = search.route.names, search.plan
        outline = self._two_phase.outline(names, plan.change)
        if outline is None:
            return None
        told = None
        with suppress(BackendError, Unreadable):
            told = self._outlined(search, outline)
        count_two_phase(taken=told is not None)
        if told is None:
            told = self._ask(search)
            if told.reason not in ("engine-error", "wrapped-refused"):
                self._two_phase.pause(names)
        return told

    def _outlined(self, search: _Search, outline: Outline) -> Answer | None:
        """Both phases; None where the second does not give the very hits of the first, or either fails."""
        plan, watch = search.plan, search.watch
        response, body = self._exchange.ask(self._planner.asking(search.request, outline.change), watch)
        if plan.page is None or response.status >= 400:
            return None
        window = read_answer(body, outline.id_field)
        if window.failed_shards:
            return None
        cut = self._cut(search, plan.page, window)
        if not cut.positions:
            return self._told(search, response, window, cut)
        named = window.named()
        asked = details(plan.change, [named[position] for position in cut.positions])
        second, body = self._exchange.ask(self._planner.asking(search.request, asked), watch)
        if second.status >= 400:
            return None
        page = read_answer(body)
        texts = put_together(cut.positions, window, page)
        if texts is None:
            return None
        self._two_phase.learn(search.route.names, plan.change, page)
        told = self._told(search, response, window, cut.with_texts(texts))
        told.headers = with_warnings(response.headers, second.headers)
        return told

    def _beyond(self, search: _Search, response: BackendResponse, body: bytes) -> Answer:
        """The answer to a changed request whose order stays the engine's."""
        if failed_shards(body):
            return self._ask_again(search)
        self._refusals.was_taken(search.route.names, search.request)
        body = without_shards(body, search.plan.extras.shards) if search.plan.extras.shards else body
        return Answer.whole(response, body, search.plan.reason, search.watch)

    def _too_large(self, search: _Search, digest: str | None) -> Answer:
        """A window is too large to be re-ordered: the client's page alone, wrapped as those behind the window are."""
        request, route, watch = search.request, search.route, search.watch
        plan = self._planner.plan(request, route.names, digest, leave="too-large")
        if isinstance(plan, PassThrough):
            return self._exchange.forward(request, route, plan.reason, watch)
        try:
            response, body = self._exchange.ask(plan.request, watch)
            if response.status < 400:
                return self._beyond(replace(search, plan=plan), response, body)
        except (AnswerTooLarge, Unreadable):
            pass
        return self._exchange.forward(request, route, "too-large", watch)

    def _ask_again(self, search: _Search) -> Answer:
        """The engine refused what we made of the request; if the change was to blame, that is remembered."""
        request, names = search.request, search.route.names
        answer = self._exchange.ask_again(request, search.route, search.watch)
        if answer.reason == "wrapped-refused":
            self._refusals.remember(names, request, _asked(request))
        return answer


def _asked(request: ClientRequest) -> bytes:
    return request.target.encode("latin-1") + b"\n" + request.body
