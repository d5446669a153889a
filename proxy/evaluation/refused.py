"""Searches that the engine refuses as they are asked for: left out of what is measured, unless they are many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic

from sessionrank.errors import DataError

from .outcomes import CaseRefused, CaseT, MadeT, in_order

__all__ = ["Answered", "Refused", "answered"]

#: With a greater share, what is left is no sample of the log.
_MOST = 0.1


@dataclass(frozen=True)
class Refused:
    """How many searches were refused."""

    searches: int = 0
    #: What the engine said to the first of them; None where there is none.
    first: str | None = None

    def note(self, of: int) -> str:
        """A line about it, of so many searches; empty where none was refused."""
        if not self.searches:
            return ""
        return f"{self.searches:,} of {of:,} searches are refused and left out, such as this: {self.first}"

    def document(self) -> dict[str, Any]:
        """As it stands in JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Answered(Generic[MadeT]):
    """What was made of the cases that were answered, in their order."""

    made: list[MadeT]
    #: Their places among all cases.
    places: list[int]
    refused: Refused


def answered(
    work: Callable[[CaseT], MadeT], cases: Sequence[CaseT], threads: int, on_done: Callable[[int], None]
) -> Answered[MadeT]:
    """What ``work`` makes of each case; those that the engine refuses are left out and counted.

    ``on_done`` is told how many more are done.

    Raises:
        DataError: more than a tenth is refused.
        SessionrankError: whatever else ``work`` raises; the first one ends it.
    """

    def tried(case: CaseT) -> MadeT | CaseRefused:
        try:
            return work(case)
        except CaseRefused as refused:
            return refused

    made: list[MadeT] = []
    places: list[int] = []
    refused: list[CaseRefused] = []
    for place, one in enumerate(in_order(tried, cases, threads)):
        on_done(1)
        if not isinstance(one, CaseRefused):
            made.append(one)
            places.append(place)
            continue
        refused.append(one)
        if len(refused) > _MOST * len(cases):
            raise DataError(f"more than a tenth of the {len(cases):,} searches is refused, such as this: {refused[0]}")
    return Answered(made, places, Refused(len(refused), str(refused[0]) if refused else None))
