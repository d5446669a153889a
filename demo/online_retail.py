"""UCI Online Retail as a shop would hand its data over: a catalogue, orders, sessions. Nothing here writes a file.

Left out: cancellations and the orders that they annul; codes that are no products (postage, discounts, fees, samples,
vouchers …: a product's code is five digits and up to two letters); lines without a price or a description, which are
notes about the stock.
"""

from __future__ import annotations

import csv
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

__all__ = ["SPLIT", "Basket", "Line", "Product", "Shop", "read_lines", "shop_of"]

#: Model and popularity learn from what was ordered before; the demo's visits come from what was ordered after.
SPLIT = datetime(2011, 10, 1)

_PRODUCT = re.compile(r"[0-9]{5}[A-Z]{0,2}")
_DATE = re.compile(r"(\d+)/(\d+)/(\d{4}) (\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; a negative quantity cancels an earlier one."""

    invoice: str
    sku: str
    description: str
    quantity: int
    time: datetime
    price: float
    customer: str
    country: str


@dataclass(frozen=True, slots=True)
class Product:
    """A row of the catalogue."""

    sku: str
    #: Its most frequent description; of equally frequent ones the earliest.
    name: str
    #: Median of the prices it was sold at, in pounds.
    price: float
    first_sold: str


@dataclass(frozen=True, slots=True)
class Basket:
    """What one customer bought on one invoice, each product once, in the order of the invoice."""

    invoice: str
    customer: str
    country: str
    time: str
    skus: tuple[str, ...]


@dataclass(frozen=True)
class Shop:
    """The whole shop: what it sells, and what happened before and after :data:`SPLIT`."""

    products: list[Product]
    #: Before the split.
    orders: list[Line]
    #: Customer → all that they ordered before the split, oldest first.
    sessions: dict[str, list[str]]
    #: After the split, of known customers.
    baskets: list[Basket]


def read_lines(path: Path) -> Iterator[Line]:
    """The lines about products in ``OnlineRetail.csv``, plain or gzipped, in the order of the file.

    Raises:
        DataError: the file is missing or is something else.
    """
    with open_text(path, encoding="iso-8859-1") as text:
        rows = csv.DictReader(text)
        moments: dict[str, datetime] = {}
        for row in rows:
            try:
                sku = row["StockCode"].strip().upper()
                description = " ".join(row["Description"].split())
                price = float(row["UnitPrice"])
                if not (_PRODUCT.fullmatch(sku) and description and price > 0):
                    continue
                written = row["InvoiceDate"]
                time = moments.get(written) or moments.setdefault(written, _moment(written))
                quantity, invoice = int(row["Quantity"]), row["InvoiceNo"]
                yield Line(invoice, sku, description, quantity, time, price, row["CustomerID"], row["Country"])
            except (KeyError, ValueError, AttributeError, TypeError) as error:
                raise DataError(f"{path}: line {rows.line_num} is not one of Online Retail ({error})") from error


def shop_of(lines: Iterable[Line], split: datetime = SPLIT) -> Shop:
    """Sort the lines into what a shop has."""
    sold = _without_annulled(list(lines))
    orders = [line for line in sold if line.time < split]
    sessions: dict[str, list[str]] = defaultdict(list)
    for line in orders:
        if line.customer:
            sessions[line.customer].append(line.sku)
    return Shop(_products(sold), orders, dict(sessions), _baskets(line for line in sold if line.time >= split))


def _moment(text: str) -> datetime:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"no date: {text[:40]!r}")
    month, day, year, hour, minute = (int(part) for part in found.groups())
    return datetime(year, month, day, hour, minute)


def _without_annulled(lines: list[Line]) -> list[Line]:
    """Sales only, less those that the same customer cancelled in full: two of them were of 74,215 and 80,995 pieces."""
    cancelled = Counter((line.customer, line.sku, -line.quantity) for line in lines if line.quantity < 0)
    kept = []
    for line in lines:
        if line.quantity <= 0:
            continue
        key = (line.customer, line.sku, line.quantity)
        if cancelled[key] > 0:
            cancelled[key] -= 1
        else:
            kept.append(line)
    return kept


def _products(sold: list[Line]) -> list[Product]:
    lines_of: dict[str, list[Line]] = defaultdict(list)
    for line in sold:
        lines_of[line.sku].append(line)
    return [
        Product(
            sku=sku,
            name=Counter(line.description for line in lines).most_common(1)[0][0],
            price=round(statistics.median(line.price for line in lines), 2),
            first_sold=min(line.time for line in lines).date().isoformat(),
        )
        for sku, lines in sorted(lines_of.items())
    ]


def _baskets(sold: Iterable[Line]) -> list[Basket]:
    of_invoice: dict[str, list[Line]] = defaultdict(list)
    for line in sold:
        if line.customer:
            of_invoice[line.invoice].append(line)
    return [
        Basket(
            invoice,
            lines[0].customer,
            lines[0].country,
            lines[0].time.isoformat(),
            tuple(dict.fromkeys(line.sku for line in lines)),
        )
        for invoice, lines in of_invoice.items()
    ]
