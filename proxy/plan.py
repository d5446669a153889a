"""What to do with a search: one pure function from a client's request to what the engine is asked.

The result is a :class:`PassThrough` with its reason, or a :class:`Rewrite`: the changed request, the page to rank, and
what was asked for beyond the client's wish and must be taken out of the answer again. ``plan_items`` does the same for
the searches of a multi-search.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from .backends.base import BackendRequest, Headers
from .extras import Extras, ask_for_items, ask_for_shards, needed_for, tells_items
from .guards import QUERIES
from .indices import covered
from .pages import walk_key
from .popularity.registry import POPULARITY_MODES
from .querytext import query_text
from .ranking.registry import BY_RELEASE, STRATEGIES
from .request import ClientRequest, Query
from .searchbody import Fields, TooLarge, Unreadable, encode, inflated, read_fields
from .settings import ProxySettings
from .wish import NotOurs, Wish, read_wish

__all__ = [
    "DOUBTS",
    "OWN_HEADERS",
    "Change",
    "Extras",
    "Page",
    "PassThrough",
    "Planner",
    "Rewrite",
    "keep_highlights",
    "left_alone",
]

#: Request headers that the engine never sees (nor the one that names the session): our own, and those that name
#: another method, which engines ignore, but which a gateway behind us might follow past the gate.
OWN_HEADERS = frozenset({
    "x-sessionrank", "x-sessionrank-weight", "x-sessionrank-explain",
    "x-http-method-override", "x-http-method", "x-method-override",
})  # fmt: skip
#: Headers of which engines take one line, no more.
_ONCE = ("content-type", "content-encoding")
#: What reading a request may raise when it is not ours to change, or cannot be read with certainty.
DOUBTS = (NotOurs, Unreadable, msgspec.MsgspecError, UnicodeError, RecursionError)

_JSON_TYPE = re.compile(r"application/(vnd\.elasticsearch\+)?json\b", re.IGNORECASE)
_VENDOR_TYPE = re.compile(r"application/vnd\.elasticsearch\+json[^,]*", re.IGNORECASE)
_OTHER_FORMAT = re.compile(r"yaml|cbor|smile|ndjson|csv|text/plain|arrow|event-stream|mapbox", re.IGNORECASE)
#: URL parameters that make up the ``query_string`` query which ``q`` stands for, with their names in the body.
_Q_PARAMETERS = {
    "df": "default_field",
    "analyzer": "analyzer",
    "analyze_wildcard": "analyze_wildcard",
    "default_operator": "default_operator",
    "lenient": "lenient",
}
#: What engines refuse or read in ways of their own: a broken escape, another separator, a fragment, a missing name.
_ODD_URL = re.compile(r"%(?![0-9A-Fa-f]{2})|[;#]|(?:^|&)=")
_MATCH_ALL = b'{"match_all":{}}'
_HOLE = b"[\0]"


@dataclass(frozen=True, slots=True)
class PassThrough:
    """The client's own request goes to the engine as it is."""

    reason: str


def left_alone(error: Exception) -> PassThrough:
    """What becomes of a request of which reading raised one of ``DOUBTS``."""
    if isinstance(error, NotOurs):
        return PassThrough(error.reason)
    return PassThrough("too-large" if isinstance(error, TooLarge) else "unreadable")


@dataclass(frozen=True, slots=True)
class Page:
    """The client's page, to be cut from a ranked window."""

    start: int
    size: int
    window: int
    #: Names the walk over pages that it belongs to; empty where every page ranks afresh.
    walk: str = ""
    #: What was searched for, where that is one text.
    text: str = ""

    @property
    def asked(self) -> int:
        """How many hits the engine is asked for, from the first on."""
        return max(self.window, self.start + self.size)


