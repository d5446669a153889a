"""Where the clicked product of a search stood: in the engine's own order, and in others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import msgspec

from sessionrank.errors import BackendError
from sessionrank.searchlog import SearchCase

from ..splice import UnreadableAnswer, read_answer
from .products import reason_of

__all__ = ["PERSONALISED", "CaseRefused", "Outcome", "check_answer", "in_order", "rank_in", "total_of"]

#: What stands in the place of a reason where an answer was personalised.
PERSONALISED = "personalised"
#: Pieces of work that each thread has before it at a time.
_AHEAD = 32
#: Statuses by which an engine (or a proxy, for its guards and limits) blames what one search asks for.
_BLAMED = (400, 413)

CaseT = TypeVar("CaseT")
MadeT = TypeVar("MadeT")


class CaseRefused(BackendError):
    """One search is refused for what it asks for, such as a text that cannot be parsed; others may be answered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One search under several orders. Ranks count from 1; 0 where the product is not among the window's hits."""

    #: By popularity, as the engine has it.
    plain: int
    #: In each order that was asked for.
    ranks: tuple[int, ...]
    #: Why each was not personalised, or ``personalised``.
    reasons: tuple[str, ...]
    #: Hits that the search has in all; None where the engine did not say.
    total: int | None
    #: In the engine's order without popularity; None where that was not asked for.
    raw: int | None = None


class _Total(msgspec.Struct):
    value: int


class _Hits(msgspec.Struct):
    total: int | _Total | None = None


class _Counted(msgspec.Struct):
    hits: _Hits


_counted = msgspec.json.Decoder(_Counted)


def total_of(body: bytes) -> int | None:
    """How many hits a search has, by an answer to it; None where it does not say."""
    try:
        total = _counted.decode(body).hits.total
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return total.value if isinstance(total, _Total) else total


def rank_in(body: bytes, case: SearchCase, item_id: str) -> int:
    """The rank of the clicked product in an answer; 0 where it is not there.

    Raises:
        BackendError: that is no search answer.
    """
    try:
        items = read_answer(body).items(item_id)
    except UnreadableAnswer as error:
        raise BackendError(f"the answer to the search {case.query[:60]!r} cannot be read: {error}") from error
    return items.index(case.clicked) + 1 if case.clicked in items else 0


def check_answer(status: int, body: bytes, case: SearchCase) -> None:
    """Raises ``BackendError`` where a search was not answered with hits; :class:`CaseRefused` if it is to blame."""
    if status == 200:
        return
    if status in (429, 503):
        raise BackendError(f"the engine is too busy to be measured ({status}); try again with fewer --threads")
    kind = CaseRefused if status in _BLAMED else BackendError
    raise kind(f"the search {case.query[:60]!r} was answered with {status}: {reason_of(body)}")


def in_order(work: Callable[[CaseT], MadeT], cases: Sequence[CaseT], threads: int) -> Iterator[MadeT]:
    """What ``work`` makes of each case, in their order, by several threads; the first exception ends it."""
    waiting = iter(cases)
    with ThreadPoolExecutor(threads) as pool:
        while chunk := list(islice(waiting, threads * _AHEAD)):
            yield from pool.map(work, chunk)
