"""User–product pairs without times, one a row, in CSV, TSV, JSON lines or Parquet (told by the suffix)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .base import SessionData, TextReader
from .blocks import blocks
from .event_log import EventLog

__all__ = ["Pairs"]


@dataclass(frozen=True)
class Pairs(TextReader):
    """A session is all that a user looked at, in the order of the file; none is too short or too long."""

    min_length: int = 1
    max_length: int = 0
    user_column: str = "user_id"
    item_column: str = "product_id"

    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        dropped: Counter[str] = Counter()
        log = EventLog(timed=False)
        columns = {"--user-column": self.user_column, "--item-column": self.item_column}
        for user, item in blocks(path, columns, encoding=self.encoding, dropped=dropped):
            log.extend(user.codes(log.sessions), item.codes(log.items), None, dropped)
        return self.select(path, log.grouped(names=names, by_time=False), dropped)
