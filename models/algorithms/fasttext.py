"""fastText on sessions: word2vec whose items share the vectors of the letter n-grams of their ids (arXiv:1607.04606).

Defaults: the preset of the original write-up (rate .05, size 100, window 3, 100 epochs, 5 noise items, sample 1e-4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..parameters import parameter
from .gensim_vectors import GensimVectors

__all__ = ["FastText"]


@dataclass(frozen=True)
class FastText(GensimVectors):
    """Skip-gram or CBOW whose items share the vectors of their ids' letters, for ids with stems and endings."""

    name: ClassVar[str] = "fasttext"
    size: int = parameter(100, "Numbers in a vector.", least=1, most=4096)
    window: int = parameter(3, "Items of context on each side.", least=1, most=10_000)
    epochs: int = parameter(100, "Passes over the sessions.", least=1, most=1_000_000)
    negative: int = parameter(5, "Noise items for each item.", least=1, most=1_000_000)
    ns_exponent: float = parameter(
        0.75, "Shape of the noise: 1 draws items as often as they occur, 0 all alike.", least=-10, most=10
    )
    alpha: float = parameter(0.05, "Learning rate at the start.", above=0, most=100)
    sample: float = parameter(
        0.0001, "Items of a greater share of the events are thinned out; 0: none.", least=0, most=1
    )
    min_n: int = parameter(3, "Letters of the shortest n-grams.", least=1, most=20)
    max_n: int = parameter(6, "Letters of the longest n-grams; below min_n: no n-grams.", least=0, most=20)
    #: gensim's own 2,000,000 take 800 MB at 100 numbers each; ids of shops have far fewer n-grams.
    bucket: int = parameter(100_000, "Vectors that the n-grams share, by hash.", least=1, most=10_000_000)

    def _trainer(self, **options: Any) -> Any:
        from gensim.models import FastText as Trainer  # type: ignore[import-untyped]

        return Trainer(min_n=self.min_n, max_n=self.max_n, bucket=self.bucket, **options)
