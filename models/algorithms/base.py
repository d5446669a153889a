"""The contract of algorithms: sessions in, a model out that scores the likely next items.

An algorithm is a frozen dataclass whose fields are its parameters, each made by ``parameters.parameter`` with a default
and a range, ``seed`` among them; fitting twice with equal fields on equal sessions gives equal models. To add one,
write one file with one such class and its model, and name it in ``registry.py``; the contract suite,
``tests/contract/test_algorithms.py``, then runs on it.
"""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.covisits import CovisitsFile
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from ..parameters import check_ranges, parameter
from ..sessions import Sessions, encoded

__all__ = ["LEAVE_OUT", "Algorithm", "Epoch", "Model", "OnEpoch", "best", "learnable"]

#: Which items of the prefix are never recommended: the last one that training saw, any of them, or none.
LEAVE_OUT = ("last", "all", "nothing")
#: Scores held at a time, in numbers: 64 MiB of float32.
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Epoch:
    """What is told after each pass over the sessions."""

    #: Passes done so far: 1, 2, …
    number: int
    #: The training loss of this pass, where the algorithm knows it.
    loss: float | None
    #: The model as it is now; costs time only when it is asked for.
    model: Callable[[], Model]


OnEpoch = Callable[[Epoch], None]


class Model(ABC):
    """What an algorithm has learned."""

    #: Scores are sums of weights above 0, so that an item's share of its row means something.
    additive: ClassVar[bool] = False

    def __init__(self, items: tuple[str, ...], meta: dict[str, Any]) -> None:
        #: The items that the model can recommend, in the order of the columns of :meth:`score`.
        self.items = items
        #: Where the model comes from, as its file will say; what is added to it is saved.
        self.meta = meta

    @abstractmethod
    def score(self, prefixes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """How likely each item is to come next: (len(prefixes) × len(items)), higher is likelier.

        ``-inf`` where the model says nothing. Items of a prefix that training did not see are passed over; a prefix
        that holds nothing known gets what the algorithm says without one, or nothing at all.
        """

    def recommend(self, prefix: Sequence[str], k: int, *, leave_out: str = "last") -> list[str]:
        """The ``k`` likeliest next items after ``prefix`` (oldest first), best first, each at most once."""
        return self.recommend_many([prefix], k, leave_out=leave_out)[0]

    def recommend_many(self, prefixes: Sequence[Sequence[str]], k: int, *, leave_out: str = "last") -> list[list[str]]:
        """:meth:`recommend` for many prefixes at once, in one matrix of scores (in chunks of bounded memory)."""
        items = self.items
        found: list[list[str]] = []
        for rows in self.ranked(prefixes, k, leave_out=leave_out):
            found.extend([items[code] for code in row if code >= 0] for row in rows.tolist())
        return found

    def ranked(
        self, prefixes: Sequence[Sequence[str]], k: int, *, leave_out: str = "last"
    ) -> Iterator[NDArray[np.int64]]:
        """The columns of the ``k`` best items, chunk by chunk: arrays (prefixes of the chunk × k), -1 where no more."""
        step = max(1, _CHUNK // max(1, len(self.items)))
        for start in range(0, len(prefixes), step):
            chunk = prefixes[start : start + step]
            scores = self.score(chunk)
            self._leave_out(scores, chunk, leave_out)
            yield best(scores, k)

    def _leave_out(self, scores: NDArray[np.float32], prefixes: Sequence[Sequence[str]], what: str) -> None:
        if what == "nothing":
            return
        column = self._column
        for row, prefix in enumerate(prefixes):
            known = (column[item] for item in reversed(prefix) if item in column)
            scores[row, list(known if what == "all" else itertools.islice(known, 1))] = -np.inf

    @cached_property
    def _column(self) -> dict[str, int]:
        return {item: column for column, item in enumerate(self.items)}

    @property
    def vectors(self) -> VectorsFile | None:
        """The item vectors (n × d, unit length) with their origin, where the algorithm has any."""
        return None

    @property
    def covisits(self) -> CovisitsFile | None:
        """The strongest neighbours of each item, where the algorithm makes them for the store."""
        return None

    @abstractmethod
    def save(self, path: Path | str) -> None:
        """Write all that :meth:`Algorithm.load` needs to one file."""


@dataclass(frozen=True)
class Algorithm(ABC):
    """A way to learn from sessions."""

    #: The name that it has in the registry and in every file.
    name: ClassVar[str]
    seed: int = parameter(123, "Start of everything random; equal seeds give equal models.", least=0, most=2**32 - 1)

    def __post_init__(self) -> None:
        check_ranges(self.name, self)

    @property
    def epochs_planned(self) -> int:
        """How often ``on_epoch`` will be called: as often as the parameter ``epochs`` says, where there is one."""
        return int(getattr(self, "epochs", 0))

    @abstractmethod
    def fit(self, sessions: Sequence[Sequence[str]], *, on_epoch: OnEpoch | None = None) -> Model:
        """Learn from sessions of item ids, oldest first.

        Raises:
            DataError: there is nothing to learn from.
            ConfigurationError: the parameters cannot work.
        """

    @classmethod
    @abstractmethod
    def load(cls, path: Path | str) -> Model:
        """A model that :meth:`Model.save` wrote; it recommends what the saved one did.

        Raises:
            DataError: the file is missing or is something else.
        """

    @classmethod
    def check_described(cls, path: Path | str, meta: Mapping[str, Any]) -> None:
        """Compare what the file at ``path`` says of its making (:meth:`describe`) with what the algorithm has.

        Raises:
            DataError: a parameter is missing, unknown or out of its range.
        """
        try:
            lacking = {field.name for field in dataclasses.fields(cls)} - {"seed"} - set(meta["parameters"])
            cls._built({**meta["parameters"], "seed": meta["seed"]})
        except (ConfigurationError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}: its parameters are damaged: {error}") from error
        if lacking:
            raise DataError(f"{path}: the parameter {min(lacking)} is missing from it; train it again")

    @classmethod
    def _built(cls, parameters: Mapping[str, Any]) -> Algorithm:
        return cls(**parameters)

    def describe(self, **libraries: str) -> dict[str, Any]:
        """What a file says of how it was made: algorithm, parameters, seed, versions of libraries."""
        parameters = dataclasses.asdict(self)
        seed = parameters.pop("seed")
        versions = {"numpy": np.__version__, **libraries}
        return {"algorithm": self.name, "seed": seed, "parameters": parameters, "libraries": versions}


def learnable(sessions: Sequence[Sequence[str]]) -> Sessions:
    """The arrays of sessions that hold something to learn from.

    Raises:
        DataError: no session holds an item.
    """
    data = encoded(sessions)
    if not data.events:
        raise DataError("no session holds an item to learn from")
    return data


def best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The columns of the ``k`` highest scores of each row, best first; equal ones in the order of the columns.

    Returns:
        (rows × min(k, columns)) columns; -1 from where a row has only ``-inf`` left.
    """
    n = scores.shape[1]
    k = max(0, min(k, n))
    if k == 0:
        return np.empty((len(scores), 0), dtype=np.int64)
    # What is sorted as a whole costs n log n a row; a partition first, then only the k.
    if k < n:
        edge = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
        above = scores > edge
        # Of those equal to the k-th best the first columns win, so that ties never hang on the partition.
        level = scores == edge
        room = k - above.sum(axis=1, keepdims=True)
        taken = above | (level & (np.cumsum(level, axis=1) <= room))
        columns = np.nonzero(taken)[1].reshape(len(scores), k)
    else:
        columns = np.broadcast_to(np.arange(n), scores.shape)
    values = np.take_along_axis(scores, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    ranked = np.take_along_axis(columns, order, axis=1).astype(np.int64)
    ranked[np.take_along_axis(values, order, axis=1) == -np.inf] = -1
    return ranked
