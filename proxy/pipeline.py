"""The way of a search: plan, ask the engine, read the signals, rank, splice; and the whole failure policy.

Whatever goes wrong with the personal part ends in the plain answer, with the reason in a header and a counter. Whatever
the engine refuses because we changed it is asked again as the client sent it.
"""

from __future__ import annotations

from .backends.base import AnswerTooLarge, BackendResponse, SearchBackend
from .exchange import Answer, Exchange
from .gate import Route
from .multisearch import MultiSearch
from .personalise import Personaliser, Refusals
from .plan import PassThrough, Planner, Rewrite
from .request import ClientRequest
from .searchbody import Unreadable
from .sessions.base import SessionStore
from .sessions.identity import Hasher
from .settings import ProxySettings
from .splice import failed_shards, read_answer, without_shards
from .stopwatch import Stopwatch

__all__ = ["Answer", "Pipeline"]


class Pipeline:
    """Answers requests that the gate has let through."""

    def __init__(self, settings: ProxySettings, backend: SearchBackend, store: SessionStore, hasher: Hasher) -> None:
        self._planner = Planner(settings)
        self._exchange = Exchange(settings, backend, self._planner)
        self._personaliser = Personaliser(settings, store, hasher)
        self._refusals = Refusals()
        self._multi = MultiSearch(self._planner, self._exchange, self._personaliser, self._refusals,
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
        try:
            response, body = self._exchange.ask(plan.request, watch)
            if response.status in (429, 503):
                return Answer.whole(response, body, "engine-error", watch)
            if response.status >= 400:
                return self._ask_again(request, route, watch)
            return self._touched(request, route, plan, digest or "", response, body, watch)
        except AnswerTooLarge:
            if plan.page is not None:
                return self._too_large(request, route, digest, watch)
            return self._exchange.forward(request, route, "too-large", watch)
        except Unreadable:
            return self._exchange.forward(request, route, "unreadable-answer", watch)

    def _touched(
        self,
        request: ClientRequest,
        route: Route,
        plan: Rewrite,
        digest: str,
        response: BackendResponse,
        body: bytes,
        watch: Stopwatch,
    ) -> Answer:
        """The answer to a changed request, as the client gets it."""
        if plan.page is None:
            if failed_shards(body):
                return self._ask_again(request, route, watch)
            self._refusals.was_taken(route.names, request)
            body = without_shards(body, plan.extras.shards) if plan.extras.shards else body
            return Answer.whole(response, body, plan.reason, watch)
        answer = read_answer(body)
        if answer.failed_shards:
            return self._ask_again(request, route, watch)
        self._refusals.was_taken(route.names, request)
        visit = self._personaliser.visit(request, digest, route.names)
        paged = self._personaliser.page(visit, plan.page, plan.extras, answer, watch)
        return Answer.whole(response, paged.body, paged.reason, watch, moved=paged.moved)

    def _too_large(self, request: ClientRequest, route: Route, digest: str | None, watch: Stopwatch) -> Answer:
        """A window is too large to be re-ordered: the client's page alone, wrapped as those behind the window are."""
        plan = self._planner.plan(request, route.names, digest, leave="too-large")
        if isinstance(plan, PassThrough):
            return self._exchange.forward(request, route, plan.reason, watch)
        try:
            response, body = self._exchange.ask(plan.request, watch)
            if response.status < 400:
                return self._touched(request, route, plan, "", response, body, watch)
        except (AnswerTooLarge, Unreadable):
            pass
        return self._exchange.forward(request, route, "too-large", watch)

    def _ask_again(self, request: ClientRequest, route: Route, watch: Stopwatch) -> Answer:
        """The engine refused what we made of the request; if the change was to blame, that is remembered."""
        answer = self._exchange.ask_again(request, route, watch)
        if answer.reason == "wrapped-refused":
            self._refusals.remember(route.names, request, _asked(request))
        return answer


def _asked(request: ClientRequest) -> bytes:
    return request.target.encode("latin-1") + b"\n" + request.body
