"""One JSON object a line; values keep their JSON types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

from .base import Catalogue, Row, lines

__all__ = ["JsonLinesCatalogue"]


class JsonLinesCatalogue(Catalogue):
    """``null`` and an empty text count as absent; blank lines do not count."""

    def rows(self) -> Iterator[Row]:
        number = 0
        seen_sku = False
        with open_text(self.path, encoding=self.encoding) as text:
            for line in lines(self.path, text):
                if not line.strip():
                    continue
                number += 1
                row = _row(number, line)
                seen_sku = seen_sku or "sku" in row.values
                if number == 1 and row.problem is None and not seen_sku:
                    found = ", ".join(repr(name) for name in list(row.values)[:10])
                    raise DataError(f"{self.path}: no sku in the first row (found {found[:200] or 'nothing'})")
                yield row
        if number == 0:
            raise DataError(f"{self.path}: the catalogue is empty")


def _row(number: int, line: str) -> Row:
    try:
        values = json.loads(line, parse_constant=_refuse)
    except RecursionError:
        return Row(number, {"line": line.strip()[:1000]}, "nested too deeply")
    except ValueError as error:
        return Row(number, {"line": line.strip()[:1000]}, f"not JSON: {error}")
    if not isinstance(values, dict):
        return Row(number, {"line": line.strip()[:1000]}, "not a JSON object")
    if "\\u" in line and not _encodable(values):
        return Row(number, values, "holds half of a surrogate pair, which is no text")
    return Row(number, {name: value for name, value in values.items() if value is not None and value != ""})


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _encodable(values: dict[str, Any]) -> bool:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
