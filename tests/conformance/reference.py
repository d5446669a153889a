"""What the engine is to be asked in the proxy's place: the recorded request, without what only ranking asked for.

Form (b) of the promise: the answer to a search whose query was wrapped equals the engine's own answer to the wrapped
body. The recorded request shows how it was wrapped; this module takes care that nothing else of it differs from the
client's, and says so where it does.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from urllib.parse import unquote_plus

from tests.support.recorder import Asked

from .hits import NoHits, members

__all__ = ["late", "members_of", "paged", "reference", "request_differences", "unfaithful"]

#: Members of the body that the proxy may change, and parameters that it may move into the body, add or widen.
_CHANGED = frozenset({"query", "highlight", "from", "size", "_source", "stored_fields", "docvalue_fields"})
_MOVED = frozenset({
    "q", "df", "analyzer", "analyze_wildcard", "default_operator", "lenient", "source", "source_content_type",
    "from", "size", "stored_fields", "filter_path", "preference", "docvalue_fields",
})  # fmt: skip
#: Members of the reference that are the client's own again.
_CLIENTS_OWN = ("from", "size", "_source", "stored_fields", "docvalue_fields")
_OURS = frozenset({
    "x-sessionrank", "x-session-id", "x-sessionrank-explain", "x-sessionrank-weight",
    # Never passed on: they would make another request of one that the gate has let through.
    "x-http-method-override", "x-http-method", "x-method-override",
})  # fmt: skip
_OF_THE_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "expect", "keep-alive"})


#: Endpoints that engines with document types take for a document where they do not know them; the gate has them asked
#: in a way that only a search can be asked: with this parameter, or by GET.
_LATE = re.compile(r"/(?:_pit|_search/point_in_time|_async_search|_eql/search)(?:\?|$)")
_LATE_BY_GET = re.compile(r"/(?:_terms_enum|_knn_search)(?:\?|$)")
_NO_DOCUMENT = re.compile(r"[?&]ignore_unavailable=false$")


def late(asked: Asked) -> bool:
    """Whether a request is for an endpoint that some engine takes for a document."""
    return bool(_LATE.search(asked.target) or _LATE_BY_GET.search(asked.target))


def request_differences(sent: Asked, arrived: Asked) -> list[str]:
    """What the proxy changed in a request that it was to pass as it is."""
    if _LATE.search(sent.target):
        arrived = replace(arrived, target=_NO_DOCUMENT.sub("", arrived.target))
    if _LATE_BY_GET.search(sent.target):
        arrived = replace(arrived, method=sent.method)
    found = [
        f"sent on: {name} {other!r}, not {one!r}"
        for name, one, other in (
            ("method", sent.method, arrived.method),
            ("target", sent.target, arrived.target),
            ("body", sent.body, arrived.body),
        )
        if one != other
    ]
    wanted, have = _headers(sent), _headers(arrived)
    if wanted != have:
        found.append(f"sent on: headers {have}, not {wanted}")
    return found


def _headers(asked: Asked) -> list[tuple[str, str]]:
    lines = ((name.lower(), value) for name, value in asked.headers)
    return sorted((name, value) for name, value in lines if name not in _OURS | _OF_THE_HOP)


def reference(sent: Asked, arrived: Asked) -> Asked:
    """The wrapped request as the client would have sent it: its own page, fields and ``filter_path``."""
    own, wrapped = members_of(sent), _members(arrived.body)
    body = {name: value for name, value in wrapped.items() if name not in _CLIENTS_OWN}
    body |= {name: own[name] for name in _CLIENTS_OWN if name in own}
    path, _, text = arrived.target.partition("?")
    pieces = [piece for piece in text.split("&") if piece and _name(piece) not in _RESTORED]
    pieces += [piece for piece in sent.target.partition("?")[2].split("&") if _name(piece) in _RESTORED]
    target = f"{path}?{'&'.join(pieces)}" if pieces else path
    return Asked(arrived.method, target, arrived.headers, _text(body))


_RESTORED = frozenset({"from", "size", "stored_fields", "filter_path", "docvalue_fields"})


def paged(asked: Asked, start: int, size: int) -> Asked:
    """The same search for another page: parameters of the URL win over the body."""
    path, _, text = asked.target.partition("?")
    pieces = [piece for piece in text.split("&") if piece and _name(piece) not in ("from", "size")]
    return Asked(
        asked.method, f"{path}?{'&'.join([*pieces, f'from={start}', f'size={size}'])}", asked.headers, asked.body
    )


def unfaithful(sent: Asked, arrived: Asked) -> list[str]:
    """What the proxy lost or changed of a search beyond its query, its page and what ranking must see."""
    own, wrapped = members_of(sent), _members(arrived.body)
    found = [
        f"wrapped: {name} is {wrapped.get(name)}, not {own.get(name)}"
        for name in sorted((own.keys() | wrapped.keys()) - _CHANGED)
        if own.get(name) != wrapped.get(name)
    ]
    asked_by_q = any(_name(piece) == "q" for piece in sent.target.partition("?")[2].split("&"))
    if "query" in own and not asked_by_q and own["query"] not in wrapped.get("query", ""):
        found.append(f"wrapped: the client's query {own['query']} is not in {wrapped.get('query')}")
    sent_path, _, sent_text = sent.target.partition("?")
    path, _, text = arrived.target.partition("?")
    if sent_path != path:
        found.append(f"wrapped: path {path}, not {sent_path}")
    one, other = _kept(sent_text), _kept(text)
    return found + ([] if one == other else [f"wrapped: parameters {other}, not {one}"])


def _kept(text: str) -> list[str]:
    return [piece for piece in text.split("&") if piece and _name(piece) not in _MOVED]


def _name(piece: str) -> str:
    return unquote_plus(piece.partition("=")[0])


def members_of(asked: Asked) -> dict[str, str]:
    """The members of a search's body, each as its text; of ``source`` where that stands in its place."""
    return _members(_body_of(asked))


def _body_of(asked: Asked) -> bytes:
    if asked.body:
        packed = any((n.lower(), v.lower()) == ("content-encoding", "gzip") for n, v in asked.headers)
        return gzip.decompress(asked.body) if packed else asked.body
    sources = [piece for piece in asked.target.partition("?")[2].split("&") if _name(piece) == "source"]
    return unquote_plus(sources[-1].partition("=")[2]).encode() if sources else b""


def _members(body: bytes) -> dict[str, str]:
    """The members of a JSON object, each as its text."""
    if not body:
        return {}
    try:
        text = body.decode()
        return {name: text[start:end] for name, (start, end) in members(text, 0)}
    except (NoHits, UnicodeDecodeError):
        return {}


def _text(fields: dict[str, str]) -> bytes:
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()
