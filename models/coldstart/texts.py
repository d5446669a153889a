"""The texts of products, from the columns of a catalogue or of any table with several rows a product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import check_encoding

from ..catalogue import catalogue_rows, check_columns

__all__ = ["LONGEST_TEXT", "read_texts"]

#: Characters of a text that are read; a product says what it is at the start.
LONGEST_TEXT = 2_000

#: Bytes; a search engine takes no longer id, and the ids of a vectors file are all as wide as the longest.
_LONGEST_SKU = 512


def read_texts(
    path: Path | str, *, columns: Sequence[str], sku_column: str = "sku", encoding: str = "utf-8-sig"
) -> dict[str, str]:
    """Text by sku: what stands in ``columns``, joined; empty for a product about which they say nothing.

    Where a product has several rows, such as order lines, its most frequent text counts, of equally frequent ones the
    first. Rows whose sku no index would take (empty, not printable, too long) are passed over.

    Raises:
        ConfigurationError: no column is named.
        DataError: the file cannot be read, lacks a column, or names no product.
    """
    if not columns:
        raise ConfigurationError("name at least one column with text, such as --columns name")
    check_encoding(encoding)
    seen: dict[str, None] = {}
    found: dict[str, Counter[str]] = {}
    for row in catalogue_rows(path, encoding=encoding, option="--catalogue-encoding"):
        seen.update(dict.fromkeys(row))
        if _is_sku(sku := row.get(sku_column, "")):
            text = " ".join(" ".join(row.get(column, "") for column in columns).split())[:LONGEST_TEXT]
            found.setdefault(sku, Counter())[text] += 1
    check_columns(path, seen, {sku_column, *columns})
    if not found:
        raise DataError(f"{path}: no row names a product in column {sku_column}")
    return {sku: _most_frequent(texts) for sku, texts in found.items()}


def _is_sku(text: str) -> bool:
    return bool(text) and text.isprintable() and len(text.encode()) <= _LONGEST_SKU


def _most_frequent(texts: Counter[str]) -> str:
    return max(filter(None, texts), key=texts.__getitem__, default="")
