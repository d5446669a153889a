"""A re-ranked page, compared purely: the same hits over the window, text by text, and nothing else changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote_plus

from tests.support.asking import Got
from tests.support.recorder import Asked

from .comparison import differences, settled
from .hits import NoHits, Parts, parts_of
from .reference import members_of

__all__ = ["page_of", "ranked_differences"]


def page_of(asked: Asked) -> tuple[int, int]:
    """``from`` and ``size`` of a search: the URL's before the body's, the last of several."""
    values = members_of(asked)
    for piece in asked.target.partition("?")[2].split("&"):
        name, _, value = piece.partition("=")
        values[unquote_plus(name)] = unquote_plus(value)
    start, size = (int(json.loads(values.get(name, default))) for name, default in (("from", "0"), ("size", "10")))
    return start, size


def ranked_differences(
    answers: tuple[Got, Got, Got, Got], got: tuple[Got, Got], page: tuple[int, int], masks: Sequence[str] = ()
) -> list[str]:
    """What is wrong with a session's answer.

    Args:
        answers: the engine's own to the wrapped search: for the client's page, for the window, and for all hits up to
            the page's end; and to the client's search for the window, where it has highlights.
        got: the proxy's answers with the session: the client's page, and the window.
        page: ``from`` and ``size``.
    """
    try:
        cut = [parts_of(settled(each, masks)) for each in (*answers, *got)]
    except (NoHits, UnicodeDecodeError):
        # A filter_path may leave none; then there is nothing that could have been put in another order.
        return differences(answers[0], got[0], masks=masks) + differences(answers[1], got[1], masks=masks)
    wrapped, window, tail, own, page_got, window_got = cut
    found = _same_but_for_hits(answers[0], got[0], wrapped, page_got, "page")
    found += _same_but_for_hits(answers[1], got[1], window, window_got, "window")
    found += _set_differences(window.hits, window_got.hits)
    found += _wrong_count(window.hits, window_got.hits, got[1].told)
    order = (*window_got.hits, *tail.hits[len(window.hits) :])[page[0] : page[0] + page[1]]
    if page_got.hits != order:
        found.append(f"the page is not cut from the window's order: {_ids(page_got.hits)}, not {_ids(order)}")
    return found + _highlight_differences(own.hits, window_got.hits)


def _same_but_for_hits(expected: Got, got: Got, one: Parts, other: Parts, what: str) -> list[str]:
    """Status, headers, and the texts around the hits and between them."""
    frames = [
        Got(each.status, each.headers, "\0".join((p.before, *p.layout, p.behind)).encode())
        for each, p in ((expected, one), (got, other))
    ]
    return [f"{what}: {each}" for each in differences(*frames)]


def _set_differences(expected: Sequence[str], got: Sequence[str]) -> list[str]:
    """Which hits (by their whole text) are missing, and which are too many."""
    wanted, have = Counter(expected), Counter(got)
    missing, extra = list((wanted - have).elements()), list((have - wanted).elements())
    if not missing and not extra:
        return []
    return [f"the window's hits: missing {_short(missing)}, too many {_short(extra)}"]


def _wrong_count(expected: Sequence[str], got: Sequence[str], told: str) -> list[str]:
    """Whether ``moved`` tells how many hits of the window stand elsewhere; hits that show too little look alike."""
    moved = sum(one != other for one, other in zip(expected, got, strict=True)) if len(expected) == len(got) else -1
    count = int(told.rpartition("moved=")[2] or -1)
    right = moved == count if len(set(expected)) == len(expected) else moved <= count
    return [] if right else [f"{moved} hits of the window were moved, but it says {told!r}"]


def _highlight_differences(expected: Sequence[str], got: Sequence[str]) -> list[str]:
    """Highlights of hits that the client's own search finds as well; the two windows need not hold the same."""
    own = {(hit.get("_index"), hit.get("_id")): hit.get("highlight") for hit in map(json.loads, expected)}
    found = []
    for hit in map(json.loads, got):
        key = (hit.get("_index"), hit.get("_id"))
        if key in own and None not in key and own[key] != hit.get("highlight"):
            found.append(f"highlight of {key[1]}: {hit.get('highlight')}, not {own[key]}")
    return found[:3]


def _ids(hits: Sequence[str]) -> list[str]:
    return [json.loads(hit).get("_id", "?") for hit in hits]


def _short(texts: Sequence[str]) -> str:
    return str([text if len(text) < 200 else text[:200] + "…" for text in texts[:2]])
