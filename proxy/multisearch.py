"""The way of a multi-search: one exchange with the engine, and each response put in the order of the session.

An item that the engine refuses because we changed it is asked again as the client sent it, and touches no other.
"""

from __future__ import annotations

from dataclasses import dataclass

from .backends.base import AnswerTooLarge
from .exchange import Answer, Exchange
from .gate import Route
from .personalise import Personaliser, Refusals
from .plan import PassThrough, Planner
from .plan_items import Item, Multi, plan_items, reason_of
from .request import ClientRequest
from .searchbody import Unreadable, without
from .splice import (
    MultiAnswer,
    UnreadableAnswer,
    outcome_of,
    read_answer,
    without_extras,
    without_shards,
)
from .stopwatch import Stopwatch

__all__ = ["MultiSearch"]

#: Stands for the reason of an item until it was asked again.
_AGAIN = "again"


@dataclass(slots=True)
class _Outcome:
    """What became of one item."""

    #: Its response for the client.
    body: bytes
    reason: str
    moved: int = 0


class MultiSearch:
    """Answers multi-searches."""

    def __init__(
        self, planner: Planner, exchange: Exchange, personaliser: Personaliser, refusals: Refusals, *, limit: int
    ) -> None:
        self._planner = planner
        self._exchange = exchange
        self._personaliser = personaliser
        self._refusals = refusals
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
            outcomes = [
                self._outcome(request, plan, item, part, digest or "", watch)
                for item, part in zip(plan.items, answer.parts(), strict=True)
            ]
            self._ask_again(request, plan, outcomes, watch)
        except AnswerTooLarge:
            return self._exchange.forward(request, route, "too-large", watch)
        except Unreadable:
            return self._exchange.forward(request, route, "unreadable-answer", watch)
        made = answer.with_parts([each.body for each in outcomes if each.body != b"{}" or not plan.hides_status])
        reasons = [each.reason for each in outcomes]
        reason = "" if "" in reasons else reason_of(reasons)
        told = Answer.whole(response, made, reason, watch, moved=sum(each.moved for each in outcomes))
        told.items = (reasons.count(""), len(reasons))
        return told

    def _outcome(
        self, request: ClientRequest, plan: Multi, item: Item, part: bytes, digest: str, watch: Stopwatch
    ) -> _Outcome:
        """What becomes of one item's response."""
        if isinstance(item.plan, PassThrough):
            return _Outcome(_cleaned(part, plan), item.plan.reason)
        outcome = outcome_of(part)
        if outcome.status in (429, 503):
            return _Outcome(_cleaned(part, plan), "engine-error")
        if outcome.is_error or outcome.is_partial:
            return _Outcome(part, _AGAIN)
        self._refusals.was_taken(item.names, request)
        if item.plan.page is None:
            return _Outcome(_cleaned(part, plan), item.plan.reason)
        visit = self._personaliser.visit(request, digest, item.names)
        paged = self._personaliser.page(visit, item.plan.page, item.plan.extras, read_answer(part), watch)
        body = without(paged.body, ("status",)) if plan.hides_status else paged.body
        return _Outcome(body, paged.reason, paged.moved)

    def _ask_again(self, request: ClientRequest, plan: Multi, outcomes: list[_Outcome], watch: Stopwatch) -> None:
        """Ask for the refused items as the client sent them; if the engine takes one so, the change was to blame.

        Raises:
            UnreadableAnswer: the engine does not take them at all.
        """
        again = [
            (item, outcome) for item, outcome in zip(plan.items, outcomes, strict=True) if outcome.reason == _AGAIN
        ]
        if not again:
            return
        response, body = self._exchange.ask(plan.again([item for item, _ in again]), watch)
        if response.status >= 400:
            raise UnreadableAnswer(f"status {response.status}")
        for (item, outcome), part in zip(again, MultiAnswer(body, len(again)).parts(), strict=True):
            outcome.body = _cleaned(part, plan)
            outcome.reason = "engine-error"
            if not outcome_of(part).is_error:
                outcome.reason = "wrapped-refused"
                self._refusals.remember(item.names, request, item.own)


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
