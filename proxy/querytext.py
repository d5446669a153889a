"""What a visitor typed, found in a query: the one text that its full-text queries look for.

Clients build a query in many ways (a ``match`` in a ``bool``, a ``multi_match`` with boosts, a ``query_string`` …), and
repeat the text in several clauses. Two different texts, or none, are no answer.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["query_text"]

#: Queries that name a field first, and those that have their text under ``query``.
_BY_FIELD = frozenset({"match", "match_phrase", "match_phrase_prefix", "match_bool_prefix", "term"})
_TEXTS = frozenset({"multi_match", "query_string", "simple_query_string", "combined_fields"})
_TEXT_OF = ("query", "value")
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
                    found |= {text for text in [_text(inner)] if text}
                elif name not in ("filter", "must_not") and isinstance(inner, (list, dict)):
                    waiting.append(inner)
    return found.pop() if len(found) == 1 and not waiting else ""


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in _TEXT_OF if name in value), "")
    return value.strip() if isinstance(value, str) else ""
