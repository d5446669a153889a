"""What to do with a search: one pure function from a client's request to what the engine is asked.

The result is a :class:`PassThrough` with its reason, or a :class:`Rewrite`: the changed request, the page to rank, and
what was asked for beyond the client's wish and must be taken out of the answer again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from .backends.base import BackendRequest, Headers
from .extras import Extras, ask_for_items, ask_for_shards, tells_items
from .indices import covered
from .popularity.registry import POPULARITY_MODES
from .ranking.registry import STRATEGIES
from .request import ClientRequest, Query
from .searchbody import Fields, Unreadable, encode, inflated, read_fields
from .settings import ProxySettings

__all__ = ["OWN_HEADERS", "Extras", "Page", "PassThrough", "Planner", "Rewrite"]

#: Our own request headers; the engine never sees them (nor the one that names the session).
OWN_HEADERS = frozenset({"x-sessionrank", "x-sessionrank-weight", "x-sessionrank-explain"})

_URL_REASONS = {"scroll": "walk", "search_pipeline": "ranked-elsewhere"}
_BODY_REASONS = {
    "search_after": "walk",
    "pit": "walk",
    "slice": "walk",
    "scroll": "walk",
    "retriever": "ranked-elsewhere",
    "knn": "ranked-elsewhere",
    "rank": "ranked-elsewhere",
    "rescore": "ranked-elsewhere",
    "sub_searches": "ranked-elsewhere",
    "search_pipeline": "ranked-elsewhere",
    "min_score": "min-score",
}
_PAID = re.compile(rb'"(?:pinned|rule|rule_query)"\s*:\s*\{')
_RANKED = re.compile(rb'"(?:knn|hybrid|neural|neural_sparse|semantic|sparse_vector|text_expansion)"\s*:\s*\{')
_JSON_TYPE = re.compile(r"application/(vnd\.elasticsearch\+)?json\b", re.IGNORECASE)
_OTHER_FORMAT = re.compile(r"yaml|cbor|smile|ndjson|csv|text/plain|arrow|event-stream|mapbox", re.IGNORECASE)
#: URL parameters that make up the ``query_string`` query which ``q`` stands for, with their names in the body.
_Q_PARAMETERS = {
    "df": "default_field",
    "analyzer": "analyzer",
    "analyze_wildcard": "analyze_wildcard",
    "default_operator": "default_operator",
    "lenient": "lenient",
}
#: What engines refuse or read in ways of their own: a broken escape, another separator, a fragment.
_ODD_URL = re.compile(r"%(?![0-9A-Fa-f]{2})|[;#]")
_FALSE = {b"false", b'"false"', b"null"}
_MATCH_ALL = b'{"match_all":{}}'
_HOLE = b"[\0]"


@dataclass(frozen=True, slots=True)
class PassThrough:
    """The client's own request goes to the engine as it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """The client's page, to be cut from a ranked window."""

    start: int
    size: int
    window: int


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The engine is asked something else than the client asked."""

    request: BackendRequest
    #: None when the answer's order stays the engine's, for the reason given.
    page: Page | None
    reason: str
    extras: Extras


