"""The personal part of a search: whose session it is, and its page in that session's order.

Whatever goes wrong here ends in the plain page, with the reason.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sessionrank.errors import StoreError

from .deadline import Deadline
from .explain import editor
from .extras import Extras
from .plan import Page
from .rankings import Rankings
from .reorder import Reorderer, Visit
from .request import ClientRequest
from .sessions.base import SessionStore
from .sessions.identity import Hasher, check_session_id
from .settings import ProxySettings
from .splice import EngineAnswer, without_shards
from .stopwatch import Stopwatch

__all__ = ["Cut", "Paged", "Personaliser", "Refusals"]

#: Seconds that what an engine refused is left alone.
_REFUSAL_AGE = 60.0
_MOST_REFUSALS = 1000
#: So many different requests of an index.
_REFUSED_IN_A_ROW = 3
#: What may fail for some hits of a window and not for those of a page, or hides what it is.
_ODD = re.compile(
    rb"script|highlight|inner_hits|runtime|derived|_fields|\"fields|percolate|source=|\\u|\x1f\x8b", re.IGNORECASE
)
#: So many compound queries may stand at the engine's limit of nesting.
_DEEP = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """What a page shows: which hits of the engine's answer, and in which order."""

    positions: list[int]
    #: What is done to the text of each.
    edit: Callable[[int, bytes], bytes | None] | None
    reason: str
    moved: int

    def with_texts(self, texts: Mapping[int, bytes]) -> Cut:
        """The same with these texts of hits, by position, in the places of the answer's own."""
        edit = self.edit

        def replaced(position: int, _: bytes) -> bytes | None:
            return texts[position] if edit is None else edit(position, texts[position])

        return replace(self, edit=replaced)


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

    def __init__(
        self, settings: ProxySettings, store: SessionStore, hasher: Hasher, rankings: Rankings | None = None
    ) -> None:
        self._settings = settings
        self._hasher = hasher
        self._reorderer = Reorderer(settings, store, rankings)
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
        return self.paged(self.cut(visit, page, extras, answer, watch), extras, answer, watch)

    def cut(self, visit: Visit, page: Page, extras: Extras, answer: EngineAnswer, watch: Stopwatch) -> Cut:
        """Which hits of a whole window are the client's page."""
        order = self._reorderer.order(visit, page, answer, watch)
        with watch("rank"):
            moved = sum(position not in (place, None) for place, position in enumerate(order.positions))
            positions = [*order.positions, *range(min(page.window, len(answer)), len(answer))]
            edit = editor(extras, positions, order.why)
            chosen = [p for p in positions[page.start : page.start + page.size] if p is not None]
        return Cut(chosen, edit, order.reason, moved)

    def paged(self, cut: Cut, extras: Extras, answer: EngineAnswer, watch: Stopwatch) -> Paged:
        """The engine's answer with these hits alone."""
        with watch("rank"):
            body = answer.with_hits(cut.positions, cut.edit, drops_empty=extras.drops_empty)
            if extras.shards:
                body = without_shards(body, extras.shards)
        return Paged(body, cut.reason, cut.moved)

    def _weight(self, request: ClientRequest) -> float:
        """The weight that the request asks for, where it is a number from 0 to 1, else the setting."""
        try:
            asked = float(request.header("x-sessionrank-weight") or "nan")
        except ValueError:
            asked = float("nan")
        return asked if 0.0 <= asked <= 1.0 else self._settings.weight


class Refusals:
    """What engines refused a moment ago because we changed it, though they took the client's own request.

    Where a plain query is refused, the index is to blame (a product without the popularity value, say), and is left
    alone. Where the request has something of its own that may fail for hits of the window alone (scripts, highlights, a
    depth at the engine's limit), only that request is; and the index when several different ones were refused, and none
    was taken in between. Nobody can take personalisation from the others by one odd request. Media types count as
    well: a client's odd headers may be to blame.
    """

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._in_a_row: dict[int, set[int]] = {}

    def remember(self, names: Sequence[str], request: ClientRequest, asked: bytes) -> None:
        """A changed request was refused, from now on for a minute; ``asked`` is what the client asked for."""
        until = time.monotonic() + _REFUSAL_AGE
        if len(self._until) >= _MOST_REFUSALS:
            self._until.clear()
            self._in_a_row.clear()
        index = _of_index(names, request)
        one = hash((index, asked))
        self._until[one] = until
        refused = self._in_a_row.setdefault(index, set())
        refused.add(one)
        if len(refused) >= _REFUSED_IN_A_ROW or not (_ODD.search(asked) or asked.count(b'"bool"') >= _DEEP):
            self._in_a_row.pop(index, None)
            self._until[index] = until

    def was_taken(self, names: Sequence[str], request: ClientRequest) -> None:
        """A changed request was taken."""
        if self._in_a_row:
            self._in_a_row.pop(_of_index(names, request), None)

    def has(self, names: Sequence[str], request: ClientRequest, asked: bytes) -> bool:
        """Whether a request is to be left alone."""
        if not self._until:
            return False
        now = time.monotonic()
        index = _of_index(names, request)
        return any(self._until.get(key, 0.0) > now for key in (index, hash((index, asked))))


def _of_index(names: Sequence[str], request: ClientRequest) -> int:
    return hash((tuple(names), request.header("content-type"), request.header("accept")))
