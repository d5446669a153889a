"""Compare two answers, purely: what differs, in words that a reader can act on.

Not compared are the time that the engine took, what belongs to the connection, ``Date`` and ``Server``, and our own two
headers; and what a row says that differs each time, such as the id of a scroll.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.asking import Got

__all__ = ["body_differences", "differences", "plain_body", "settled"]

_NOT_COMPARED = frozenset({
    "connection", "content-length", "date", "keep-alive", "server", "server-timing", "trailer", "transfer-encoding",
    "x-sessionrank",
})  # fmt: skip
#: ``took`` as JSON and YAML have it, as CBOR has it (one to nine bytes), and as SMILE has it (one to six).
_TOOK = (
    re.compile(rb'(?<!\w)("?took"?\s*:\s*)\d+'),
    re.compile(rb"(dtook)(?:[\x00-\x17]|\x18.|\x19..|\x1a....|\x1b.{8})", re.DOTALL),
    re.compile(rb"(\x83took)(?:[\xc0-\xdf]|[\x24\x25][\x00-\x7f]*[\x80-\xbf])", re.DOTALL),
)
#: Headers that are there or not, with a value of their own each time.
_VARYING = frozenset({"task_resource_usage"})
_SHOWN = 5
_AROUND = 60


def differences(expected: Got, got: Got, *, method: str = "GET", masks: Sequence[str] = ()) -> list[str]:
    """What differs in status, headers and body; nothing when they are equal."""
    found = []
    if expected.status != got.status:
        found.append(f"status: {got.status}, not {expected.status}")
    found += _header_differences(expected, got)
    if method == "HEAD" and expected.header("content-length") != got.header("content-length"):
        found.append(f"content-length: {got.header('content-length')}, not {expected.header('content-length')}")
    return found + body_differences(settled(expected, masks), settled(got, masks))


def plain_body(got: Got) -> bytes:
    """The body, unpacked where it came packed; what cannot be unpacked stays as it is."""
    if (got.header("content-encoding") or "").lower() == "gzip" and got.body:
        try:
            return gzip.decompress(got.body)
        except (OSError, EOFError):
            return got.body
    return got.body


def settled(got: Got, masks: Sequence[str] = ()) -> bytes:
    """The body, unpacked, without what differs from one time to the next."""
    body = plain_body(got)
    for pattern in _TOOK:
        body = pattern.sub(rb"\g<1>0", body)
    for mask in masks:
        body = re.sub(mask.encode(), _masked, body)
    return body


def _masked(match: re.Match[bytes]) -> bytes:
    """What a mask leaves: its group named ``kept``, where it has one, and a mark."""
    return (match.groupdict().get("kept") or b"") + b'"<masked>"'


def _header_differences(expected: Got, got: Got) -> list[str]:
    found = []
    wanted, have = _lines(expected), _lines(got)
    for name in sorted({*wanted, *have}):
        if wanted.get(name, []) != have.get(name, []):
            found.append(f"header {name}: {have.get(name, 'missing')}, not {wanted.get(name, 'missing')}")
    return found


def _lines(got: Got) -> Mapping[str, list[str]]:
    """The values of each header that is compared, repeated ones in their order."""
    lines: dict[str, list[str]] = {}
    for name, value in got.headers:
        if name.lower() not in _NOT_COMPARED:
            lines.setdefault(name.lower(), []).append("…" if name.lower() in _VARYING else value)
    return lines


def body_differences(expected: bytes, got: bytes) -> list[str]:
    """Where two bodies differ: by the paths of JSON values, else by the first byte; nothing when they are equal."""
    if expected == got:
        return []
    try:
        paths = _value_differences(_decoded(expected), _decoded(got), "")
    except ValueError:
        paths = []
    if not paths:
        paths = [_first_byte(expected, got)]
    more = [f"… and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else []
    return [f"body: {path}" for path in paths[:_SHOWN] + more]


class _Number(str):
    """The text of a number: 1.0 is not 1 here."""


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, names that stand twice as well."""


def _decoded(text: bytes) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_Members)


def _value_differences(expected: Any, got: Any, path: str) -> list[str]:
    if type(expected) is not type(got):
        return [f"{path or '(all)'}: {_short(got)}, not {_short(expected)}"]
    if isinstance(expected, _Members):
        return _member_differences(expected, got, path)
    if isinstance(expected, list):
        found = [] if len(expected) == len(got) else [f"{path}: {len(got)} values, not {len(expected)}"]
        for place, (one, other) in enumerate(zip(expected, got)):  # noqa: B905 - the lengths are told above
            found += _value_differences(one, other, f"{path}[{place}]")
        return found
    return [] if expected == got else [f"{path}: {_short(got)}, not {_short(expected)}"]


def _member_differences(expected: _Members, got: _Members, path: str) -> list[str]:
    names, has = [name for name, _ in expected], [name for name, _ in got]
    if sorted(names) != sorted(has):
        missing, extra = [n for n in names if n not in has], [n for n in has if n not in names]
        return [f"{path or '(all)'}: missing {missing}, too many {extra}"]
    found = [] if names == has else [f"{path or '(all)'}: members in the order {has}, not {names}"]
    for name, value in expected:
        found += _value_differences(value, dict(got)[name], f"{path}.{name}" if path else name)
    return found


def _first_byte(expected: bytes, got: bytes) -> str:
    place = next(
        (i for i, (one, other) in enumerate(zip(expected, got)) if one != other),  # noqa: B905 - one may end first
        min(len(expected), len(got)),
    )
    start = max(0, place - _AROUND // 2)
    parts = got[start : start + _AROUND], expected[start : start + _AROUND]
    return f"from byte {place}: {parts[0]!r}, not {parts[1]!r} ({len(got)} bytes, not {len(expected)})"


def _short(value: Any) -> str:
    if isinstance(value, _Members):
        value = dict(value)
    text = value if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _AROUND else text[:_AROUND] + "…"