@dataclass(frozen=True, slots=True)
class Change:
    """A search as the engine is to be asked."""

    url: Query
    body: Fields
    #: None when the answer's order stays the engine's, for the reason given.
    page: Page | None
    reason: str
    extras: Extras


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The engine is asked something else than the client asked."""

    request: BackendRequest
    change: Change

    @property
    def page(self) -> Page | None:
        return self.change.page

    @property
    def reason(self) -> str:
        return self.change.reason

    @property
    def extras(self) -> Extras:
        return self.change.extras


class Planner:
    """Plans searches under one set of settings; all that does not depend on the request is made once."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        named = None if settings.strategy == BY_RELEASE else STRATEGIES[settings.strategy]
        # What a release brings a model or a choice for may order; whether it does shows when its hits are there.
        self._ranks = named is None or named.needs_model or bool(named().needs)
        mode = POPULARITY_MODES[settings.popularity]()
        wrapped = mode.wrap(msgspec.Raw(_HOLE), field=settings.popularity_field, weight=settings.popularity_weight)
        self._head, _, self._tail = encode(wrapped).partition(_HOLE)
        self._own = OWN_HEADERS | {settings.session_header.lower()}
        #: Whether a query is changed for those without a session as well.
        self.wraps = bool(self._head)

    def plan(
        self,
        request: ClientRequest,
        names: Sequence[str],
        session: str | None,
        why_not: str = "no-session",
        *,
        leave: str = "",
    ) -> PassThrough | Rewrite:
        """Decide about a search on the indices ``names``.

        Args:
            session: the keyed digest of the session, or None with ``why_not`` as the reason.
            leave: why the order is to stay the engine's, though there is a session.
        """
        if reason := self.leaves_alone(request, names):
            return PassThrough(reason)
        session, why_not = self.ranked_for(session, why_not)
        if session is None and not self.wraps:
            return PassThrough(why_not)
        try:
            path, url = self.target_of(request)
            wish = read_wish(url, read_fields(self._body(request, url)))
            weight = request.header("x-sessionrank-weight") or ""
            change = self.change(wish, names, session, why_not, weight, leave=leave)
        except DOUBTS as error:
            return left_alone(error)
        return Rewrite(self.request(request, path, change.url, encode(change.body)), change)

    def asking(self, request: ClientRequest, change: Change) -> BackendRequest:
        """The request that asks the engine for another change of the same search."""
        return self.request(request, request.target.partition("?")[0], change.url, encode(change.body))

    def leaves_alone(self, request: ClientRequest, names: Sequence[str]) -> str:
        """Why a search passes untouched whoever asks, or nothing; told before the session is looked at."""
        if self.is_off(request):
            return "off"
        return "" if self.manages(names) else "not-managed"

    def is_off(self, request: ClientRequest) -> bool:
        """Whether the client asks for the engine's own answer."""
        return (request.header("x-sessionrank") or "").strip().lower() == "off"

    def manages(self, names: Sequence[str]) -> bool:
        """Whether a search on these indices is ours to change."""
        return covered(names, self._settings.indices)

    def own(self, request: ClientRequest) -> BackendRequest:
        """The client's request as it goes to the engine untouched: only our own headers are left out."""
        headers = [(k, v) for k, v in request.headers if k.lower() not in self._own]
        return BackendRequest(request.method, request.target, headers, request.body)

    def needed_of(self, url: Query) -> tuple[str, ...]:
        """The parts of an answer that must be seen; fewer where ``filter_path`` hides the hits anyway."""
        return needed_for(self._settings.item_id if tells_items(url, self._settings.item_id) else None)

    def ranked_for(self, session: str | None, why_not: str) -> tuple[str | None, str]:
        """The session to rank for: none where the strategy never changes the order."""
        return (session, why_not) if self._ranks or session is None else (None, "strategy-none")

    def target_of(self, request: ClientRequest) -> tuple[str, Query]:
        """Path and parameters of a search that we may change.

        Raises:
            NotOurs: another method, another format, or a URL that cannot be read with certainty.
        """
        if request.method not in ("GET", "POST"):
            raise NotOurs("endpoint")
        path, _, text = request.target.partition("?")
        if _ODD_URL.search(text) or any(request.count(name) > 1 for name in _ONCE):
            raise NotOurs("unreadable")
        url = Query(text)
        accept = request.header("accept") or ""
        other = _OTHER_FORMAT.search(accept) and not _JSON_TYPE.match(accept)
        if other or url.values.get("format", "json") != "json":
            raise NotOurs("format")
        return path, url

    def _body(self, request: ClientRequest, url: Query) -> bytes:
        if not request.body:
            if "source" in url.values and not _JSON_TYPE.match(url.values.get("source_content_type", "")):
                raise NotOurs("format")
            return url.values.get("source", "").encode()
        if "source" in url.values:
            raise NotOurs("unreadable")
        if not _JSON_TYPE.match(request.header("content-type") or ""):
            raise NotOurs("format")
        return inflated(request, self._settings.max_body_bytes)

    def change(
        self, wish: Wish, names: Sequence[str], session: str | None, why_not: str, weight: str, *, leave: str = ""
    ) -> Change:
        """A search as the engine is to be asked.

        Args:
            weight: what the request says of the session's weight.
        """
        settings, url, body = self._settings, wish.url, dict(wish.body)
        query = _query_of(url, body)
        if self._head:
            body["query"] = msgspec.Raw(self._head + query + self._tail)
            keep_highlights(body, query)
        elif "q" in url.values:
            body["query"] = msgspec.Raw(query)
        url = url.without("source", "source_content_type", *(("q", *_Q_PARAMETERS) if "q" in url.values else ()))
        if session and "preference" not in url.values:
            url = url.plus("preference", session[:16])
        reason = why_not if session is None else leave or ("beyond-window" if wish.start >= settings.window else "")
        if not reason and not tells_items(url, settings.item_id):
            reason = "no-hits-asked"
        if reason:
            url, extras = ask_for_shards(url)
            return Change(url, body, None, reason, extras)
        walk = walk_key(names, url.values, body, query, weight) if settings.pages == "freeze" else ""
        page = Page(wish.start, wish.size, settings.window, walk, query_text(query))
        body["from"] = msgspec.Raw(b"0")
        body["size"] = msgspec.Raw(b"%d" % page.asked)
        try:
            url, extras = ask_for_items(url.without("from", "size"), body, settings.item_id)
        except ValueError as error:
            raise NotOurs("unreadable") from error
        return Change(url, body, page, "", extras)

    def request(self, request: ClientRequest, path: str, url: Query, body: bytes) -> BackendRequest:
        """The changed request: identity encoding, and a content type that goes with the client's ``Accept``."""
        dropped = self._own | {"accept-encoding", "content-type", "content-encoding"}
        headers: Headers = [(k, v) for k, v in request.headers if k.lower() not in dropped]
        content_type = request.header("content-type") if request.body else None
        if content_type is None:
            # Elasticsearch wants a vendor's type in both or in neither; in a list it does not see it.
            accept = request.header("accept") or ""
            content_type = accept if _VENDOR_TYPE.fullmatch(accept.strip()) else None
        headers.append(("Content-Type", content_type or "application/json"))
        headers.append(("Accept-Encoding", "identity"))
        text = str(url)
        return BackendRequest(request.method, f"{path}?{text}" if text else path, headers, body)


def _query_of(url: Query, body: Fields) -> bytes:
    """The query as JSON text: of ``q`` and its parameters, of the body, or all documents."""
    if "q" not in url.values:
        query = bytes(body.get("query", _MATCH_ALL))
        if not query.startswith(b"{"):
            raise NotOurs("unreadable")
        return query
    if "query" in body and read_fields(body["query"]).keys().isdisjoint(QUERIES):
        # The one in the URL wins, but the engine reads both, and refuses what is wrong in either.
        raise NotOurs("unreadable")
    asked = {"query": url.values["q"]}
    asked |= {name: url.values[parameter] for parameter, name in _Q_PARAMETERS.items() if parameter in url.values}
    return encode({"query_string": asked})


def keep_highlights(body: Fields, query: bytes) -> None:
    """Highlight by ``query``, the client's own: a wrapped one makes ``fvh`` return nothing."""
    if "highlight" not in body:
        return
    highlight = read_fields(body["highlight"])
    if "highlight_query" not in highlight:
        highlight["highlight_query"] = msgspec.Raw(query)
        body["highlight"] = msgspec.Raw(encode(highlight))
