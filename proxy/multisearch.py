"""The way of a multi-search: one exchange with the engine, and each response put in the order of the session.

An item that the engine refuses because we changed it is asked again as the client sent it, and touches no other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sessionrank.errors import BackendError

from .backends.base import AnswerTooLarge, Headers
from .exchange import Answer, Exchange
from .gate import Route
from .metrics import count_two_phase
from .personalise import Cut, Personaliser, Refusals
from .plan import Change, PassThrough, Planner
from .plan_items import Item, Multi, plan_items, reason_of
from .request import ClientRequest
from .searchbody import Unreadable, without
from .splice import (
    EngineAnswer,
    MultiAnswer,
    UnreadableAnswer,
    outcome_of,
    read_answer,
    without_extras,
    without_shards,
)
from .stopwatch import Stopwatch
from .twophase import Outline, TwoPhase, details, put_together, with_warnings

__all__ = ["MultiSearch"]

#: Stand for the reason of an item until it was asked again: as the client sent it, for the hits of its page (the
#: second of two phases), or in one phase.
_AGAIN, _DETAILS, _IN_ONE = "again", "details", "in-one"


@dataclass(frozen=True, slots=True)
class _Half:
    """An item of which the first of two phases is done."""

    change: Change
    window: EngineAnswer
    #: The page, of which the hits are to be fetched.
    cut: Cut

    def details(self) -> Change:
        named = self.window.named()
        return details(self.change, [named[position] for position in self.cut.positions])


@dataclass(slots=True)
class _Outcome:
    """What became of one item."""

    #: Its response for the client.
    body: bytes
    reason: str
    moved: int = 0
    half: _Half | None = None


@dataclass(frozen=True, slots=True)
class _Asking:
    """What all steps of one multi-search have in common."""

    request: ClientRequest
    plan: Multi
    #: Of the session; empty without one.
    digest: str
    watch: Stopwatch


class MultiSearch:
    """Answers multi-searches."""

    def __init__(
        self,
        planner: Planner,
        exchange: Exchange,
        personaliser: Personaliser,
        refusals: Refusals,
        two_phase: TwoPhase,
        *,
        limit: int,
    ) -> None:
        self._planner = planner
        self._exchange = exchange
        self._personaliser = personaliser
        self._refusals = refusals
        self._two_phase = two_phase
        self._limit = limit

    def answer(self, request: ClientRequest, route: Route) -> Answer:
        """Each item as if it came alone; where the whole cannot be read, the client's own request is sent.

        Raises:
            BackendError: the engine gave none.
        """
        if self._planner.is_off(request):
            return self._exchange.forward(request, route, "off")
        watch = self._exchange.begin()
        digest, why_not = self._personaliser.session(request, watch)
        plan = plan_items(
            self._planner,
            request,
            route.names,
            digest,
            why_not,
            refused=lambda names, own: self._refusals.has(names, request, own),
            limit=self._limit,
            outline=self._two_phase.outline,
        )
        if isinstance(plan, PassThrough):
            return self._exchange.forward(request, route, plan.reason, watch)
        try:
            response, body = self._exchange.ask(plan.request, watch)
            if response.status in (429, 503):
                return Answer.whole(response, body, "engine-error", watch)
            if response.status >= 400:
                return self._exchange.ask_again(request, route, watch)
            answer = MultiAnswer(body, len(plan.items))
            asking = _Asking(request, plan, digest or "", watch)
            outcomes = [
                self._outcome(asking, item, part, item.outline)
                for item, part in zip(plan.items, answer.parts(), strict=True)
            ]
            headers = self._ask_details(asking, outcomes, response.headers)
            self._ask_in_one(asking, outcomes)
            self._ask_again(asking, outcomes)
        except AnswerTooLarge:
            return self._exchange.forward(request, route, "too-large", watch)
        except Unreadable:
            return self._exchange.forward(request, route, "unreadable-answer", watch)
        made = answer.with_parts([each.body for each in outcomes if each.body != b"{}" or not plan.hides_status])
        reasons = [each.reason for each in outcomes]
        reason = "" if "" in reasons else reason_of(reasons)
        told = Answer.whole(response, made, reason, watch, moved=sum(each.moved for each in outcomes))
        told.headers = headers
        told.items = (reasons.count(""), len(reasons))
        return told

    def _outcome(self, asking: _Asking, item: Item, part: bytes, outline: Outline | None = None) -> _Outcome:
        """What becomes of one item's response; with ``outline``, that is of the first phase."""
        plan, request = asking.plan, asking.request
        if isinstance(item.plan, PassThrough):
            return _Outcome(_cleaned(part, plan), item.plan.reason)
        outcome = outcome_of(part)
        if outcome.status in (429, 503):
            return _Outcome(_cleaned(part, plan), "engine-error")
        if outcome.is_error or outcome.is_partial:
            return _Outcome(part, _IN_ONE if outline else _AGAIN)
        self._refusals.was_taken(item.names, request)
        if item.plan.page is None:
            return _Outcome(_cleaned(part, plan), item.plan.reason)
        try:
            answer = read_answer(part, outline.id_field if outline else "")
        except Unreadable:
            if outline:
                return _Outcome(part, _IN_ONE)
            raise
        visit = self._personaliser.visit(request, asking.digest, item.names)
        cut = self._personaliser.cut(visit, item.plan.page, item.plan.extras, answer, asking.watch)
        if outline and cut.positions:
            return _Outcome(part, _DETAILS, half=_Half(item.plan, answer, cut))
        if not outline:
            self._two_phase.learn(item.names, item.plan, answer)
        return self._page(asking, item.plan, answer, cut)

    def _page(self, asking: _Asking, change: Change, answer: EngineAnswer, cut: Cut) -> _Outcome:
        paged = self._personaliser.paged(cut, change.extras, answer, asking.watch)
        body = without(paged.body, ("status",)) if asking.plan.hides_status else paged.body
        return _Outcome(body, paged.reason, paged.moved)

    def _ask_details(self, asking: _Asking, outcomes: list[_Outcome], headers: Headers) -> Headers:
        """The second phase of the items that are fetched in two; gives the headers with its warnings.

        Where it fails, or gives other hits, the item is to be asked in one.
        """
        halves = [(place, each.half) for place, each in enumerate(outcomes) if each.half]
        if not halves:
            return headers
        items = asking.plan.items
        lines = [items[place].asking(half.details()) for place, half in halves]
        for place, _ in halves:
            outcomes[place].reason = _IN_ONE
        with suppress(BackendError, Unreadable):
            response, body = self._exchange.ask(asking.plan.asking(lines), asking.watch)
            if response.status < 400:
                for (place, half), part in zip(halves, MultiAnswer(body, len(lines)).parts(), strict=True):
                    outcomes[place] = self._filled(asking, items[place], half, part) or outcomes[place]
                headers = with_warnings(headers, response.headers)
        return headers

    def _filled(self, asking: _Asking, item: Item, half: _Half, part: bytes) -> _Outcome | None:
        """An item whose second phase gave ``part``; None where that does not fit the first."""
        if outcome_of(part).is_error:
            return None
        page = read_answer(part)
        texts = put_together(half.cut.positions, half.window, page)
        if texts is None:
            return None
        count_two_phase(taken=True)
        self._two_phase.learn(item.names, half.change, page)
        return self._page(asking, half.change, half.window, half.cut.with_texts(texts))

    def _ask_in_one(self, asking: _Asking, outcomes: list[_Outcome]) -> None:
        """Ask in one phase for the items of which two did not fit; where it goes well, two are to blame."""
        places = [place for place, each in enumerate(outcomes) if each.reason == _IN_ONE]
        items = [asking.plan.items[place] for place in places]
        if not items:
            return
        lines = [item.asking(item.plan) for item in items if isinstance(item.plan, Change)]
        for place, item, part in zip(places, items, self._parts(asking, lines), strict=True):
            count_two_phase(taken=False)
            outcomes[place] = self._outcome(asking, item, part)
            if outcomes[place].reason not in (_AGAIN, "engine-error"):
                self._two_phase.pause(item.names)

    def _ask_again(self, asking: _Asking, outcomes: list[_Outcome]) -> None:
        """Ask for the refused items as the client sent them; if the engine takes one so, the change was to blame.

        Raises:
            UnreadableAnswer: the engine does not take them at all.
        """
        again = [
            (item, outcome)
            for item, outcome in zip(asking.plan.items, outcomes, strict=True)
            if outcome.reason == _AGAIN
        ]
        if not again:
            return
        parts = self._parts(asking, [item.own for item, _ in again])
        for (item, outcome), part in zip(again, parts, strict=True):
            outcome.body = _cleaned(part, asking.plan)
            outcome.reason = "engine-error"
            if not outcome_of(part).is_error:
                outcome.reason = "wrapped-refused"
                self._refusals.remember(item.names, asking.request, item.own)

    def _parts(self, asking: _Asking, lines: list[bytes]) -> list[bytes]:
        """The responses to some items, by their lines.

        Raises:
            UnreadableAnswer: the engine does not take them at all.
        """
        response, body = self._exchange.ask(asking.plan.asking(lines), asking.watch)
        if response.status >= 400:
            raise UnreadableAnswer(f"status {response.status}")
        return MultiAnswer(body, len(lines)).parts()


def _cleaned(part: bytes, plan: Multi) -> bytes:
    """A response whose order stays the engine's, without what ``filter_path`` was widened by."""
    if not (plan.extras or plan.hides_status):
        return part
    if plan.extras.hit_members and not outcome_of(part).is_error:
        answer, members = read_answer(part), plan.extras.hit_members
        positions = range(len(answer))
        part = answer.with_hits(positions, lambda _, hit: without_extras(hit, members, ""), drops_empty=True)
    if plan.extras.shards:
        part = without_shards(part, plan.extras.shards)
    return without(part, ("status",)) if plan.hides_status else part
