"""The contract of algorithms: sessions in, a model out that names the likely next items.

An algorithm is a frozen dataclass whose fields are its parameters, ``seed`` among them, each with a default; fitting
twice with equal fields on equal sessions gives equal models. To add one, write one file with one such class and its
model, and name it in ``registry.py``; ``tests/contract/test_algorithms.py`` then runs on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessionrank.vectors import VectorsFile

__all__ = ["Algorithm", "Model", "OnEpoch"]

#: Called after each pass over the sessions, with the number of passes done so far (1, 2, …).
OnEpoch = Callable[[int], None]


class Model(ABC):
    """What an algorithm has learned."""

    @abstractmethod
    def recommend(self, prefix: Sequence[str], k: int) -> list[str]:
        """The ``k`` likeliest next items after ``prefix`` (oldest first), best first, each at most once.

        The last item of the prefix is never among them, earlier ones may be. Items that training did not see are
        passed over; a prefix that holds nothing known gives the empty list, or what the algorithm says without one.
        """

    @property
    def vectors(self) -> VectorsFile | None:
        """The item vectors (n × d, unit length) with their origin, where the algorithm has any."""
        return None

    @abstractmethod
    def save(self, path: Path | str) -> None:
        """Write all that :meth:`Algorithm.load` needs to one file."""


@dataclass(frozen=True)
class Algorithm(ABC):
    """A way to learn from sessions."""

    #: Start of everything random.
    seed: int = 123

    @property
    @abstractmethod
    def epochs_planned(self) -> int:
        """How often ``on_epoch`` will be called."""

    @abstractmethod
    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> Model:
        """Learn from sessions of item ids, oldest first.

        Raises:
            DataError: there is nothing to learn from.
            ConfigurationError: the parameters cannot work.
        """

    @staticmethod
    @abstractmethod
    def load(path: Path | str) -> Model:
        """A model that :meth:`Model.save` wrote; it recommends what the saved one did.

        Raises:
            DataError: the file is missing or is something else.
        """
