"""Texts as rows of numbers: words, neighbouring words and pieces of words, weighted by how telling they are."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from .texts import LONGEST_TEXT

__all__ = ["TextFeatures", "terms"]

_WORD = re.compile(r"\w+")
#: Lengths of the pieces of a word, of which the ends are marked.
_PIECES = (3, 4, 5)


def terms(text: str) -> list[str]:
    """What a text is made of, without regard to case: words ``w:…``, neighbours ``b:… …`` and pieces ``c:…``.

    Pieces let *candles* stand near *candle*, and *T-light* near *tlight*.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold())
    found = [f"w:{word}" for word in words]
    found += [f"b:{one} {two}" for one, two in itertools.pairwise(words)]
    for word in words:
        marked = f"<{word}>"
        found += [f"c:{marked[at : at + n]}" for n in _PIECES for at in range(len(marked) - n + 1)]
    return found


@dataclass(frozen=True)
class TextFeatures:
    """TF-IDF over the terms that at least ``min_texts`` of the training texts share; rows have length 1, or are zero.

    A row is zero when the text shares no term with those of training: then it says nothing that was learned from.
    """

    #: Column by term.
    columns: dict[str, int]
    #: Weight of each column.
    weights: NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str], *, min_texts: int = 2, most: int = 50_000) -> TextFeatures:
        """The ``most`` most frequent terms of ``texts``; memory is bounded by the number of different terms."""
        frequency: Counter[str] = Counter()
        for text in texts:
            frequency.update(set(terms(text)))
        kept = sorted((term for term, n in frequency.items() if n >= min_texts), key=lambda term: -frequency[term])
        columns = {term: column for column, term in enumerate(kept[:most])}
        idf = [math.log((1 + len(texts)) / (1 + frequency[term])) + 1 for term in columns]
        return cls(columns, np.array(idf, dtype=np.float32))

    def rows(self, texts: Iterable[str]) -> sparse.csr_array:
        """(len(texts) × len(columns)) float32."""
        offsets, indices, data = [0], [], []
        for columns, values in map(self._row, texts):
            indices += columns
            data += values
            offsets.append(len(indices))
        shape = (len(offsets) - 1, len(self.columns))
        arrays = np.array(data, dtype=np.float32), np.array(indices, dtype=np.int32), np.array(offsets, dtype=np.int64)
        return sparse.csr_array(arrays, shape=shape)

    def _row(self, text: str) -> tuple[list[int], list[float]]:
        counts = Counter(self.columns[term] for term in terms(text) if term in self.columns)
        raw = [(1 + math.log(n)) * float(self.weights[column]) for column, n in counts.items()]
        length = math.sqrt(sum(value * value for value in raw)) or 1.0
        return list(counts), [value / length for value in raw]
