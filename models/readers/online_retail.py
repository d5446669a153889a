"""UCI Online Retail: order lines of a gift shop, as sessions of stock codes by customer or by invoice.

Protocol "fast-forward": rows with any missing value are dropped, a session is a customer's stock codes in file order
(which is the order of time), customers with fewer than three rows are left out. Cancellations and codes that are no
products (POST, M …) stay in: the protocol is what published figures were measured under.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import open_text

from .base import Reader, SessionData, bounded_lines

__all__ = ["COLUMNS", "OnlineRetail"]

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
_GROUPS = {"customer": "CustomerID", "invoice": "InvoiceNo"}


@dataclass(frozen=True)
class OnlineRetail(Reader):
    """The file ``OnlineRetail.csv``; no session is too long here, since customers' years differ that much."""

    max_length: int = 0
    encoding: str = "iso-8859-1"
    #: What makes one session: ``customer`` (the protocol) or ``invoice``.
    group_by: str = "customer"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group_by not in _GROUPS:
            raise ConfigurationError(f"sessions can be grouped by {' or '.join(_GROUPS)}, not {self.group_by!r}")

    def read(self, path: Path | str) -> SessionData:
        sessions: dict[str, list[str]] = {}
        dropped: Counter[str] = Counter()
        with open_text(path, encoding=self.encoding) as text:
            rows = csv.reader(bounded_lines(path, text))
            try:
                header = next(rows, [])
                if missing := [column for column in COLUMNS if column not in header]:
                    raise DataError(f"{path}: not Online Retail: no column {', '.join(missing)}")
                item, group = header.index("StockCode"), header.index(_GROUPS[self.group_by])
                for row in rows:
                    if len(row) != len(header) or not all(row):
                        dropped["rows with a missing value"] += 1
                    else:
                        sessions.setdefault(row[group], []).append(sys.intern(row[item]))
            except csv.Error as error:
                raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error
        return self.select(path, (tuple(session) for session in sessions.values()), dropped)
