"""Transcripts of programs that use an official client: what each call gave, compared between two runs.

A transcript is a list of records, one a call: ``call`` is its name; ``result`` what the client gave; ``error``,
``message`` and ``status`` the error that it raised instead; ``headers`` those of the answer, where they are told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Record", "Transcript", "differences", "of_run", "orders_in", "told", "without"]

Record = dict[str, Any]
#: Records by the names of their calls, in the order of the calls.
Transcript = dict[str, Record]

_OURS = {"x-sessionrank", "server-timing"}
#: The encoding is undone by the client: were it told wrongly, there would be no result.
_FRAMING = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
_TOOK = re.compile(r'("?\btook"?\s*[:=]\s*)\d+')
#: Where hits or what was made of them stand, best first.
_RANKED = {"hits", "ids", "found", "documents"}
#: What differs when the engine scores a changed query.
_SCORES = {"_score", "max_score", "sort"}


def of_run(text: str, *, run: str, url: str) -> Transcript:
    """What a program printed, with the ids of its own run and the address that it asked made those of any."""
    return _by_name(json.loads(text.replace(run, "RUN").replace(url, "URL")))


def _by_name(records: Sequence[Record]) -> Transcript:
    """Records by name, each name once."""
    names = [record["call"] for record in records]
    assert len(names) == len(set(names)), "two calls have one name"
    return {record["call"]: record for record in records}


def told(record: Mapping[str, Any]) -> str:
    """``X-Sessionrank`` of the answer; empty where there was none, or the client does not tell headers."""
    return str({name.lower(): value for name, value in (record.get("headers") or {}).items()}.get("x-sessionrank", ""))


def without(transcript: Transcript, *names: str) -> Transcript:
    """All records but those of these calls."""
    return {name: record for name, record in transcript.items() if name not in names}


def orders_in(value: Any) -> Iterator[list[str]]:
    """The ids of the products in every list of hits in a result, best first."""
    if isinstance(value, dict):
        for each in value.values():
            yield from orders_in(each)
    elif isinstance(value, list):
        ids = [each if isinstance(each, str) else _id_of(each) for each in value]
        if ids and all(ids):
            yield ids
        else:
            for each in value:
                yield from orders_in(each)


def _id_of(hit: Any) -> str:
    """The product of a hit, or of a document alone; empty for anything else."""
    if not isinstance(hit, dict):
        return ""
    return str(hit.get("_id") or hit.get("sku") or (hit.get("_source") or {}).get("sku") or "")


def differences(direct: Transcript, through: Transcript, *, ranked: Collection[str] = ()) -> list[str]:
    """What the two do not have in common, a line each; empty when they are equal.

    Equal but for ``took``, framing and our own headers; in the calls named in ``ranked`` also but for the order of the
    hits and their scores.
    """
    return list(_differences(direct, through, ranked))


def _differences(direct: Transcript, through: Transcript, ranked: Collection[str]) -> Iterator[str]:
    if list(direct) != list(through):
        yield f"the calls themselves: {list(direct)} directly, {list(through)} through the proxy"
        return
    for name, record in direct.items():
        ours, theirs = _settled(through[name]), _settled(record)
        if name in ranked:
            ours, theirs = _order_aside(ours), _order_aside(theirs)
        for part in sorted({*ours, *theirs}):
            if ours.get(part) != theirs.get(part):
                yield f"{name}: {part}: {_shown(theirs.get(part))} directly, {_shown(ours.get(part))} through the proxy"


def _order_aside(value: Any, key: str = "") -> Any:
    """A value with every list of hits sorted by what they are, and without their scores."""
    if isinstance(value, dict):
        return {name: _order_aside(each, name) for name, each in value.items() if name not in _SCORES}
    if isinstance(value, list):
        members = [_order_aside(each) for each in value]
        return sorted(members, key=lambda each: json.dumps(each, sort_keys=True)) if key in _RANKED else members
    return value


def _settled(record: Record) -> Record:
    """A record without what no two answers have in common."""
    headers = {name.lower(): value for name, value in (record.get("headers") or {}).items()}
    kept = {name: value for name, value in headers.items() if name not in _OURS | _FRAMING}
    settled: Record = {**_untimed(record), "headers": kept}
    return settled


def _untimed(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _untimed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_untimed(each) for each in value]
    if key == "took":
        return 0
    return _TOOK.sub(r"\g<1>0", value) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:150]} … {text[-150:]}"
