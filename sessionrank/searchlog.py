"""The log of searches: what a visitor had done, what was searched for, and which hit was clicked.

One JSON object a line (JSONL, ``.gz`` too)::

    {"session": [{"sku": "22423", "type": "click", "ts": 1318000000000}, "85123A"], "query": "bird", "clicked": "84879"}

``session`` holds the events before the search, oldest first; an event that is only a text is a view of that product.
``ts`` are milliseconds since 1970, on events and on the line itself (the moment of the search). ``id`` names the
visitor: lines of one visitor are resampled together. Of a session that holds more than :data:`MOST_EVENTS` events the
latest are taken. Nothing here talks to a server.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.errors import DataError
from sessionrank.textfile import bounded_lines, open_text
from sessionrank.writing import replacing, told_in_one_line

__all__ = ["MOST_CASES", "MOST_EVENTS", "LoggedEvent", "SearchCase", "read_log", "write_log"]

#: Events of a session that are taken; of more, the latest.
MOST_EVENTS = 1000
#: Searches of one log; they are held in memory, and a draw of some thousand says as much.
MOST_CASES = 1_000_000
#: Characters that a line may have.
_LONGEST_LINE = 1 << 20
#: Bytes of a product's id, as engines take them.
_LONGEST_SKU = 512


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One thing that the visitor had done with one product."""

    sku: str
    type: str = "view"
    #: Milliseconds since 1970, or None.
    time: int | None = None


@dataclass(frozen=True, slots=True)
class SearchCase:
    """One search with its click."""

    #: Oldest first.
    session: tuple[LoggedEvent, ...]
    query: str
    #: The product that was clicked.
    clicked: str
    #: Milliseconds since 1970 at which the search was made, or None.
    time: int | None = None
    #: Who searched; equal ids are one visitor. Empty: a visitor of its own.
    id: str = ""


def read_log(path: Path | str) -> list[SearchCase]:
    """All cases of a log, in the order of the file.

    Raises:
        DataError: the file is missing, has no line or too many, or a line is no case; it is told which.
    """
    cases: list[SearchCase] = []
    with open_text(Path(path), option="") as text:
        for number, line in enumerate(bounded_lines(path, text, limit=_LONGEST_LINE, expected="a log of searches"), 1):
            if not line.strip():
                continue
            if len(cases) == MOST_CASES:
                raise DataError(f"{path}: more than {MOST_CASES:,} searches; draw some thousand of its lines")
            cases.append(_case(path, number, line))
    if not cases:
        raise DataError(f"{path}: no search stands in it; a line is one, such as {_written(_EXAMPLE)}")
    return cases


def write_log(path: Path | str, cases: Iterable[SearchCase]) -> int:
    """Write cases a line each, all or nothing; gives how many. Equal cases give equal bytes, gzipped ones too.

    Raises:
        ConfigurationError: it cannot be written.
    """
    count = 0
    with told_in_one_line(str(path)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    packed = str(path).lower().endswith(".gz")
    with replacing(Path(path)) as partial, partial.open("wb") as file:
        # Neither the time nor the name of the file that is written on the way there.
        sink = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) if packed else nullcontext(file)
        with sink as target:
            for case in cases:
                target.write((_written(case) + "\n").encode())
                count += 1
    return count


def _case(path: Path | str, number: int, line: str) -> SearchCase:
    try:
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise TypeError("it is no JSON object")
        events = tuple(_events(fields["session"]))[-MOST_EVENTS:]
        return SearchCase(
            events, _text(fields["query"]), _sku(fields["clicked"]), _time(fields.get("ts")), _id(fields.get("id"))
        )
    except KeyError as error:
        raise DataError(f"{path}: line {number} is no search: {error.args[0]} is missing") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: line {number} is no search with session, query and clicked: {str(error)[:100]}"
        ) from error


def _events(found: Any) -> Iterator[LoggedEvent]:
    if not isinstance(found, list):
        raise TypeError("session is no list")
    for one in found:
        if isinstance(one, str):
            yield LoggedEvent(_sku(one))
        elif isinstance(one, dict):
            yield LoggedEvent(_sku(one["sku"]), _text(one.get("type", "view")), _time(one.get("ts")))
        else:
            raise TypeError("an event is neither a text nor an object")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is missing")
    value.encode()  # Half of a surrogate pair, which JSON can hold, is no text: UnicodeEncodeError, a ValueError.
    return value


def _sku(value: Any) -> str:
    if len(_text(value).encode()) > _LONGEST_SKU:
        raise ValueError(f"the id of a product is longer than {_LONGEST_SKU} bytes")
    # A log names the same few products again and again; they share one text in memory.
    return sys.intern(value)


def _time(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 253_402_300_800_000:
        raise ValueError("a ts is no number of milliseconds since 1970")
    return value


def _id(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("an id is neither a text nor a whole number")
    return str(value)


def _written(case: SearchCase) -> str:
    session = [
        event.sku if event.type == "view" and event.time is None
        else {"sku": event.sku, "type": event.type, **({} if event.time is None else {"ts": event.time})}
        for event in case.session
    ]  # fmt: skip
    fields: dict[str, Any] = {"session": session, "query": case.query, "clicked": case.clicked}
    fields |= {} if case.time is None else {"ts": case.time}
    fields |= {"id": case.id} if case.id else {}
    return json.dumps(fields, ensure_ascii=False)


_EXAMPLE = SearchCase((LoggedEvent("22423"), LoggedEvent("85123A")), "bird", "84879")
