"""Events, one a row: a session, an item and the time, in CSV, TSV, JSON lines or Parquet (told by the suffix)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sessionrank.errors import DataError

from .base import SessionData, TextReader
from .blocks import blocks
from .event_log import UNREADABLE_TIME, EventLog

__all__ = ["Events"]


@dataclass(frozen=True)
class Events(TextReader):
    """Rows in any order: they are sorted by time (equal times as in the file) and grouped by session.

    The longest sessions, which are often robots, are left out: those above the 95th percentile of length.
    """

    min_length: int = 2
    max_length: int = 0
    max_length_percentile: float = 95
    session_column: str = "session_id"
    item_column: str = "product_id"
    #: Epochs, ISO 8601 or timestamps, as ``times.py`` reads them; empty for the order of the file.
    time_column: str = "event_time_stamp"

    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        dropped: Counter[str] = Counter()
        columns = {"--session-column": self.session_column, "--item-column": self.item_column}
        columns |= {"--time-column": self.time_column} if self.time_column else {}
        log = EventLog(timed=bool(self.time_column))
        for session, item, *time in blocks(path, columns, encoding=self.encoding, dropped=dropped):
            seconds = time[0].seconds() if time else None
            log.extend(session.codes(log.sessions), item.codes(log.items), seconds, dropped)
        if not len(log) and dropped[UNREADABLE_TIME]:
            raise DataError(
                f"{path}: no time in the column {self.time_column} can be read; they must be seconds or milliseconds "
                "since 1970 or ISO 8601, or take the order of the file with --time-column ''"
            )
        return self.select(path, log.grouped(names=names, by_time=True), dropped)
