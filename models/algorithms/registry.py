"""The algorithms by name."""

from __future__ import annotations

from sessionrank.errors import ConfigurationError

from .base import Algorithm
from .word2vec import Word2Vec

__all__ = ["ALGORITHMS", "algorithm_class"]

ALGORITHMS: dict[str, type[Algorithm]] = {
    "word2vec": Word2Vec,
}


def algorithm_class(name: str) -> type[Algorithm]:
    """The algorithm ``name``; raises :class:`ConfigurationError` when there is none."""
    if name not in ALGORITHMS:
        raise ConfigurationError(f"unknown algorithm {name!r}; there are {', '.join(sorted(ALGORITHMS))}")
    return ALGORITHMS[name]
