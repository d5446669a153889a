"""Words of product names that somebody would search for. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

__all__ = ["search_words", "words_of"]

#: What parts two words for the engines' standard analyzer, too. Apostrophe, full stop, colon, middle dot and underscore
#: are not here: between letters it keeps them, so that of "o'clock" and "tea.coffee" no part is a word of its own.
_BETWEEN_WORDS = re.compile(r"""[\s!"#$%&()*+,\-/;<=>?@\[\\\]^`{|}~£€§°¡¿«»“”„–—…]+""")
_AT_THE_ENDS = "'’‘.:·"
#: Letters of the shortest word, and of the longest, which the analyzer would cut.
_LEAST, _MOST = 3, 255


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, each once, in its order, in lower case: letters alone, at least three of them.

    What holds a digit or a sign is no such word, nor are its parts. Where a script has no spaces, what stands together
    is one word; the engine parts it in the name and in the query alike.
    """
    parts = (part.strip(_AT_THE_ENDS).lower() for part in _BETWEEN_WORDS.split(name))
    return tuple(dict.fromkeys(part for part in parts if _LEAST <= len(part) <= _MOST and part.isalpha()))


def search_words(names: Mapping[str, str], *, least: int) -> dict[str, tuple[str, ...]]:
    """By sku the words of its name that stand in at least ``least`` of the names; skus without any are left out."""
    counts: Counter[str] = Counter()
    for name in names.values():
        counts.update(words_of(name))
    found = {}
    for sku, name in names.items():
        if words := tuple(word for word in words_of(name) if counts[word] >= least):
            found[sku] = words
    return found
