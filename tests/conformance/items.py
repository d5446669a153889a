"""A multi search taken apart: each item as a search of its own, and its answer compared with that search's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, unquote_plus

from tests.support.asking import Got
from tests.support.recorder import Asked

from .comparison import body_differences, settled
from .hits import NoHits, array_items, members

__all__ = ["item_differences", "single_searches"]

#: Parameters of the multi search that hold for each of its items.
_FOR_ITEMS = frozenset({
    "rest_total_hits_as_int", "typed_keys", "search_type", "pre_filter_shard_size", "ccs_minimize_roundtrips",
    "pretty", "error_trace", "filter_path",
})  # fmt: skip


def item_differences(
    sent: Asked, answers: tuple[Got, Got], alone: Callable[[Asked], Got], *, masks: Sequence[str] = ()
) -> list[str]:
    """How the items of an answer differ from the same searches made alone.

    Args:
        answers: the engine's to the multi search as it was sent, which tells all but the items, and the proxy's.
        alone: makes a single search.
    """
    wanted = [alone(single) for single in single_searches(sent)]
    try:
        (envelope, _), (own_envelope, items) = (_apart(settled(each, masks).decode()) for each in answers)
    except (NoHits, KeyError, UnicodeDecodeError):
        return [f"no responses in {answers[1].body[:200]!r}"]
    found = body_differences(envelope.encode(), own_envelope.encode())
    if len(items) != len(wanted):
        return [*found, f"{len(items)} items, not {len(wanted)}"]
    for number, (item, single) in enumerate(zip(items, wanted, strict=True), 1):
        own, status = _without_status(item)
        if status != str(single.status) and (status or "filter_path" not in sent.target):
            found.append(f"item {number}: status {status}, not {single.status}")
        expected = _without_status(settled(single, masks).decode(errors="replace"))[0]
        found += [f"item {number}: {each}" for each in body_differences(_level(expected), _level(own))]
    return found


def _apart(text: str) -> tuple[str, list[str]]:
    """What stands around the items, and each item."""
    start, end = dict(members(text, 0))["responses"]
    return text[:start] + text[end:], [text[a:b] for a, b in array_items(text, start)]


def single_searches(sent: Asked) -> list[Asked]:
    """The searches that a multi search consists of."""
    path, _, query = sent.target.partition("?")
    outer = path[1:].rpartition("_msearch")[0].strip("/")
    shared = [_for_item(piece) for piece in query.split("&") if unquote_plus(piece.partition("=")[0]) in _FOR_ITEMS]
    lines = sent.body.replace(b"\r\n", b"\n").split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    headers = (
        *((n, v) for n, v in sent.headers if n.lower() not in ("content-type", "content-length")),
        ("Content-Type", "application/json"),
    )
    singles = []
    for head, body in zip(lines[::2], lines[1::2], strict=True):
        given = json.loads(head) if head.strip() else {}
        named = given.pop("index", None) or given.pop("indices", None) or outer
        index = ",".join(named) if isinstance(named, list) else named
        pieces = [*shared, *(f"{name}={quote(_text(value))}" for name, value in given.items())]
        target = (f"/{index}" if index else "") + "/_search" + (f"?{'&'.join(pieces)}" if pieces else "")
        singles.append(Asked("POST", target, headers, body))
    return singles


def _for_item(piece: str) -> str:
    """A parameter as it is for one item: paths begin below ``responses``, and those beside it say nothing of items."""
    name, _, value = piece.partition("=")
    if name != "filter_path":
        return piece
    paths = [path.partition("responses.") for path in unquote_plus(value).split(",")]
    return "filter_path=" + ",".join(sign + path for sign, mark, path in paths if mark)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_status(text: str) -> tuple[str, str]:
    """An item without its ``status``, and that."""
    parts = {name: text[start:end] for name, (start, end) in members(text, 0)}
    status = parts.pop("status", "")
    return "{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}", status


def _level(text: str) -> bytes:
    """A text whose layout says nothing: ``pretty`` indents an item deeper than a search alone."""
    if "\n" not in text:
        return text.encode()
    return "\n".join(line.strip() for line in text.split("\n")).encode()