class _Plain(Exception):
    """Leaves the reading of a request that is not to be changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Search:
    """A search as read from URL and body together."""

    path: str
    url: Query
    body: Fields
    start: int
    size: int


class Planner:
    """Plans searches under one set of settings; all that does not depend on the request is made once."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._ranks = bool(STRATEGIES[settings.strategy]().needs)
        mode = POPULARITY_MODES[settings.popularity]()
        wrapped = mode.wrap(msgspec.Raw(_HOLE), field=settings.popularity_field, weight=settings.popularity_weight)
        self._head, _, self._tail = encode(wrapped).partition(_HOLE)
        self._own = OWN_HEADERS | {settings.session_header.lower()}

    def plan(
        self, request: ClientRequest, names: Sequence[str], session: str | None, why_not: str = "no-session"
    ) -> PassThrough | Rewrite:
        """Decide about a search on the indices ``names``.

        Args:
            session: the keyed digest of the session, or None with ``why_not`` as the reason.
        """
        if reason := self.leaves_alone(request, names):
            return PassThrough(reason)
        if session and not self._ranks:
            session, why_not = None, "strategy-none"
        if session is None and not self._head:
            return PassThrough(why_not)
        try:
            search = self._read(request)
            return self._rewrite(request, search, session, why_not)
        except _Plain as plain:
            return PassThrough(plain.reason)
        except (Unreadable, msgspec.MsgspecError, UnicodeError, RecursionError):
            return PassThrough("unreadable")

    def leaves_alone(self, request: ClientRequest, names: Sequence[str]) -> str:
        """Why a search passes untouched whoever asks, or nothing; told before the session is looked at."""
        if (request.header("x-sessionrank") or "").strip().lower() == "off":
            return "off"
        return "" if covered(names, self._settings.indices) else "not-managed"

    def own(self, request: ClientRequest) -> BackendRequest:
        """The client's request as it goes to the engine untouched: only our own headers are left out."""
        headers = [(k, v) for k, v in request.headers if k.lower() not in self._own]
        return BackendRequest(request.method, request.target, headers, request.body)

    def _read(self, request: ClientRequest) -> _Search:
        if request.method not in ("GET", "POST"):
            raise _Plain("endpoint")
        path, _, text = request.target.partition("?")
        if _ODD_URL.search(text):
            raise _Plain("unreadable")
        url = Query(text)
        if _OTHER_FORMAT.search(request.header("accept") or "") or url.values.get("format", "json") != "json":
            raise _Plain("format")
        body = read_fields(self._body(request, url))
        _refuse_what_is_not_ours(url, body)
        start, size = _number("from", url, body, 0), _number("size", url, body, 10)
        if size == 0:
            raise _Plain("no-hits-asked")
        return _Search(path, url, body, start, size)

    def _body(self, request: ClientRequest, url: Query) -> bytes:
        if not request.body:
            if "source" in url.values and not _JSON_TYPE.match(url.values.get("source_content_type", "")):
                raise _Plain("format")
            return url.values.get("source", "").encode()
        if "source" in url.values:
            raise _Plain("unreadable")
        if not _JSON_TYPE.match(request.header("content-type") or ""):
            raise _Plain("format")
        return inflated(request, self._settings.max_body_bytes)

    def _rewrite(self, request: ClientRequest, search: _Search, session: str | None, why_not: str) -> Rewrite:
        settings, url, body = self._settings, search.url, dict(search.body)
        query = _query_of(url, body)
        if self._head:
            body["query"] = msgspec.Raw(self._head + query + self._tail)
            _keep_highlights(body, query)
        else:
            body["query"] = msgspec.Raw(query)
        url = url.without("source", "source_content_type", *(("q", *_Q_PARAMETERS) if "q" in url.values else ()))
        if session and "preference" not in url.values:
            url = url.plus("preference", session[:16])
        reason = why_not if session is None else "beyond-window" if search.start >= settings.window else ""
        if not reason and not tells_items(url, settings.item_id):
            reason = "no-hits-asked"
        if reason:
            url, extras = ask_for_shards(url)
            return Rewrite(self._request(request, search.path, url, body), None, reason, extras)
        page = Page(search.start, search.size, settings.window)
        body["from"] = msgspec.Raw(b"0")
        body["size"] = msgspec.Raw(b"%d" % max(settings.window, search.start + search.size))
        try:
            url, extras = ask_for_items(url.without("from", "size"), body, settings.item_id)
        except ValueError as error:
            raise _Plain("unreadable") from error
        return Rewrite(self._request(request, search.path, url, body), page, "", extras)

    def _request(self, request: ClientRequest, path: str, url: Query, body: Fields) -> BackendRequest:
        """The changed request: identity encoding, and a content type that goes with the client's ``Accept``."""
        dropped = self._own | {"accept-encoding", "content-type", "content-encoding"}
        headers: Headers = [(k, v) for k, v in request.headers if k.lower() not in dropped]
        content_type = request.header("content-type") if request.body else None
        if content_type is None:
            accept = request.header("accept") or ""
            content_type = accept if accept.lower().startswith("application/vnd.elasticsearch+json") else None
        headers.append(("Content-Type", content_type or "application/json"))
        headers.append(("Accept-Encoding", "identity"))
        text = str(url)
        return BackendRequest(request.method, f"{path}?{text}" if text else path, headers, encode(body))


def _refuse_what_is_not_ours(url: Query, body: Fields) -> None:
    for name, reason in _URL_REASONS.items():
        if name in url.values:
            raise _Plain(reason)
    for name, reason in _BODY_REASONS.items():
        if name in body:
            raise _Plain(reason)
    if bytes(body.get("profile", msgspec.Raw(b"false"))) not in _FALSE:
        raise _Plain("profile")
    if not _by_score_alone(url, body):
        raise _Plain("sort")
    if "suggest" in body and "query" not in body and "q" not in url.values:
        raise _Plain("no-hits-asked")
    query = bytes(body.get("query", msgspec.Raw(b"")))
    if _PAID.search(query):
        raise _Plain("paid-places")
    if _RANKED.search(query):
        raise _Plain("ranked-elsewhere")


def _by_score_alone(url: Query, body: Fields) -> bool:
    """Whether the order is by descending score: no sort, or ``_score`` alone, which engines treat as no sort."""
    if "sort" in url.values:
        return url.values["sort"] in ("_score", "_score:desc")
    if "sort" not in body:
        return True
    sort = msgspec.json.decode(body["sort"])
    if isinstance(sort, list):
        if len(sort) != 1:
            return not sort
        sort = sort[0]
    if isinstance(sort, dict):
        return sort in ({"_score": "desc"}, {"_score": {"order": "desc"}}, {"_score": {}})
    return bool(sort == "_score")


def _number(name: str, url: Query, body: Fields, default: int) -> int:
    """A page number as URL over body gives it; what is no plain number is the engine's to refuse."""
    text = url.values.get(name)
    if text is None:
        text = bytes(body[name]).decode().strip('"') if name in body else str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise _Plain("unreadable")
    return int(text)


def _query_of(url: Query, body: Fields) -> bytes:
    """The query as JSON text: of ``q`` and its parameters, of the body, or all documents."""
    if "q" not in url.values:
        return bytes(body.get("query", _MATCH_ALL))
    query = {"query": url.values["q"]}
    query |= {name: url.values[parameter] for parameter, name in _Q_PARAMETERS.items() if parameter in url.values}
    return encode({"query_string": query})


def _keep_highlights(body: Fields, query: bytes) -> None:
    """Highlight by the client's query: the wrapped one makes ``fvh`` return nothing."""
    if "highlight" not in body:
        return
    highlight = read_fields(body["highlight"])
    if "highlight_query" not in highlight:
        highlight["highlight_query"] = msgspec.Raw(query)
        body["highlight"] = msgspec.Raw(encode(highlight))
