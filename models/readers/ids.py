"""Ids of sessions and items as small whole numbers, given in the order in which they come."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["EMPTY", "LONGEST", "UNUSABLE", "Ids"]

#: The code of an id that is missing or empty.
EMPTY = -1
#: The code of an id that is too long, no text, or holds what no id may.
UNUSABLE = -2
#: Longest id, in characters. Engines take 512 bytes as a document's id, and a vectors file pads all ids to the longest.
LONGEST = 512


class Ids(dict[Any, int]):
    """``ids[value]`` is the code of an id, a new one where it is new; ``ids.texts`` are the ids by code.

    Values may be text, bytes in UTF-8 or whole numbers; white space around them does not count. Only codes from 0 on
    stand for an id: others are :data:`EMPTY` or :data:`UNUSABLE`, and cost no memory.
    """

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def __missing__(self, value: Any) -> int:
        text = _text(value)
        if isinstance(text, int):
            return text
        if text is value:
            self[text] = len(self.texts)
            self.texts.append(text)
        elif type(value) is int:
            self[value] = self[text]  # kept, for a file of numbers would come here for each of them
        return self[text]


def _text(value: Any) -> str | int:
    """The id as text, or :data:`EMPTY` or :data:`UNUSABLE`."""
    if isinstance(value, bool):
        return UNUSABLE
    if isinstance(value, float):
        # A column of whole numbers with gaps arrives as floats.
        if math.isnan(value):
            return EMPTY
        value = str(int(value)) if value.is_integer() else UNUSABLE
    elif isinstance(value, int):
        value = str(value) if abs(value) < 10**LONGEST else UNUSABLE
    elif isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return UNUSABLE
    if not isinstance(value, str):
        return EMPTY if value is None else UNUSABLE
    text = value.strip()
    if not text:
        return EMPTY
    return text if len(text) <= LONGEST and "\0" not in text and _is_unicode(text) else UNUSABLE


def _is_unicode(text: str) -> bool:
    """Whether ``text`` can be written: half of a surrogate pair, which JSON can hold, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
