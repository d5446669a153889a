"""The personal part of a search: whose session it is, and its page in that session's order.

Whatever goes wrong here ends in the plain page, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sessionrank.errors import StoreError

from .deadline import Deadline
from .explain import editor
from .extras import Extras
from .plan import Page
from .reorder import Reorderer, Visit
from .request import ClientRequest
from .sessions.base import SessionStore
from .sessions.identity import Hasher, check_session_id
from .settings import ProxySettings
from .splice import EngineAnswer, without_shards
from .stopwatch import Stopwatch

__all__ = ["Paged", "Personaliser", "Refusals"]

#: Seconds that an index is left alone after its engine refused a changed request but took the client's own.
_REFUSAL_AGE = 60.0
_MOST_REFUSALS = 1000
_LONGEST_REFUSAL = 500


@dataclass(frozen=True, slots=True)
class Paged:
    """A page as the client gets it."""

    body: bytes
    #: Empty when personalised, else one of ``reasons.REASONS``.
    reason: str
    #: How many hits of the window changed places.
    moved: int


class Personaliser:
    """Pages in the order of the request's session."""

    def __init__(self, settings: ProxySettings, store: SessionStore, hasher: Hasher) -> None:
        self._settings = settings
        self._hasher = hasher
        self._reorderer = Reorderer(settings, store)
        self._session_header = settings.session_header.lower()

    def session(self, request: ClientRequest, watch: Stopwatch) -> tuple[str | None, str]:
        """The digest of the request's session, or None and the reason; what the store took counts as its part."""
        session_id = request.header(self._session_header)
        if session_id is None:
            return None, "no-session"
        try:
            check_session_id(session_id)
        except ValueError:
            return None, "bad-session"
        deadline = Deadline(self._settings.budget_ms / 1000)
        try:
            with watch("store"):
                return self._hasher.digest(session_id, deadline), ""
        except StoreError:
            return None, "store-timeout" if deadline.remaining() <= 0 else "store-error"

    def visit(self, request: ClientRequest, digest: str, names: Sequence[str]) -> Visit:
        """What a request brings to the ranking of the hits of a search on ``names``."""
        explain = (request.header("x-sessionrank-explain") or "").strip().lower() == "true"
        return Visit(digest, names, self._weight(request), explain)

    def page(self, visit: Visit, page: Page, extras: Extras, answer: EngineAnswer, watch: Stopwatch) -> Paged:
        """The client's page, cut from a whole window of the engine's answer."""
        order = self._reorderer.order(visit, page, answer, watch)
        with watch("rank"):
            moved = sum(position not in (place, None) for place, position in enumerate(order.positions))
            positions = [*order.positions, *range(min(page.window, len(answer)), len(answer))]
            edit = editor(extras, positions, order.why)
            chosen = [p for p in positions[page.start : page.start + page.size] if p is not None]
            body = answer.with_hits(chosen, edit, drops_empty=extras.drops_empty)
            if extras.shards:
                body = without_shards(body, extras.shards)
        return Paged(body, order.reason, moved)

    def _weight(self, request: ClientRequest) -> float:
        """The weight that the request asks for, where it is a number from 0 to 1, else the setting."""
        try:
            asked = float(request.header("x-sessionrank-weight") or "nan")
        except ValueError:
            asked = float("nan")
        return asked if 0.0 <= asked <= 1.0 else self._settings.weight


class Refusals:
    """Which indices' engines refused a changed request a moment ago, though they took the client's own.

    Told apart by media types: an engine may refuse what one client's odd headers made of a request, and no other.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def remember(self, names: Sequence[str], request: ClientRequest) -> None:
        """From now on, for a minute."""
        now = time.monotonic()
        self._until = {name: until for name, until in self._until.items() if until > now}
        if len(self._until) < _MOST_REFUSALS:
            self._until[_refusal(names, request)] = now + _REFUSAL_AGE

    def has(self, names: Sequence[str], request: ClientRequest) -> bool:
        """Whether these are to be left alone."""
        return bool(self._until) and self._until.get(_refusal(names, request), 0.0) > time.monotonic()


def _refusal(names: Sequence[str], request: ClientRequest) -> str:
    types = (request.header("content-type") or "", request.header("accept") or "")
    return "\n".join((",".join(names), *types))[:_LONGEST_REFUSAL]
