"""Where the time of one request went, and by when the engine must have answered."""

from __future__ import annotations

import time
from types import TracebackType

from .deadline import Deadline

__all__ = ["Stopwatch"]


class Stopwatch:
    """Seconds by part (``engine``, ``store``, ``rank``); ``with watch("store"):`` times one, as often as need be.

    Parts never overlap, so one object serves for all of them.
    """

    __slots__ = ("_part", "_started", "deadline", "seconds")

    def __init__(self, deadline: Deadline) -> None:
        #: One for all that the engine is asked for this request.
        self.deadline = deadline
        self.seconds: dict[str, float] = {}
        self._part = ""
        self._started = 0.0

    def __call__(self, part: str) -> Stopwatch:
        self._part, self._started = part, time.perf_counter()
        return self

    def __enter__(self) -> None:
        """Has begun with the call."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds[self._part] = self.seconds.get(self._part, 0.0) + time.perf_counter() - self._started
