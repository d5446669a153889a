"""The file that ``sessionrank model prepare`` wrote: everything was left out then that was to be left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from ..prepared import load_sessions
from .base import Reader, SessionData

__all__ = ["Prepared"]


@dataclass(frozen=True)
class Prepared(Reader):
    """``sessions.npz``; the limits are none at all until some are given, and then apply to what the file holds."""

    min_length: int = 1
    max_length: int = 0

    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        sessions, meta = load_sessions(path, names=names)
        source = {name: value for name, value in meta.items() if name in ("data", "dropped", "left_out")}
        return replace(self.select(path, sessions, Counter()), source=source)
