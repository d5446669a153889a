"""The body of a multi-search: for each item a line with its header and a line with its search."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .searchbody import Fields, Unreadable, read_fields

__all__ = ["Lines", "names_of", "read_header", "read_items"]

#: The header and the search of one item, without their line ends.
Lines = tuple[bytes, bytes]


def read_items(body: bytes) -> list[Lines]:
    """The items of a multi-search; their lines stay as they came.

    Raises:
        Unreadable: the last line has no end, the first is empty or one is left over: engines differ in what they make
            of these.
    """
    if not body.endswith(b"\n"):
        raise Unreadable("the last line has no end")
    lines = body[:-1].split(b"\n")
    if len(lines) % 2 or not lines[0].strip():
        raise Unreadable("not pairs of a header and a search")
    return list(zip(lines[::2], lines[1::2], strict=True))


def read_header(line: bytes) -> Fields:
    """The members of an item's header, which may be an empty line. Raises ``Unreadable``."""
    return read_fields(line.strip())


def names_of(header: Fields, names: Sequence[str]) -> tuple[str, ...]:
    """The indices that an item searches: those of its header, else those of the URL (``names``).

    Raises:
        Unreadable: the header names them in a way of its own, or twice.
    """
    given = [header[name] for name in ("index", "indices") if name in header]
    if not given:
        return tuple(names)
    try:
        value = msgspec.json.decode(given[0], type=str | list[str])
    except msgspec.MsgspecError as error:
        raise Unreadable(str(error)) from error
    if len(given) > 1:
        raise Unreadable("index and indices")
    return tuple(name for text in ([value] if isinstance(value, str) else value) for name in text.split(","))
