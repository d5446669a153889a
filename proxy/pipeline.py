"""The way of a search: plan, ask the engine, read the signals, rank, splice; and the whole failure policy.

Whatever goes wrong with the personal part ends in the plain answer, with the reason in a header and a counter. Whatever
the engine refuses because we changed it is asked again as the client sent it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import StoreError

from .backends.base import AnswerTooLarge, BackendRequest, BackendResponse, Headers, SearchBackend
from .deadline import Deadline
from .extras import Extras
from .gate import Route
from .gather import Gathered, Gatherer, NotRankable
from .plan import PassThrough, Planner, Rewrite
from .ranking.base import Candidates
from .ranking.registry import STRATEGIES
from .request import ClientRequest
from .searchbody import encode
from .sessions.base import SessionStore
from .sessions.identity import Hasher, check_session_id
from .settings import ProxySettings
from .splice import EngineAnswer, UnreadableAnswer, failed_shards, read_answer, without_extras, without_shards

__all__ = ["Answer", "Pipeline"]

_log = logging.getLogger("sessionrank.proxy")
#: Seconds that an index is left alone after its engine refused a changed request but took the client's own.
_REFUSAL_AGE = 60.0


@dataclass(slots=True)
class Answer:
    """What goes back to the client."""

    status: int
    phrase: str
    headers: Headers
    #: The whole body, or a response that is to be streamed and closed.
    body: bytes | BackendResponse
    #: Empty when personalised, else one of ``reasons.REASONS``.
    reason: str
    moved: int = 0
    #: Seconds by part: engine, store, rank.
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Ranking:
    order: list[int]
    value: NDArray[np.float64]
    gathered: Gathered
    nearest: dict[int, str | None]


class Pipeline:
    """Answers requests that the gate has let through."""

    def __init__(self, settings: ProxySettings, backend: SearchBackend, store: SessionStore, hasher: Hasher) -> None:
        self._settings = settings
        self._backend = backend
        self._hasher = hasher
        self._planner = Planner(settings)
        self._strategy = STRATEGIES[settings.strategy]()
        self._gatherer = Gatherer(store, self._strategy.needs, decay=settings.session_decay)
        self._session_header = settings.session_header.lower()
        self._budget = settings.budget_ms / 1000
        self._refused_until: dict[str, float] = {}

    def forward(self, request: ClientRequest, route: Route, reason: str) -> Answer:
        """The client's own request and the engine's own answer, streamed."""
        own = self._planner.own(request)
        own.repeatable = route.repeatable
        started = time.perf_counter()
        response = self._backend.send(own, timeout=self._settings.engine_timeout_s)
        engine = time.perf_counter() - started
        return Answer(response.status, response.reason, response.headers, response, reason, seconds={"engine": engine})

    def search(self, request: ClientRequest, route: Route) -> Answer:
        """A search: personalised where it can be, else plain with the reason."""
        seconds: dict[str, float] = {}
        if reason := self._planner.leaves_alone(request, route.names):
            return self.forward(request, route, reason)
        digest, why_not = self._session(request, seconds)
        plan = self._planner.plan(request, route.names, digest, why_not)
        if isinstance(plan, PassThrough):
            return self.forward(request, route, plan.reason)
        if self._refused_until.get(",".join(route.names), 0.0) > time.monotonic():
            return self.forward(request, route, "wrapped-refused")
        try:
            response, body = self._ask(plan.request, seconds)
            if response.status in (429, 503):
                return Answer(response.status, response.reason, response.headers, body, "engine-error", seconds=seconds)
            if response.status >= 400:
                return self._ask_again(request, route)
            if plan.page is None:
                return self._unranked(request, route, plan, response, body, seconds)
            answer = read_answer(body)
            if answer.failed_shards:
                return self._ask_again(request, route)
        except AnswerTooLarge:
            return self.forward(request, route, "too-large")
        except UnreadableAnswer:
            return self.forward(request, route, "unreadable-answer")
        return self._ranked(request, route, plan, digest or "", answer, response, seconds)

    def _session(self, request: ClientRequest, seconds: dict[str, float]) -> tuple[str | None, str]:
        """The digest of the request's session, or None and the reason; what the store took counts as its part."""
        session_id = request.header(self._session_header)
        if session_id is None:
            return None, "no-session"
        try:
            check_session_id(session_id)
        except ValueError:
            return None, "bad-session"
        deadline = Deadline(self._budget)
        started = time.perf_counter()
        try:
            return self._hasher.digest(session_id, deadline), ""
        except StoreError:
            return None, _store_reason(deadline)
        finally:
            seconds["store"] = time.perf_counter() - started

    def _ask(self, request: BackendRequest, seconds: dict[str, float]) -> tuple[BackendResponse, bytes]:
        started = time.perf_counter()
        response = self._backend.send(request, timeout=self._settings.engine_timeout_s)
        body = response.read(self._settings.max_response_bytes)
        seconds["engine"] = time.perf_counter() - started
        return response, body

    def _ask_again(self, request: ClientRequest, route: Route) -> Answer:
        """The engine refused what we made of the request; if it takes the client's own, the change was to blame."""
        answer = self.forward(request, route, "wrapped-refused")
        if answer.status < 400:
            now = time.monotonic()
            self._refused_until = {name: until for name, until in self._refused_until.items() if until > now}
            if len(self._refused_until) < 1000:
                self._refused_until[",".join(route.names)] = now + _REFUSAL_AGE
        else:
            answer.reason = "engine-error"
        return answer

    def _unranked(
        self,
        request: ClientRequest,
        route: Route,
        plan: Rewrite,
        response: BackendResponse,
        body: bytes,
        seconds: dict[str, float],
    ) -> Answer:
        if failed_shards(body):
            return self._ask_again(request, route)
        body = without_shards(body, plan.extras.shards) if plan.extras.shards else body
        return Answer(response.status, response.reason, response.headers, body, plan.reason, seconds=seconds)

    def _ranked(
        self,
        request: ClientRequest,
        route: Route,
        plan: Rewrite,
        digest: str,
        answer: EngineAnswer,
        response: BackendResponse,
        seconds: dict[str, float],
    ) -> Answer:
        page = plan.page
        assert page is not None  # noqa: S101 (the caller has looked)
        explain = (request.header("x-sessionrank-explain") or "").strip().lower() == "true"
        ranking, reason = self._rank(request, route, answer, digest, explain, (page.start, page.size), seconds)
        started = time.perf_counter()
        order = [*(ranking.order if ranking else range(min(len(answer), page.window)))]
        moved = sum(position != place for place, position in enumerate(order))
        order += range(len(order), len(answer))
        edit = _editor(plan.extras, order, ranking if explain else None)
        body = answer.with_hits(order[page.start : page.start + page.size], edit)
        if plan.extras.shards:
            body = without_shards(body, plan.extras.shards)
        seconds["rank"] = seconds.get("rank", 0.0) + time.perf_counter() - started
        return Answer(response.status, response.reason, response.headers, body, reason, moved, seconds)

    def _rank(
        self,
        request: ClientRequest,
        route: Route,
        answer: EngineAnswer,
        digest: str,
        explain: bool,
        page: tuple[int, int],
        seconds: dict[str, float],
    ) -> tuple[_Ranking | None, str]:
        """The order of the window's hits, or None and the reason; never an exception."""
        if not len(answer):
            return None, "no-hits"
        window = self._settings.window
        indexes, items = answer.indexes()[:window], answer.items(self._settings.item_id)[:window]
        # One budget for all that the store is asked; what the engine took meanwhile is not counted.
        before = seconds.get("store", 0.0)
        deadline = Deadline(self._budget - before)
        started = time.perf_counter()
        try:
            try:
                gathered = self._gatherer.gather(digest, route.names, indexes, items, deadline)
            finally:
                seconds["store"] = before + time.perf_counter() - started
            started = time.perf_counter()
            candidates = Candidates(len(items), gathered.signals, self._weight(request), int(digest, 16))
            order, value = self._strategy.order(candidates)
            seconds["rank"] = time.perf_counter() - started
            positions = order.tolist()
            nearest: dict[int, str | None] = {}
            if explain:
                shown = positions[page[0] : page[0] + page[1]]
                # The order is made: a store that fails now costs a part of the explanation.
                with suppress(StoreError):
                    found = self._gatherer.nearest_viewed(gathered, items, shown, deadline)
                    nearest = dict(zip(shown, found, strict=True))
            return _Ranking(positions, value, gathered, nearest), ""
        except NotRankable as nothing:
            return None, nothing.reason
        except StoreError as error:
            _log.debug("store: %s", error)
            return None, _store_reason(deadline)
        except Exception:
            _log.exception("ranking failed; the answer is plain")
            return None, "rank-failed"

    def _weight(self, request: ClientRequest) -> float:
        """The weight that the request asks for, where it is a number from 0 to 1, else the setting."""
        try:
            asked = float(request.header("x-sessionrank-weight") or "nan")
        except ValueError:
            asked = float("nan")
        return asked if 0.0 <= asked <= 1.0 else self._settings.weight


