"""Reading order files: a CSV or TSV of order lines, whatever its columns are called."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sessionrank.errors import DataError
from sessionrank.textfile import open_text, suffix_of

from .base import finite
from .counts import Purchase

__all__ = ["OrderColumns", "purchases"]

#: Names, in lower case and without separators, that shops give these columns; the first that is there is taken.
_SKU = ("sku", "stockcode", "itemsku", "productsku", "productid", "product", "itemid", "item", "articleid")
_QUANTITY = ("quantity", "qty", "count", "pieces", "units")
_TIME = ("time", "timestamp", "invoicedate", "orderdate", "date", "datetime", "createdat", "ts")
#: As an answer to "which column": count order lines instead of pieces.
NO_COLUMN = "none"


@dataclass(frozen=True)
class OrderColumns:
    """The columns as the user named them; None guesses, ``none`` does without."""

    sku: str | None = None
    quantity: str | None = None
    time: str | None = None
    #: A ``strptime`` format, or None for ISO 8601 and seconds since 1970.
    time_format: str | None = None


def purchases(
    path: Path,
    columns: OrderColumns,
    *,
    need_time: bool = False,
    encoding: str = "utf-8-sig",
    skipped: Counter[str] | None = None,
) -> Iterator[Purchase]:
    """Order lines of ``path`` (.csv or .tsv, also .gz); lines that cannot be read are counted in ``skipped`` by reason.

    Raises:
        DataError: the file is missing, has no line, lacks a column that is needed, or not one line could be read.
    """
    skipped = Counter() if skipped is None else skipped
    delimiter = "\t" if suffix_of(path) == ".tsv" else ","
    taken = 0
    with open_text(path, encoding=encoding, option="--orders-encoding") as text:
        reader = csv.reader(text, delimiter=delimiter)
        try:
            header = [name.strip() for name in next(reader, [])]
            places = _places(path, header, columns, need_time=need_time)
            for cells in reader:
                try:
                    purchase = _purchase(cells, places, columns.time_format)
                except (ValueError, IndexError) as error:
                    if cells:
                        skipped["too few columns" if isinstance(error, IndexError) else _kind(error)] += 1
                    continue
                taken += 1
                yield purchase
        except csv.Error as error:
            raise DataError(f"{path}: line {reader.line_num}: {error}") from error
    if not taken:
        reason = f" ({skipped.most_common(1)[0][0]})" if skipped else ""
        raise DataError(f"{path}: no order line could be read{reason}")


def _kind(error: ValueError) -> str:
    return str(error).partition(":")[0]


def _places(
    path: Path, header: Sequence[str], columns: OrderColumns, *, need_time: bool
) -> tuple[int, int | None, int | None]:
    sku = _place(path, header, columns.sku, _SKU)
    if sku is None:
        raise DataError(f"{path}: no column with the sku (found {', '.join(header)[:200]}); name it with --order-sku")
    time = _place(path, header, columns.time, _TIME)
    if need_time and time is None:
        raise DataError(f"{path}: --half-life needs a column with the time; name it with --order-time")
    return sku, _place(path, header, columns.quantity, _QUANTITY), time if need_time else None


def _place(path: Path, header: Sequence[str], named: str | None, guesses: Sequence[str]) -> int | None:
    if named == NO_COLUMN:
        return None
    if named is not None:
        if named not in header:
            raise DataError(f"{path}: no column {named!r} (found {', '.join(header)[:200]})")
        return header.index(named)
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in header]
    return next((plain.index(guess) for guess in guesses if guess in plain), None)


def _purchase(cells: list[str], places: tuple[int, int | None, int | None], time_format: str | None) -> Purchase:
    sku_at, quantity_at, time_at = places
    sku = cells[sku_at].strip()
    if not sku:
        raise ValueError("sku is empty")
    quantity = 1.0 if quantity_at is None else finite(cells[quantity_at], "quantity")
    time = None if time_at is None else _seconds(cells[time_at].strip(), time_format)
    return Purchase(sku, quantity, time)


def _seconds(text: str, time_format: str | None) -> float:
    try:
        if time_format:
            moment = datetime.strptime(text, time_format)
        elif text.replace(".", "", 1).isdigit():
            return _epoch(float(text))
        else:
            moment = datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
    except ValueError:
        raise ValueError(f"time cannot be read (is --order-time-format needed?): {text[:40]!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _epoch(number: float) -> float:
    # Eleven digits of seconds last until the year 5138, so more of them are milliseconds.
    return number / 1000 if number >= 1e11 else number
