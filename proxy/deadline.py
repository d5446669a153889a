"""One deadline over several steps of I/O."""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """A point in time that a piece of work must be done by; hand the same one to every step of it."""

    __slots__ = ("_end",)

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; zero or less when the time is used up."""
        return self._end - time.monotonic()
