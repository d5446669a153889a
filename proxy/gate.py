"""The gate: which requests may reach the engine, decided on the raw target before anything else looks at it.

A path is read segment by segment. Words that start with ``_`` count only when they are written literally; names of
indices and documents are decoded. Paths that two servers could read differently are refused: empty segments, ``.`` and
``..`` in any spelling, an encoded slash outside a document id, control characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from .indices import covered
from .request import Query
from .settings import ProxySettings

__all__ = ["Gate", "Refused", "Route"]

_GET, _POST, _ASK, _CLOSE = ("GET", "HEAD"), ("POST",), ("GET", "POST"), ("DELETE",)
_SEARCHES = (
    "_search", "_msearch", "_count", "_search/template", "_msearch/template", "_render/template", "_field_caps",
    "_validate/query", "_mget", "_mtermvectors", "_search_shards", "_rank_eval", "_analyze", "_terms_enum",
    "_knn_search", "_async_search", "_eql/search",
)  # fmt: skip

#: Path → methods. Words must stand literally; ``{index}`` is a list of index names, ``{id}`` a document's id (which may
#: hold an encoded slash), ``{name}`` anything else.
_ALLOWED: dict[str, tuple[str, ...]] = {
    "/": _GET,
    **{f"/{{index}}/{search}": _ASK for search in _SEARCHES},
    **{f"/{search}": _ASK for search in _SEARCHES},
    "/{index}/{name}/_search": _ASK,
    "/_render/template/{name}": _ASK,
    "/_sql": _ASK,
    "/_query": _POST,
    "/{index}/_explain/{id}": _ASK,
    "/{index}/_termvectors": _ASK, "/{index}/_termvectors/{id}": _ASK,
    "/{index}/_search_mvt/{name}/{name}/{name}/{name}": _ASK,
    "/{index}": _GET,
    "/{index}/_doc/{id}": _GET,
    "/{index}/_source/{id}": _GET,
    "/_mapping": _GET, "/{index}/_mapping": _GET, "/{index}/_mapping/field/{name}": _GET,
    "/_settings": _GET, "/{index}/_settings": _GET, "/{index}/_settings/{name}": _GET,
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
#: Routes without an index in the path that show no index's documents beyond what a context was opened for.
_HARMLESS = frozenset({
    "/", "/_search/scroll", "/_search/scroll/{name}", "/_pit", "/_search/point_in_time", "/_async_search/{name}",
    "/_async_search/status/{name}", "/_cluster/health", "/_cat/health", "/_analyze", "/_render/template", *_SNIFF,
})  # fmt: skip
#: Routes whose body names indices of its own.
_NAMED_IN_BODY = ("/_msearch", "/_msearch/template", "/_mget", "/_mtermvectors", "/_sql", "/_query")
_KINDS: dict[str, Literal["search", "msearch"]] = {
    "/{index}/_search": "search",
    "/{index}/_msearch": "msearch",
    "/_msearch": "msearch",
}
#: Characters that no segment may hold.
_ODD = re.compile(r"[\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Route:
    """A request that may pass."""

    #: Index names in the path, decoded.
    names: tuple[str, ...]
    #: What is done with it: ``search`` and ``msearch`` are personalised, all ``other`` requests pass.
    kind: Literal["search", "msearch", "other"]
    #: Whether it may be sent again when a connection breaks.
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that may not."""

    reason: str


class Gate:
    """The gate under one set of settings."""

    def __init__(self, settings: ProxySettings) -> None:
        self._settings = settings
        self._readable = settings.indices + settings.readable_indices
        self._routes: dict[int, list[tuple[str, list[str], tuple[str, ...]]]] = {}
        for path, methods in (_ALLOWED | (_SNIFF if settings.allow_sniff else {})).items():
            words = path[1:].split("/") if path != "/" else []
            self._routes.setdefault(len(words), []).append((path, words, methods))

    def admit(self, method: str, target: str, *, own_credentials: bool) -> Route | Refused:
        """Decide on a method and a raw target.

        Args:
            own_credentials: the engine will see the proxy's credentials, so its roles are no wall for the client.
        """
        path = target.partition("?")[0]
        found = self._find(method, path)
        if found is None:
            if self._settings.allow_writes:
                return Route((), "other", repeatable=method in ("GET", "HEAD", "OPTIONS"))
            return Refused(f"[{method} {_shown(path)}] is not a read of the search side; see SESSIONRANK_ALLOW_WRITES")
        route, names = found
        if own_credentials and not self._is_open(route, names, target):
            return Refused(f"[{_shown(path)}] is not open with the proxy's credentials: SESSIONRANK_READABLE_INDICES")
        return Route(names, _KINDS.get(route, "other"), repeatable=True)

    def _find(self, method: str, path: str) -> tuple[str, tuple[str, ...]] | None:
        """The route of a path and the index names in it."""
        if not path.startswith("/") or path.startswith("//"):
            return None
        raw = path[1:].rstrip("/").split("/") if path != "/" else []
        segments = [(segment, unquote(segment, errors="replace")) for segment in raw]
        if not all(_is_plain(name) for _, name in segments):
            return None
        for route, words, methods in self._routes.get(len(segments), ()):
            if (method in methods or method == "OPTIONS") and all(map(_matches, words, segments)):
                names = next((name for word, (_, name) in zip(words, segments, strict=True) if word == "{index}"), "")
                return route, tuple(names.split(",")) if names else ()
        return None

    def _is_open(self, route: str, names: tuple[str, ...], target: str) -> bool:
        if "*" in self._settings.readable_indices:
            return True
        if route.endswith(_NAMED_IN_BODY):
            return False
        if route == "/_cluster/health" and "level" in Query(target.partition("?")[2]).values:
            return False  # it would name every index
        return covered(names, self._readable) if names else route in _HARMLESS


def _matches(word: str, segment: tuple[str, str]) -> bool:
    """Whether a segment (raw, decoded) fits one word of a route."""
    raw, name = segment
    if word == "{id}":
        return True
    if "/" in name:
        return False
    if word == "{index}":
        return not name.startswith("_") or raw == "_all"
    if word == "{name}":
        return name != "_all"
    return raw == word


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..") and not _ODD.search(name)


def _shown(path: str) -> str:
    return path if len(path) <= 200 else path[:200] + "…"
