"""What the catalogue is made of: named requests, as data.

A :class:`Row` is one request, or a few steps in which later ones use what earlier answers gave (the id of a scroll).
Targets, headers and bodies hold placeholders such as ``{index}``; ``shop.py`` says what stands for each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["FRESH", "NO_ID", "Expect", "Row", "Step", "asks", "filled", "msearch", "search", "step", "walk"]

#: What the proxy does to a request that the engine takes:
#: ``untouched`` it passes as it is; ``wrapped`` its query is wrapped, with a session as without; ``ranked`` with a
#: session its hits are put in another order as well; ``as-sent`` the engine takes it but not what the proxy makes of
#: it; ``either`` is one of these two, as the engine has it; ``items`` it is a multi search, each item of which is
#: answered as the search would be alone; ``closed`` the gate refuses it unless writes are allowed.
Expect = Literal["untouched", "wrapped", "ranked", "as-sent", "either", "items", "closed"]
Headers = tuple[tuple[str, str], ...]
#: For rows whose answers warn: OpenSearch gives a warning only once to each id.
FRESH = {"X-Opaque-Id": "{fresh}"}
#: An id of nothing, made up so that no engine reads a huge length out of it: Elasticsearch 7 would die of that.
NO_ID = "A2FiYwA="


@dataclass(frozen=True)
class Step:
    """One request."""

    method: str
    target: str
    body: bytes | None = None
    headers: Headers = ()
    #: Name → where in the answer (keys and positions, dotted) the value of a placeholder of later steps stands; in
    #: comparisons the name stands for the value.
    keeps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A named request of the catalogue."""

    name: str
    steps: tuple[Step, ...]
    expect: Expect = "untouched"
    #: Regular expressions: what they match in a body differs from one time to the next and is not compared.
    masks: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """The only step of a row that is no walk."""
        (only,) = self.steps
        return only


def step(
    method: str,
    target: str,
    body: Any = None,
    headers: Mapping[str, str] | Headers | None = None,
    keeps: Mapping[str, str] | None = None,
) -> Step:
    """A step; a body that is not bytes becomes JSON, with its content type unless another is given."""
    lines = list(headers.items() if isinstance(headers, Mapping) else headers or ())
    if body is not None and not any(name.lower() == "content-type" for name, _ in lines):
        lines.append(("Content-Type", "application/json"))
    return Step(method, target, _encoded(body), tuple(lines), keeps or {})


def search(
    name: str, body: Any = None, url: str = "", *, expect: Expect = "ranked", index: str = "{index}", **more: Any
) -> Row:
    """A search of the managed index, with ``url`` as its parameters."""
    masks = tuple(more.pop("masks", ()))
    target = f"/{index}/_search" + (f"?{url}" if url else "")
    method = more.pop("method", "GET" if body is None else "POST")
    return Row(name, (step(method, target, body, **more),), expect, masks)


def asks(name: str, method: str, target: str, body: Any = None, **more: Any) -> Row:
    """A request that passes as it is."""
    expect: Expect = more.pop("expect", "untouched")
    masks = tuple(more.pop("masks", ()))
    return Row(name, (step(method, target, body, **more),), expect, masks)


def walk(name: str, *steps: Step, masks: tuple[str, ...] = ()) -> Row:
    """Several steps, each of which passes as it is."""
    return Row(name, steps, "untouched", masks)


def msearch(name: str, body: Any, url: str = "", *, target: str = "/{index}/_msearch", **more: Any) -> Row:
    """A multi search: lines as values, each ended by a line feed, or the bytes as they are."""
    data = body if isinstance(body, bytes) else b"".join(_encoded(line) + b"\n" for line in body)  # type: ignore[operator]
    headers = more.pop("headers", {"Content-Type": "application/x-ndjson"})
    expect: Expect = more.pop("expect", "items")
    return Row(name, (step("POST", target + (f"?{url}" if url else ""), data, headers, **more),), expect)


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with the values of its placeholders."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _encoded(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
