"""Protocol "holdout": a second file holds the answers; its sessions are joined to those of the first by their names.

For data that comes already divided, such as views of users with no times. Every item that a user has in the second file
is an answer, and none of those in the first is recommended.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sessionrank.errors import ConfigurationError, DataError

from ..algorithms.base import LEAVE_OUT
from ..parameters import parameter
from ..sessions import Session, Sessions, encoded
from .base import Cases, Protocol
from .leave_last_out import LeaveLastOut

__all__ = ["Holdout"]


@dataclass(frozen=True)
class Holdout(Protocol):
    """Learn from the whole first file; ask for what the same sessions have in the second."""

    name: ClassVar[str] = "holdout"
    leave_out: str = parameter("all", "Items of the prefix that are not recommended.", choices=LEAVE_OUT)
    #: The sessions of the second file; not a parameter but data.
    held_back: Sequence[Session] | None = dataclasses.field(
        default=None, repr=False, compare=False, metadata={"data": True}
    )

    def hold_back(self, sessions: Sessions) -> tuple[Sessions, Cases]:
        if self.held_back is None:
            raise ConfigurationError(
                f"protocol {self.name} takes its answers from a second file: give it with --holdout"
            )
        held = encoded(self.held_back)
        names = _names(sessions, "the data")
        place = {name: row for row, name in enumerate(names)}
        # A name that a file holds twice is one session: its answers are put together.
        wanted: dict[int, dict[str, None]] = {}
        strangers = 0
        for name, session in zip(_names(held, "the held-back file"), held, strict=True):
            row = place.get(name)
            if row is None or not sessions.lengths[row]:
                strangers += 1
            elif session:
                wanted.setdefault(row, {}).update(dict.fromkeys(session))
        if not wanted:
            raise DataError(
                f"protocol {self.name}: no session of the held-back file ({len(held):,}) has the name of one in the "
                f"data ({len(names):,}); are both files of the same users?"
            )
        rows = np.array(sorted(wanted), dtype=np.int64)
        answers = tuple(tuple(wanted[row]) for row in rows.tolist())
        left_out = {"held-back sessions with no session to learn from": strangers} if strangers else {}
        return sessions, Cases(sessions.take(rows), answers, rows, left_out=left_out)

    def nested(self) -> Protocol:
        """The second file belongs to the test, so what is chosen inside is chosen by the last items of the first."""
        return LeaveLastOut(leave_out=self.leave_out, unknown=self.unknown)

    def describe(self) -> dict[str, Any]:
        return {name: value for name, value in super().describe().items() if name != "held_back"}


def _names(sessions: Sessions, what: str) -> tuple[str, ...]:
    if sessions.names is None:
        raise DataError(
            f"protocol holdout joins two files by the names of their sessions, and {what} has none: "
            "take a reader that gives names, and `sessionrank model prepare` with --names"
        )
    return sessions.names
