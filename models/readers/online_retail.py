"""UCI Online Retail: order lines of a gift shop, as sessions of stock codes by customer or by invoice.

Protocol "fast-forward": rows with any missing value are dropped, a session is a customer's stock codes in file order
(which is the order of time), customers with fewer than three rows are left out. Cancellations and codes that are no
products (POST, M …) stay in: the protocol is what published figures were measured under. ``products_only`` leaves them
out, for what is learned to be used in a shop.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path

import numpy as np

from sessionrank.errors import ConfigurationError, DataError

from .base import SessionData, TextReader, text_lines
from .event_log import UNREADABLE_TIME, EventLog
from .ids import Ids

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
#: What a product's code looks like; others are postage, fees, samples, vouchers, notes.
_PRODUCT = re.compile(r"[0-9]{5}[A-Z]{0,2}")
#: A quantity above 0.
_BOUGHT = re.compile(r"0*[1-9][0-9]*")
_GROUPS = {"customer": "CustomerID", "invoice": "InvoiceNo"}


@dataclass(frozen=True)
class OnlineRetail(TextReader):
    """The file ``OnlineRetail.csv``; no session is too long here, since customers' years differ that much.

    Times are those of the invoices, taken as UTC; grouped by customer, each invoice is a visit.
    Customers come in the order of their numbers, invoices in that of the file. Invoices whose number starts with a C
    are cancellations: what they name is taken back.
    """

    max_length: int = 0
    encoding: str = "iso-8859-1"
    #: What makes one session: ``customer`` (the protocol) or ``invoice``.
    group_by: str = "customer"
    #: Leave out cancellations and codes that are no products; codes are then written in capitals, as one product's
    #: stands in the file in both ways.
    products_only: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group_by not in _GROUPS:
            raise ConfigurationError(f"sessions can be grouped by {' or '.join(_GROUPS)}, not {self.group_by!r}")

    def read(self, path: Path | str, *, names: bool = False) -> SessionData:
        dropped: Counter[str] = Counter()
        log = EventLog(timed=True, visits=self.group_by == "customer", returns=True)
        invoices = Ids()
        rows = _rows(path, self.encoding, dropped)
        for row in _of_products(rows, dropped) if self.products_only else rows:
            session, item = log.sessions[row[_GROUPS[self.group_by]]], log.items[row["StockCode"]]
            visit, time = invoices[row["InvoiceNo"]], _seconds(row["InvoiceDate"])
            if min(session, item, visit) < 0:
                dropped["rows with an unusable id"] += 1
            elif time is None:
                dropped[UNREADABLE_TIME] += 1
            else:
                log.append(session, item, time, visit, returned=row["InvoiceNo"].startswith("C"))
        # By time would be another order: invoices of one minute do not stand together in the file.
        sessions = log.grouped(names=True, by_time=False)
        if self.group_by == "customer":
            # The published figures were drawn from the customers in the order of their numbers.
            sessions = sessions.take(np.argsort(np.array(sessions.names, dtype=np.str_), kind="stable"))
        return self.select(path, sessions if names else replace(sessions, names=None), dropped)


def _rows(path: Path | str, encoding: str, dropped: Counter[str]) -> Iterator[dict[str, str]]:
    rows = csv.reader(text_lines(path, encoding=encoding))
    try:
        header = next(rows, [])
        if missing := [column for column in COLUMNS if column not in header]:
            raise DataError(f"{path}: not Online Retail: no column {', '.join(missing)}")
        for row in rows:
            if len(row) != len(header) or not all(row):
                dropped["rows with a missing value"] += 1
            else:
                yield dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num} is not CSV: {error}") from error


def _of_products(rows: Iterator[dict[str, str]], dropped: Counter[str]) -> Iterator[dict[str, str]]:
    for row in rows:
        row["StockCode"] = row["StockCode"].strip().upper()
        if row["InvoiceNo"].startswith("C") or not _BOUGHT.fullmatch(row["Quantity"].strip()):
            dropped["rows of cancellations"] += 1
        elif not _PRODUCT.fullmatch(row["StockCode"]):
            dropped["rows with a code that is no product"] += 1
        else:
            yield row


@lru_cache(maxsize=1 << 14)
def _seconds(text: str) -> float | None:
    """Seconds since 1970 of ``month/day/year hour:minute``, or ``None``."""
    try:
        return datetime.strptime(text, "%m/%d/%Y %H:%M").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
