"""A search answer cut into its texts: what stands before the hits, each hit, and what stands behind them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["NoHits", "Parts", "array_items", "members", "parts_of"]

_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


class NoHits(ValueError):
    """The text is not JSON, or has no list of hits."""


@dataclass(frozen=True)
class Parts:
    """The texts of an answer; put together with ``between`` they are the answer again."""

    before: str
    hits: tuple[str, ...]
    #: From the list's bracket to the first hit, between two hits, from the last hit to the bracket.
    layout: tuple[str, str, str]
    behind: str

    def page(self, start: int, size: int) -> tuple[str, ...]:
        """The hits of a page."""
        return self.hits[start : start + size]


def parts_of(body: bytes) -> Parts:
    """Cut an answer at its hits.

    Raises:
        NoHits: there are none to cut at.
    """
    text = body.decode()
    outer = dict(members(text, 0)).get("hits")
    inner = dict(members(text, outer[0])).get("hits") if outer else None
    if inner is None:
        raise NoHits("no hits in the answer")
    start, end = inner
    items = list(array_items(text, start))
    hits = tuple(text[a:b] for a, b in items)
    if not items:
        return Parts(text[:start], (), ("", "", ""), text[end:])
    between = text[items[0][1] : items[1][0]] if len(items) > 1 else ""
    return Parts(text[:start], hits, (text[start : items[0][0]], between, text[items[-1][1] : end]), text[end:])


def members(text: str, start: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name and place of each member of the object that begins at ``start``.

    Raises:
        NoHits: it is no object.
    """
    place = _after(text, start)
    if text[place : place + 1] != "{":
        raise NoHits("no object")
    place = _after(text, place + 1)
    while text[place : place + 1] != "}":
        name, place = _value(text, place)
        begin = _after(text, _after(text, place) + 1)
        _, end = _value(text, begin)
        yield name, (begin, end)
        place = _after(text, end)
        place = _after(text, place + 1) if text[place : place + 1] == "," else place


def array_items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The place of each value of the array that begins at ``start``.

    Raises:
        NoHits: it is no array.
    """
    if text[start : start + 1] != "[":
        raise NoHits("no list")
    place = _after(text, start + 1)
    while text[place : place + 1] != "]":
        _, end = _value(text, place)
        yield place, end
        place = _after(text, end)
        place = _after(text, place + 1) if text[place : place + 1] == "," else place


def _value(text: str, start: int) -> tuple[str, int]:
    try:
        value, end = _decoder.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError) as error:
        raise NoHits(f"no JSON: {error}") from error
    return value, end


def _after(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    assert match is not None
    return match.end()
