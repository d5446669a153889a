"""What a visitor typed, found in a query: the one text that its full-text queries look for.

Clients build a query in many ways (a ``match`` in a ``bool``, a ``multi_match`` with boosts, a ``query_string`` …), and
repeat the text in several clauses. Two different texts, or none, are no answer; what only adds to the score of hits
that something else has to find (``should`` beside ``must``) is not looked at.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

__all__ = ["query_text"]

#: Queries that name a field first, and those that have their text under ``query``.
_BY_FIELD = frozenset({"match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "term"})
_TEXTS = frozenset({"multi_match", "query_string", "simple_query_string", "combined_fields"})
_TEXT_OF = ("query", "value")
#: Clauses that are no part of what was typed.
_LEFT_OUT = frozenset({"filter", "must_not", "negative"})
#: What stands around a text in a query string: a field, parentheses, quotation marks.
_AROUND = re.compile(r'(?:[\w.*^-]+:)?\s*[("]*(.*?)[)"]*\s*', re.DOTALL)
#: Objects and lists looked into; more make no text that somebody typed.
_MOST = 200


def query_text(query: bytes) -> str:
    """The text, or nothing where there is not exactly one. Filters and what is excluded are not looked at.

    Args:
        query: JSON text.
    """
    try:
        waiting: list[Any] = [msgspec.json.decode(query)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    found: set[str] = set()
    looked = 0
    while waiting and len(found) < 2 and looked < _MOST:
        value = waiting.pop()
        looked += 1
        if isinstance(value, list):
            waiting.extend(one for one in value if isinstance(one, (list, dict)))
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name in _BY_FIELD and isinstance(inner, dict):
                    found |= {text for one in inner.values() if (text := _text(one))}
                elif name in _TEXTS and isinstance(inner, dict):
                    text = _text(inner)
                    found |= {each for each in [_bare(text) if "string" in name else text] if each}
                elif name == "constant_score" and isinstance(inner, dict):
                    waiting.extend(one for one in inner.values() if isinstance(one, dict))
                elif name not in _LEFT_OUT and isinstance(inner, (list, dict)) and not _is_beside(name, value):
                    waiting.append(inner)
    return found.pop() if len(found) == 1 and not waiting else ""


def _is_beside(name: str, query: dict[str, Any]) -> bool:
    """Whether a clause only adds to the score of what another one has to find."""
    return name == "should" and bool(query.get("must"))


def _bare(text: str) -> str:
    """``name:(red mug)`` and ``"red mug"`` as ``red mug``."""
    found = _AROUND.fullmatch(text)
    return found[1].strip() if found else text


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in _TEXT_OF if name in value), "")
    return value.strip() if isinstance(value, str) else ""
