"""The gate: which requests may reach the engine, decided on the raw target before anything else looks at it.

A path is read segment by segment. Words that start with ``_`` count only when they are written literally, as the
engines have it; names of indices and documents are decoded. Paths that two servers could read differently are refused:
empty segments, ``.`` and ``..`` in any spelling, an encoded slash outside a document id, control characters, fragments.

Engines with document types (Elasticsearch 7, OpenSearch 1) take ``POST /{index}/{type}`` for a write, and so every
endpoint that they do not know; and engines without them take ``POST /{index}/_doc/_search`` for one. Such requests are
asked in a way that only a search can be asked (:attr:`Route.instead`), or refused.

Where the path does not tell all, :meth:`Gate.look_inside` decides once the body is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

from .guards import Guards
from .indices import covered
from .inside import Members, contents, inner_names, parameters
from .request import ClientRequest
from .searchbody import Unreadable
from .settings import ProxySettings

__all__ = ["Gate", "Refused", "Route"]

_GET, _POST, _ASK, _CLOSE = ("GET", "HEAD"), ("POST",), ("GET", "HEAD", "POST"), ("DELETE",)
_SEARCHES = (
    "_search", "_msearch", "_count", "_search/template", "_msearch/template", "_field_caps", "_validate/query", "_mget",
    "_mtermvectors", "_search_shards", "_rank_eval", "_analyze", "_terms_enum", "_knn_search", "_async_search",
    "_eql/search",
)  # fmt: skip
_TYPED = ("_search", "_msearch", "_count", "_search/template", "_msearch/template", "_validate/query", "_mget",
          "_mtermvectors", "_termvectors")  # fmt: skip

#: Path → methods. Words must stand literally; ``{index}`` is a list of index names, ``{type}`` a document type of old,
#: ``{id}`` a document's id (which may hold an encoded slash), ``{name}`` anything else.
_ALLOWED: dict[str, tuple[str, ...]] = {
    "/": _GET,
    **{f"/{search}": _ASK for search in _SEARCHES},
    **{f"/{{index}}/{search}": _ASK for search in _SEARCHES},
    **{f"/{{index}}/{{type}}/{search}": _ASK for search in _TYPED},
    "/_render/template": _ASK, "/_render/template/{name}": _ASK,
    "/_sql": _ASK,
    "/_query": _POST,
    "/{index}/_explain/{id}": _ASK,
    "/{index}/_termvectors": _ASK, "/{index}/_termvectors/{id}": _ASK,
    "/{index}/_mvt/{name}/{name}/{name}/{name}": _ASK,
    "/{index}": _GET,
    "/{index}/_doc/{id}": _GET,
    "/{index}/_source/{id}": _GET,
    "/_mapping": _GET, "/_mapping/field/{name}": _GET,
    "/{index}/_mapping": _GET, "/{index}/_mapping/field/{name}": _GET,
    "/_settings": _GET, "/_settings/{name}": _GET, "/{index}/_settings": _GET, "/{index}/_settings/{name}": _GET,
    "/_alias": _GET, "/_alias/{name}": _GET, "/{index}/_alias": _GET, "/{index}/_alias/{name}": _GET,
    "/_resolve/index/{index}": _GET,
    "/_search/scroll": (*_ASK, *_CLOSE), "/_search/scroll/{name}": (*_ASK, *_CLOSE),
    "/{index}/_pit": _POST, "/_pit": _CLOSE,
    "/{index}/_search/point_in_time": _POST, "/_search/point_in_time": _CLOSE,
    "/_async_search/{name}": (*_GET, *_CLOSE), "/_async_search/status/{name}": _GET,
    "/_eql/search/{name}": (*_GET, *_CLOSE), "/_eql/search/status/{name}": _GET,
    "/_cluster/health": _GET, "/_cluster/health/{index}": _GET,
    "/_cat/indices": _GET, "/_cat/indices/{index}": _GET,
    "/_cat/count": _GET, "/_cat/count/{index}": _GET,
    "/_cat/aliases": _GET, "/_cat/aliases/{name}": _GET,
    "/_cat/health": _GET,
}  # fmt: skip
_SNIFF = dict.fromkeys(("/_nodes", "/_nodes/http", "/_nodes/_all/http", "/_nodes/{name}/http"), _GET)
#: Endpoints below an index that some engine with types does not know; it would make an index of that name. A parameter
#: that only searches take, with its default, or GET instead of POST tells it that this is no document.
_LATE_BY_PARAMETER = frozenset(
    f"/{{index}}/{word}" for word in ("_pit", "_search/point_in_time", "_async_search", "_eql/search")
)
_LATE_BY_GET = frozenset({"/{index}/_terms_enum", "/{index}/_knn_search"})
_HARMLESS_PARAMETER = "ignore_unavailable"
#: What engines with types know below ``/{index}/{type}/`` and ``/{index}/{type}/{id}/``: a document of such a name can
#: be asked for with its underscore encoded.
_BELOW_TYPES = frozenset({
    "_bulk", "_count", "_create", "_delete_by_query", "_explain", "_mapping", "_mappings", "_mget", "_msearch",
    "_mtermvectors", "_percolate", "_search", "_source", "_termvector", "_termvectors", "_update", "_update_by_query",
})  # fmt: skip
#: Routes without an index in the path that show no index's documents beyond what a context was opened for.
_HARMLESS = frozenset({
    "/", "/_search/scroll", "/_search/scroll/{name}", "/_pit", "/_search/point_in_time", "/_async_search/{name}",
    "/_async_search/status/{name}", "/_eql/search/{name}", "/_eql/search/status/{name}", "/_cluster/health",
    "/_cat/health", "/_analyze", "/_render/template", *_SNIFF,
})  # fmt: skip
#: A search without an index in its path: of all, or of the point in time in its body, which was opened by names.
_BARE = "/_search"
#: Routes whose body says which indices are read: what it names is looked at, or cannot be.
_NAMED_INSIDE = ("/_msearch", "/_msearch/template", "/_mget", "/_mtermvectors")
_NAMED_SOMEHOW = ("/_sql", "/_query")
#: Routes that let go of contexts: their own, never everybody's.
_LETS_GO = ("/_search/scroll", "/_search/point_in_time")
_KINDS: dict[str, Literal["search", "msearch"]] = {
    "/{index}/_search": "search",
    "/{index}/_msearch": "msearch",
    "/_msearch": "msearch",
}
#: What no segment may hold, decoded as often as it can be; and UTF-8 that hides ASCII in two bytes.
_ODD = re.compile(r"[\\\x00-\x1f\x7f]|(?:^|/)\.\.?(?:/|$)")
#: The one form of an index name that holds a slash: ``<logs-{now/d{yyyy.MM.dd|+02:00}}>``.
_DATE_MATH = re.compile(
    r"<[^<>/]*\{(?:now|[0-9T:.-]+\|\|)(?:[+-][0-9]+[a-zA-Z]|/[a-zA-Z])*(?:\{[^{}<>/]*\})?\}[^<>/]*>"
)
_OVERLONG = re.compile(r"%c[01]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """A request that may pass."""

    #: Index names in the path, decoded.
    names: tuple[str, ...]
    #: What is done with it: ``search`` and ``msearch`` are personalised, all ``other`` requests pass.
    kind: Literal["search", "msearch", "other"]
    #: Whether it may be sent again when a connection breaks.
    repeatable: bool
    #: The route as the allow-list has it; empty where it has none.
    path: str = ""
    #: The engine will see the proxy's credentials.
    own_credentials: bool = False
    #: Whether it passes only when :meth:`Gate.look_inside` finds nothing.
    unseen: bool = False
    #: Method and target that the engine must be asked with.
    instead: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that may not."""

    reason: str
    #: Whose word it is: of the ``gate``, or of a ``guard``.
    by: Literal["gate", "guard"] = "gate"


