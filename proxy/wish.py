"""What a search asks for, read from its URL and its body together; and whether its order is ours to change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from .request import Query
from .searchbody import Fields

__all__ = ["NotOurs", "Wish", "read_wish"]

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
_PAID = ("pinned", "rule", "rule_query")
#: Queries that rank by themselves or hold paid places → members by which they are told from a field of that name.
_SIGNS: dict[str, set[str]] = {
    "pinned": {"organic", "ids", "docs"},
    "rule": {"organic", "match_criteria", "ruleset_ids"},
    "rule_query": {"organic", "match_criteria", "ruleset_id"},
    "knn": {"field", "vector", "query_vector", "query_vector_builder"},
    "hybrid": {"queries"},
    "neural": {"query_text", "query_image", "model_id", "semantic_field_search_analyzer", "query_tokens"},
    "neural_sparse": {"query_text", "query_tokens", "model_id"},
    "semantic": {"field"},
    "sparse_vector": {"field", "inference_id", "query_vector"},
    "text_expansion": {"model_id", "model_text"},
}
_SPECIAL = re.compile("|".join(f'"{name}"' for name in (*_SIGNS, "percolate")).encode())
#: Whole numbers as engines take them: with a sign in the URL; in the body also as a text, and they cut fractions off.
_IN_URL = re.compile(r"\+?([0-9]{1,9})", re.ASCII)
_IN_BODY = re.compile(r'("?)([0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE]\+?[0-9])?)\1', re.ASCII)
_FALSE = {b"false", b'"false"', b"null"}
_BY_SCORE: tuple[Any, ...] = ("_score", {"_score": "desc"}, {"_score": {"order": "desc"}}, {"_score": {}})


class NotOurs(Exception):
    """A search that is to pass as it is; ``reason`` is one of ``reasons.REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wish:
    """A search whose order is ours to change."""

    url: Query
    body: Fields
    #: The page ``[start, start + size)``.
    start: int
    size: int


def read_wish(url: Query, body: Fields) -> Wish:
    """Read a search; the URL wins over the body.

    Raises:
        NotOurs: its order is not ours to change, or it could not be read with certainty.
        msgspec.MsgspecError: a part of it is no JSON.
    """
    reasons = [reason for name, reason in _URL_REASONS.items() if name in url.values]
    reasons += [reason for name, reason in _BODY_REASONS.items() if name in body]
    if reasons:
        raise NotOurs(reasons[0])
    _refuse_query(bytes(body.get("query", b"")), highlights="highlight" in body)
    if bytes(body.get("profile", msgspec.Raw(b"false"))) not in _FALSE:
        raise NotOurs("profile")
    if not _by_score_alone(url, body):
        raise NotOurs("sort")
    if "suggest" in body and "query" not in body and "q" not in url.values:
        raise NotOurs("no-hits-asked")
    wish = Wish(url, body, _number("from", url, body, 0), _number("size", url, body, 10))
    if wish.size == 0:
        raise NotOurs("no-hits-asked")
    return wish


def _refuse_query(query: bytes, *, highlights: bool) -> None:
    if not _SPECIAL.search(query):
        return
    waiting: list[Any] = [msgspec.json.decode(query)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name in _SIGNS and isinstance(inner, dict) and _SIGNS[name] & _names_within(inner):
                    raise NotOurs("paid-places" if name in _PAID else "ranked-elsewhere")
                if name == "percolate" and highlights:
                    # Engines find it for highlighting only where it is not wrapped.
                    raise NotOurs("unreadable")
            waiting.extend(value.values())


def _names_within(query: dict[str, Any]) -> set[str]:
    """The members of a query, and of the objects in it: some name a field first."""
    return query.keys() | {name for inner in query.values() if isinstance(inner, dict) for name in inner}


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
    return sort in _BY_SCORE


def _number(name: str, url: Query, body: Fields, default: int) -> int:
    """A page number as URL over body gives it; what is no plain number is the engine's to refuse."""
    if name in url.values:
        found = _IN_URL.fullmatch(url.values[name])
    else:
        found = _IN_BODY.fullmatch(bytes(body[name]).decode() if name in body else str(default))
    if found is None:
        raise NotOurs("unreadable")
    return int(float(found[found.lastindex or 0]))
