"""Fetching in two phases: the ids and scores of the window first, then the page's hits alone, with all they show.

To show a hit is dear where documents are large, or are highlighted or computed upon; a window has ten times the hits of
a page. Here is decided, purely, when it is done and what the two requests are; and their answers are put together. What
may not be is fetched in one phase, and so is what came out otherwise: a hit of the page that is missing, or that has
another score than a moment before.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sessionrank.fields import SKU
from sessionrank.releases import release_of

from .backends.base import Headers
from .pages import Hit
from .plan import Change, Page, keep_highlights
from .searchbody import Fields, encode
from .settings import ProxySettings
from .splice import EngineAnswer

__all__ = ["Outline", "TwoPhase", "details", "outline", "put_together", "with_warnings"]

#: Bytes of hits that need not be fetched, from which two requests are faster than one: where doc values tell the ids,
#: and where engines must look into each document for them. Measured; see docs/architecture.md.
_SAVED_BY_SKU, _SAVED = 192 * 1024, 1024 * 1024
#: How much the latest answer counts for the mean size of hits.
_NEWEST = 0.2
_MOST_KNOWN = 1000
#: Seconds in which searches of an index are not tried again where the second phase did not fit the first.
_PAUSE = 60.0

#: What is shown of each hit alone.
_SOURCES = ("_source", "_source_includes", "_source_excludes", "_source_include", "_source_exclude")
_MADE = ("highlight", "script_fields")
_OF_HITS = (*_SOURCES, *_MADE, "fields", "docvalue_fields", "version", "seq_no_primary_term")
#: What is told beside the hits, once.
_BESIDE = ("aggs", "aggregations", "suggest", "suggest_field", "suggest_text", "suggest_mode", "suggest_size")
#: Explanations name the query; what stops early may stop elsewhere; the others decide what a hit is, or are unknown.
_NEVER = frozenset({"explain", "timeout", "terminate_after", "stored_fields", "ext"})
_FALSE, _NONE = b"false", b'"_none_"'
#: With these, hits show a part of their document, or none of it.
_PARTS = frozenset({*_SOURCES, "stored_fields", "filter_path"})


@dataclass(frozen=True, slots=True)
class Outline:
    """The first request: what ranking looks at, of all hits of the window."""

    change: Change
    #: The doc-value field that holds the id of each hit; empty where hits bring their ``_id``.
    id_field: str


@dataclass(slots=True)
class _Seen:
    """What the hits of an index were like, by earlier answers."""

    #: The mean size of those that were shown with all of their document.
    bytes: float = 0.0
    #: Whether all are of indices that our indexer made, where the field ``sku`` holds the id.
    by_sku: bool = False
    #: Of the first hit of the answer that told so: another one may be another release, or none of ours.
    index: str = ""


class TwoPhase:
    """Decides which searches are fetched in two phases, by the settings and by what earlier answers were like.

    One for a process; its threads share it.
    """

    def __init__(self, settings: ProxySettings) -> None:
        self._mode = settings.two_phase
        self._item_id = settings.item_id
        self._seen: dict[tuple[str, ...], _Seen] = {}
        self._paused: dict[tuple[str, ...], float] = {}

    def outline(self, names: Sequence[str], change: Change) -> Outline | None:
        """The first request of a search on the indices ``names``; None where it is to be fetched in one phase."""
        if self._mode == "off" or change.page is None:
            return None
        seen = self._seen.get(tuple(names))
        if self._mode == "auto" and not (seen and _pays(change, change.page, seen) and self._may(names)):
            return None
        return outline(change, self._item_id, by_sku=seen is not None and seen.by_sku)

    def learn(self, names: Sequence[str], change: Change, answer: EngineAnswer) -> None:
        """See what the hits of these indices are like, by an answer that shows them."""
        if self._mode == "off" or not len(answer):
            return
        seen = self._seen.get(tuple(names))
        if seen is None:
            if len(self._seen) >= _MOST_KNOWN:
                self._seen.clear()
            seen = self._seen[tuple(names)] = _Seen()
        if change.body.keys().isdisjoint(_PARTS) and change.url.values.keys().isdisjoint(_PARTS):
            size = answer.bytes_a_hit
            seen.bytes += _NEWEST * (size - seen.bytes) if seen.bytes else size
        if seen.index != answer.first_index:
            seen.index = answer.first_index
            seen.by_sku = all(release_of(index) is not None for index in answer.indices())

    def pause(self, names: Sequence[str]) -> None:
        """The second phase did not fit: for a while, searches on these indices are fetched in one."""
        self._seen.pop(tuple(names), None)
        if len(self._paused) >= _MOST_KNOWN:
            self._paused.clear()
        self._paused[tuple(names)] = time.monotonic() + _PAUSE

    def _may(self, names: Sequence[str]) -> bool:
        return self._paused.get(tuple(names), 0.0) <= time.monotonic()


def _pays(change: Change, page: Page, seen: _Seen) -> bool:
    """Whether two requests are likely to be faster."""
    if not change.body.keys().isdisjoint(_MADE):
        return 2 * page.size <= page.asked
    shown = bytes(change.body.get("_source", b"")) != _FALSE and change.url.values.get("_source") != "false"
    return shown and (page.asked - page.size) * seen.bytes >= (_SAVED_BY_SKU if seen.by_sku else _SAVED)


def outline(change: Change, item_id: str, *, by_sku: bool) -> Outline | None:
    """The request for the hits that ``change`` asks for, of which nothing is shown but what ranking looks at.

    None where two phases could give another answer than one.

    Args:
        by_sku: whether the field ``sku`` holds the id of each document. Doc values are read without the documents.
    """
    url, body = change.url, change.body
    if not _NEVER.isdisjoint(body) or not _NEVER.isdisjoint(url.values) or "_routing" in change.extras.hit_members:
        return None
    searched = [bytes(body.get(name, b"")) for name in ("query", "post_filter", "collapse")]
    # The groups of a collapsed search are searched for anew, with the query of the second request.
    if any(b"inner_hits" in text for text in searched) or b"\\u" in searched[2]:
        return None
    # Without a seed, chance has it anew each time.
    if b"random_score" in searched[0]:
        return None
    # Completions show documents as well.
    if b"completion" in bytes(body.get("suggest", b"")) or b"\\u" in bytes(body.get("suggest", b"")):
        return None
    asked = {name: value for name, value in body.items() if name not in _OF_HITS}
    fields = set() if item_id == "_id" else {item_id}
    # Suggestions may show documents, which engines refuse without any; a `filter_path` may hide the field.
    by_sku = by_sku and "suggest" not in body and "filter_path" not in url.values
    if by_sku:
        asked["stored_fields"] = msgspec.Raw(_NONE)
        fields.add(SKU)
    else:
        asked["_source"] = msgspec.Raw(_FALSE)
    if fields:
        asked["docvalue_fields"] = msgspec.Raw(encode([{"field": field} for field in sorted(fields)]))
    asking = Change(url.without(*_OF_HITS), asked, change.page, change.reason, change.extras)
    return Outline(asking, SKU if by_sku else "")


def details(change: Change, hits: Sequence[Hit]) -> Change:
    """The request for these hits of the answer to ``change``, with all that it asks to be shown of them.

    The filter leaves their scores as they are.
    """
    body: Fields = {name: value for name, value in change.body.items() if name not in _BESIDE}
    query = bytes(body.get("query", b'{"match_all":{}}'))
    keep_highlights(body, query)
    body["query"] = msgspec.Raw(encode({"bool": {"must": [msgspec.Raw(query)], "filter": [_named(hits)]}}))
    body["from"], body["size"] = msgspec.Raw(b"0"), msgspec.Raw(b"%d" % len(hits))
    return Change(change.url.without(*_BESIDE), body, change.page, change.reason, change.extras)


def put_together(positions: Sequence[int], window: EngineAnswer, page: EngineAnswer) -> dict[int, bytes] | None:
    """The texts of the hits at ``positions`` of the window, out of the second answer.

    None where that does not hold the very same hits, by index, id and the text of their scores.
    """
    if page.failed_shards or page.timed_out or len(page) != len(positions):
        return None
    if len(set(window.named())) < len(window):
        # By routing, an id can stand twice in an index.
        return None
    texts = dict(zip(page.scored(), page.texts(), strict=True))
    wanted = window.scored()
    found = {position: texts[wanted[position]] for position in positions if wanted[position] in texts}
    return found if len(found) == len(positions) else None


def with_warnings(first: Headers, second: Headers) -> Headers:
    """The headers of the first answer, and what the second warns of beyond them."""
    told = {value for name, value in first if name.lower() == "warning"}
    return [*first, *((name, value) for name, value in second if name.lower() == "warning" and value not in told)]


def _named(hits: Iterable[Hit]) -> Mapping[str, object]:
    """A query for hits; an id says little without its index."""
    by_index: defaultdict[str, list[str]] = defaultdict(list)
    for index, id_ in hits:
        by_index[index].append(id_)
    parts = [
        {"bool": {"filter": [{"term": {"_index": index}}, {"ids": {"values": ids}}]}} for index, ids in by_index.items()
    ]
    return parts[0] if len(parts) == 1 else {"bool": {"should": parts}}
