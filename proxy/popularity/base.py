"""The contract of popularity modes: pure functions from the client's query to the query that the engine gets.

A mode must keep the hit set and must never let a more popular product score lower than an equal, less popular one.
Script text is constant and takes its values as ``params``, so that the engine compiles it once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.resources import files
from typing import Any

__all__ = ["PopularityMode", "script"]


class PopularityMode(ABC):
    """One way to lift popular products."""

    @abstractmethod
    def wrap(self, query: Any, *, field: str, weight: float) -> Any:
        """``query`` (any JSON value, also ``msgspec.Raw``) wrapped so that ``field`` lifts its scores by ``weight``."""


def script(name: str) -> str:
    """The Painless source of ``scripts/<name>.painless``, on one line."""
    text = (files(__package__) / "scripts" / f"{name}.painless").read_text(encoding="utf-8")
    return " ".join(line.strip() for line in text.splitlines() if not line.lstrip().startswith("//"))
