"""The contract of protocols: which events a model may learn from, what it is asked, and what counts as an answer.

A protocol is a frozen dataclass whose fields are its parameters. To add one, write one file with one such class and
name it in ``registry.py``; the contract suite, ``tests/contract/test_protocols.py``, then runs on it. What is learned
from never depends on the draw, so that one trained model can be measured over many draws.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from ..algorithms.base import LEAVE_OUT
from ..parameters import check_ranges, parameter
from ..sessions import Session, Sessions, encoded

__all__ = ["PARTS", "UNKNOWN", "Cases", "Protocol", "Split", "last_events"]

#: The parts that a split draws; what is chosen is chosen on the first, what is claimed is claimed on the second.
PARTS = ("validation", "test")
#: An answer that training never saw counts as not found, or its case is left out.
UNKNOWN = ("miss", "skip")


@dataclass(frozen=True, eq=False)
class Cases:
    """Questions with their answers."""

    #: The whole history before the answer, oldest first; the query item is its last.
    prefixes: Sequence[Session]
    #: What came next: usually one item each, at least one, none twice.
    answers: tuple[tuple[str, ...], ...]
    #: The number that each case's session has in the sessions that the protocol was given (int64).
    rows: NDArray[np.int64]
    #: Kinds of cases that the protocol tells apart, by name → which cases are of it.
    kinds: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    #: Cases that are not here: why → how many.
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {len(self.prefixes), len(self.answers), len(self.rows), *map(len, self.kinds.values())}
        if len(sizes) > 1:
            raise ValueError(f"prefixes, answers, rows and kinds of different lengths: {sorted(sizes)}")

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, at: NDArray[Any]) -> Cases:
        """The cases at these places, in that order."""
        at = np.asarray(at, dtype=np.int64)
        places = at.tolist()
        held = self.prefixes
        return Cases(
            prefixes=held.take(at) if isinstance(held, Sessions) else [held[place] for place in places],
            answers=tuple(self.answers[place] for place in places),
            rows=self.rows[at],
            kinds={name: which[at] for name, which in self.kinds.items()},
        )


@dataclass(frozen=True, eq=False)
class Split:
    """What to learn from, what to choose by, and what to claim."""

    train: Sessions
    validation: Cases
    test: Cases


@dataclass(frozen=True)
class Protocol(ABC):
    """A way to measure next-item recommendation."""

    #: The name that it has in the registry and in every file.
    name: ClassVar[str]
    leave_out: str = parameter("last", "Items of the prefix that are not recommended.", choices=LEAVE_OUT)
    unknown: str = parameter("miss", "A case whose answers training never saw: a miss, or skipped.", choices=UNKNOWN)

    def __post_init__(self) -> None:
        check_ranges(f"protocol {self.name}", self)

    @abstractmethod
    def hold_back(self, sessions: Sessions) -> tuple[Sessions, Cases]:
        """What may be learned from, and a case for every session that can give one, whatever its answer.

        Raises:
            DataError: the sessions lack what the protocol needs.
        """

    def cases(self, sessions: Sequence[Session]) -> tuple[Sessions, Cases]:
        """The training part, and every case that the sessions give.

        The training part holds no event that is an answer, no session without an event and no item without one. For a
        split of the training part itself, to choose by, use ``nested().cases(split.train)``.

        Raises:
            DataError: the sessions lack what the protocol needs, or nothing is left to learn from.
        """
        train, cases = self.hold_back(encoded(sessions))
        train = train.take(np.flatnonzero(train.lengths)).compacted()
        if not train.events:
            raise DataError(f"protocol {self.name}: no event is left to learn from; give longer sessions, or more")
        if self.unknown == "skip":
            cases = _with_known_answers(cases, train)
        return train, cases

    def draw(self, count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which of ``count`` cases validate and which test: two halves, unless the protocol says otherwise.

        Raises:
            DataError: there are too few.
        """
        if count < 2:
            raise DataError(
                f"protocol {self.name} needs at least 2 sessions that give a case, one to validate and one to test; "
                f"there {'is 1' if count else 'are none'}"
            )
        order = np.random.default_rng(seed).permutation(count)
        return order[count // 2 :], order[: count // 2]

    def split(self, sessions: Sequence[Session], seed: int) -> Split:
        """One draw of validation and test; the training part is the same for every seed.

        Raises:
            DataError: as in :meth:`cases`, or there are too few cases.
        """
        train, cases = self.cases(sessions)
        validation, test = self.draw(len(cases), seed)
        return Split(train, cases.take(validation), cases.take(test))

    def nested(self) -> Protocol:
        """The protocol for the training part of this one: nothing of any answer held back here is in its cases."""
        return self

    def describe(self) -> dict[str, Any]:
        """Name and parameters, as a file says them."""
        return {"name": self.name, **{one.name: getattr(self, one.name) for one in dataclasses.fields(self)}}


def last_events(sessions: Sessions, rows: NDArray[Any]) -> Cases:
    """Cases that ask for the last event of each session in ``rows``, given all the events before it.

    Where the sessions have visits, cases within one visit and across two are told apart.
    """
    rows = np.asarray(rows, dtype=np.int64)
    last = sessions.offsets[rows + 1] - 1
    kinds = {}
    if sessions.visits is not None:
        within = sessions.visits[last] == sessions.visits[last - 1]
        kinds = {"within a visit": within, "across visits": ~within}
    return Cases(
        prefixes=sessions.take(rows).without_last(),
        answers=tuple((sessions.items[code],) for code in sessions.codes[last].tolist()),
        rows=rows,
        kinds=kinds,
    )


def _with_known_answers(cases: Cases, train: Sessions) -> Cases:
    """Only answers that training saw, and only cases that still have one."""
    known = set(train.items)
    answers = [tuple(item for item in wanted if item in known) for wanted in cases.answers]
    there = np.flatnonzero([bool(wanted) for wanted in answers])
    kept = cases.take(there)
    left_out = {**cases.left_out, "training saw none of the answers": len(cases) - len(there)}
    return dataclasses.replace(kept, answers=tuple(answers[place] for place in there.tolist()), left_out=left_out)
