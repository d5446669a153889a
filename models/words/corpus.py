"""A text as sentences of clean words, read block by block: in flat memory, however long its lines are."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

from ..sessions import Sessions, encoded

__all__ = ["Corpus", "read_corpus", "sentences"]

_BLOCK = 1 << 16
#: More letters in a row are no word of any language.
_LONGEST_WORD = 64
#: A sentence without an end (a list, a file without punctuation) is cut here; windows are far smaller.
_LONGEST_SENTENCE = 1000
_REPORT_EVERY = 50_000


@dataclass(frozen=True)
class Corpus:
    """What was read of a text."""

    #: Sentences of at least two words.
    sentences: Sessions
    #: Whether there was more of it than was asked for.
    cut: bool


def read_corpus(
    path: Path | str,
    *,
    most_words: int,
    encoding: str = "utf-8-sig",
    on_words: Callable[[int], None] | None = None,
) -> Corpus:
    """The first ``most_words`` words of a text, plain or gzipped, to the end of the sentence that they stand in.

    Args:
        on_words: called now and then with the number of words so far.

    Raises:
        DataError: the file cannot be read, or holds no sentence of two words.
    """
    words = 0

    def counted(found: Iterable[list[str]]) -> Iterator[list[str]]:
        nonlocal words
        for sentence in found:
            told, words = words // _REPORT_EVERY, words + len(sentence)
            if on_words and words // _REPORT_EVERY > told:
                on_words(words)
            yield sentence
            if words >= most_words:
                return

    with open_text(path, encoding=encoding) as text:
        found = (sentence for sentence in sentences(iter(lambda: text.read(_BLOCK), "")) if len(sentence) > 1)
        made = encoded(counted(found))
        cut = words >= most_words and next(found, None) is not None
    if not words:
        raise DataError(f"{path}: no sentence of two words in it; is this a text?")
    return Corpus(made, cut)


def sentences(blocks: Iterable[str]) -> Iterator[list[str]]:
    """Sentences of words, out of a text that comes in blocks of any size.

    A word is a run of letters, with apostrophes inside; it is normalised (NFKC) and put in lower case. Digits and
    signs part words, as white space does; languages written without it need words parted beforehand. A sentence ends
    at ``.``, ``!`` and ``?`` (and their like) before white space or a closing mark, and at a blank line.
    """
    sentence: list[str] = []
    for match in itertools.chain.from_iterable(_pattern().finditer(part) for part in _parts(blocks)):
        word = match.group("word")
        if word is None or len(sentence) >= _LONGEST_SENTENCE:
            if sentence:
                yield sentence
            sentence = []
        if word is not None and len(word) <= _LONGEST_WORD:
            # Interned: a word that stands in a million sentences is kept in memory once.
            sentence.append(sys.intern(word))
    if sentence:
        yield sentence


def _parts(blocks: Iterable[str]) -> Iterator[str]:
    """The text in parts that end where a word and a run of white space cannot go on, cleaned."""
    rest = ""
    for block in blocks:
        rest += block
        # Before the last run of white space: whether that is a blank line is seen with the next block only.
        end = len(rest.rstrip()) if rest[-1:].isspace() else _last_space(rest)
        if end > 0 or len(rest) > 4 * _BLOCK:
            # Four blocks without white space are no words; so much of nothing is let go in one piece.
            end = end if end > 0 else len(rest)
            yield _cleaned(rest[:end])
            rest = rest[end:]
    yield _cleaned(rest)


def _last_space(text: str) -> int:
    words = text.rsplit(None, 1)
    return len(words[0]) if len(words) == 2 else 0


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()


@cache
def _pattern() -> re.Pattern[str]:
    # The vowel signs of Devanagari and its like are marks, not letters, to the re module; words go on across them.
    marks = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "M")
    letters = rf"[^\W\d_]+(?:[{marks}]+[^\W\d_]*)*"
    ends = r"[.!?\u0964\u06d4](?=[\s\"')\]\u00bb\u201d]|$)|\u3002"
    return re.compile(rf"(?P<word>{letters}(?:'{letters})*)|(?P<end>{ends}|\n\s*\n)")