class Gate:
    """The gate under one set of settings."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._readable = settings.indices + settings.readable_indices
        self._guards = Guards(settings)
        self._routes: dict[int, list[tuple[str, list[str], tuple[str, ...]]]] = {}
        for path, methods in (_ALLOWED | (_SNIFF if settings.allow_sniff else {})).items():
            words = path[1:].split("/") if path != "/" else []
            self._routes.setdefault(len(words), []).append((path, words, methods))
        self._remembered = lru_cache(maxsize=1024)(self._find)

    def admit(self, method: str, target: str, *, own_credentials: bool) -> Route | Refused:
        """Decide on a method and a raw target.

        Args:
            own_credentials: the engine will see the proxy's credentials, so its roles are no wall for the client.
        """
        path = target.partition("?")[0]
        # Most requests are for a few paths; long ones would cost memory.
        find = self._remembered if len(path) < 256 else self._find
        found = None if "#" in target or _overrides(target) else find(method, path)
        if self._settings.allow_writes and (found is None or found[2]):
            return Route((), "other", repeatable=method in ("GET", "HEAD", "OPTIONS"))
        if found is None:
            return Refused(f"[{method} {_shown(path)}] is not a read of the search side; see SESSIONRANK_ALLOW_WRITES")
        route, names, doubtful = found
        if own_credentials and not self._is_open(route, names, target):
            return Refused(f"[{_shown(path)}] is not open with the proxy's credentials: SESSIONRANK_READABLE_INDICES")
        return Route(
            names,
            _KINDS.get(route, "other"),
            repeatable=True,
            path=route,
            own_credentials=own_credentials,
            unseen=self._is_unseen(method, route, own_credentials),
            instead=_surely_a_search(route, target) if doubtful else None,
        )

    def look_inside(self, request: ClientRequest, route: Route) -> Refused | None:
        """Decide on a request that was admitted ``unseen``, now that its body is there."""
        limit = self._settings.max_body_bytes
        if self._guards.are_on and (refusal := self._guards.refuse(request, route.path, limit)):
            return Refused(refusal, "guard")
        try:
            if request.method == "DELETE" and route.path.startswith(_LETS_GO) and _says_all(request, limit):
                return Refused("contexts are let go one by one, not all at once")
            if self._is_closed_inside(request, route, limit):
                return Refused("an index that it names is not open with the proxy's credentials: "
                               "SESSIONRANK_READABLE_INDICES")  # fmt: skip
        except Unreadable as error:
            return Refused(f"what it asks for cannot be read with certainty: {error}")
        return None

    def _find(self, method: str, path: str) -> tuple[str, tuple[str, ...], bool] | None:
        """The route of a path, the index names in it, and whether some engine could take it for a write."""
        if not path.startswith("/") or _OVERLONG.search(path):
            return None
        raw = path[1:].removesuffix("/").split("/") if path != "/" else []
        segments = [(segment, unquote(segment, errors="replace")) for segment in raw]
        if not all(_is_plain(name) for _, name in segments):
            return None
        for route, words, methods in self._routes.get(len(segments), ()):
            if (method in methods or method == "OPTIONS") and all(map(_matches, words, segments)):
                names = next((name for word, (_, name) in zip(words, segments, strict=True) if word == "{index}"), "")
                doubtful = method == "POST" and (
                    route in _LATE_BY_PARAMETER or route in _LATE_BY_GET or ("{type}" in words and raw[1] == "_doc")
                )
                return route, tuple(names.split(",")) if names else (), doubtful
        return None

    def _is_unseen(self, method: str, route: str, own_credentials: bool) -> bool:
        if self._guards.are_on:
            return True
        if method == "DELETE" and route.startswith(_LETS_GO):
            return not self._settings.allow_writes
        if not own_credentials or "*" in self._settings.readable_indices:
            return False
        return route == _BARE or route.endswith(_NAMED_INSIDE)

    def _is_open(self, route: str, names: tuple[str, ...], target: str) -> bool:
        if "*" in self._settings.readable_indices:
            return True
        if names:
            return not route.endswith(_NAMED_SOMEHOW) and covered(names, self._readable)
        try:
            given = {name for name, _ in parameters(target)}
        except Unreadable:
            return False
        # Without an index in the path, engines take one from the query; and by `level`, health would name every index.
        if "index" in given or (route == "/_cluster/health" and "level" in given):
            return False
        return route == _BARE or route in _HARMLESS or route in _NAMED_INSIDE

    def _is_closed_inside(self, request: ClientRequest, route: Route, limit: int) -> bool:
        if not route.own_credentials or "*" in self._settings.readable_indices:
            return False
        if route.path == _BARE:
            return not _has_pit(request, limit)
        if not route.path.endswith(_NAMED_INSIDE):
            return False
        return not covered(inner_names(request, route.path, route.names, limit), self._readable)


def _matches(word: str, segment: tuple[str, str]) -> bool:
    """Whether a segment (raw, decoded) fits one word of a route."""
    raw, name = segment
    if word[0] != "{":
        return raw == word
    if raw in _BELOW_TYPES:
        return False
    if word == "{id}":
        return True
    if word == "{index}":
        name = _DATE_MATH.sub("<>", name)
    if "/" in name or ";" in raw:
        return False
    if word == "{index}":
        return not name.startswith("_") or raw == "_all"
    if word == "{type}":
        return not name.startswith("_") or raw == "_doc"
    return "_all" not in name.split(",")


def _is_plain(name: str) -> bool:
    """Whether a decoded segment is no path of its own, not even for who decodes it once more."""
    if name == "":
        return False
    for _ in range(3):
        if _ODD.search(name):
            return False
        if "%" not in name:
            break
        name = unquote(name, errors="replace")
    return True


def _overrides(target: str) -> bool:
    """Whether a parameter asks whoever listens to take another method: engines do not, but others might."""
    query = target.partition("?")[2]
    if "%" not in query and "method" not in query.lower():
        return False
    pieces = re.split("[&;]", query)
    return any(unquote(piece.lstrip("=").partition("=")[0]).strip().lower() == "_method" for piece in pieces)


def _surely_a_search(route: str, target: str) -> tuple[str, str]:
    """Method and target that make it a search for every engine, or an error; none takes it for a document."""
    if route not in _LATE_BY_PARAMETER:
        return "GET", target
    try:
        given = {name for name, _ in parameters(target)}
    except Unreadable:
        given = set()
    if _HARMLESS_PARAMETER in given:
        return "POST", target
    return "POST", f"{target}{'&' if '?' in target else '?'}{_HARMLESS_PARAMETER}=false"


def _says_all(request: ClientRequest, limit: int) -> bool:
    """Whether ``_all`` stands anywhere: in the query, or in the body."""
    texts = [value for _, value in parameters(request.target)]
    texts += [text for content in contents(request, limit) for text in _strings(content)]
    return any("_all" in map(str.strip, text.split(",")) for text in texts)


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)


def _has_pit(request: ClientRequest, limit: int) -> bool:
    for content in contents(request, limit):
        pits = [value for name, value in content if name == "pit"] if isinstance(content, Members) else []
        return len(pits) == 1 and isinstance(pits[0], Members) and any(n == "id" and v for n, v in pits[0])
    return False


def _shown(path: str) -> str:
    return path if len(path) <= 200 else path[:200] + "…"