def _editor(
    extras: Extras, order: list[int], explained: _Ranking | None
) -> Callable[[int, bytes], bytes | None] | None:
    """What is to be done to each hit of a page: extras taken out, the reasons put in; None where there is nothing."""
    if not (extras.hit_members or extras.item_field or explained):
        return None
    places = {position: place for place, position in enumerate(order)}

    def edit(position: int, hit: bytes) -> bytes | None:
        text: bytes | None = hit
        if extras.hit_members or extras.item_field:
            text = without_extras(hit, extras.hit_members, extras.item_field)
        if explained is None or text is None:
            return text
        return _explained(text, position, places[position], explained)

    return edit


def _store_reason(deadline: Deadline) -> str:
    return "store-timeout" if deadline.remaining() <= 0 else "store-error"


def _explained(hit: bytes, position: int, place: int, ranking: _Ranking) -> bytes:
    """A hit with ``_sessionrank``: where it stood, where it stands (counted from 1), and why."""
    cosine = score = None
    if position < ranking.value.size:
        signal = ranking.gathered.signals.get("cosine")
        cosine = _number(signal[position]) if signal is not None else None
        score = _number(ranking.value[position])
    why = {
        "rank_before": position + 1,
        "rank_after": place + 1,
        "cosine": cosine,
        "nearest_viewed": ranking.nearest.get(position),
        "score": score,
    }
    return hit.rstrip()[:-1].rstrip() + b',"_sessionrank":' + encode(why) + b"}"


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
