"""What a request holds inside, read with certainty or not at all: URL parameters, and JSON in the body or the URL.

Engines split a query at ``;`` as well, and begin a name behind a leading ``=``; their JSON parser takes comments and
other encodings, and refuses repeated names only mostly. What two readers could see differently is ``Unreadable`` here,
and repeated names are all kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote_plus

from .request import ClientRequest
from .searchbody import Unreadable, inflated

__all__ = ["Members", "contents", "inner_names", "parameters"]

_JSON = re.compile(
    r"application/(?:json|x-ndjson|vnd\.elasticsearch\+(?:json|x-ndjson))(?:\s*;\s*[a-z-]+\s*=\s*[\w\"-]+)*\s*",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(r"[;#]|(?:^|&)=|%(?![0-9A-Fa-f]{2})")
#: Endpoints whose body is a value a line.
_LINES = ("/_msearch", "/_msearch/template")
#: Names by which the header of an item, or a document, says its index.
_NAMING = frozenset({"index", "indices", "index_or_alias", "_index"})


class Members(list[tuple[str, Any]]):
    """A JSON object: its members in order, repeated names included. Arrays are plain lists."""

    __slots__ = ()


def parameters(target: str) -> list[tuple[str, str]]:
    """The parameters in a target's query, in order, decoded. Raises ``Unreadable``."""
    query = target.partition("?")[2]
    if _DOUBTFUL.search(query):
        raise Unreadable("its URL can be split in two ways")
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def contents(request: ClientRequest, limit: int, path: str = "") -> list[Any]:
    """The JSON values in a request's body, or in ``source`` of its URL; objects are :class:`Members`.

    One value, or none where there is no content; where the route ``path`` has lines one for each, an empty object for
    an empty one.

    Raises:
        Unreadable: another format, a broken or deeply nested text, content twice, more than ``limit`` bytes.
    """
    given = parameters(request.target)
    sources = [value for name, value in given if name == "source"]
    if request.body:
        types = [value for name, value in request.headers if name.lower() == "content-type"]
        body = inflated(request, limit)
    else:
        types = [value for name, value in given if name == "source_content_type"]
        body = "".join(sources).encode(errors="surrogatepass")
    if not body and not sources:
        return []
    encodings = sum(name.lower() == "content-encoding" for name, _ in request.headers)
    if len(types) != 1 or not _JSON.fullmatch(types[0]) or encodings > 1:
        raise Unreadable("its content is not said to be JSON")
    if len(sources) > (0 if request.body else 1):
        raise Unreadable("its content stands there twice")
    if path.endswith(_LINES):
        return [_decoded(line) if line.strip() else Members() for line in body.removesuffix(b"\n").split(b"\n")]
    return [_decoded(body)]


def inner_names(request: ClientRequest, path: str, names: Sequence[str], limit: int) -> list[str]:
    """The indices that the items of a multi-search, or the documents of a multi-get, read.

    In a multi-search every line counts as if it were a header, so that no two readers can disagree about which are.
    ``names`` (of the URL) count where there are any; without, an item that names nothing reads all: ``""``, which
    nothing covers.

    Raises:
        Unreadable: as for :func:`contents`, or an index that is neither text nor a list of texts.
    """
    has_lines = path.endswith(_LINES)
    values = contents(request, limit, path)
    items = [_naming(value) for value in values] if has_lines else list(_documents(values))
    found = [*names, *(name for item in items for value in item for name in _texts(value))]
    if names:
        return found
    headers = items[::2] if has_lines else items
    return found if headers and all(headers) else [""]


def _naming(value: Any) -> list[Any]:
    return [inner for name, inner in value if name in _NAMING] if isinstance(value, Members) else []


def _documents(values: list[Any]) -> Iterator[list[Any]]:
    """For each document asked for, and for what holds for all of them, what names its index."""
    for value in values:
        if not isinstance(value, Members):
            raise Unreadable("not an object")
        for name, inner in value:
            if name == "docs" and type(inner) is list:
                yield from map(_naming, inner)
            elif name in ("docs", "ids"):
                yield []
            elif naming := _naming(inner):
                yield naming


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split(",")
    if type(value) is list and all(isinstance(v, str) for v in value):
        return value or [""]
    raise Unreadable("an index that is no text")


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text.decode(), object_pairs_hook=Members)
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            "its content is no plain JSON" if isinstance(error, ValueError) else "nested too deeply"
        ) from error
