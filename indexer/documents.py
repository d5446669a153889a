"""From rows to documents, and from a mapping file to the body of a new index; nothing here does I/O on servers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from sessionrank.errors import DataError
from sessionrank.textfile import open_text

from .catalogue.base import Row
from .popularity.base import Popularity
from .schemas import ProductSchema, explain

__all__ = ["IndexDefinition", "Product", "Reject", "products", "read_definition"]

#: What ranking and the proxy rely on; a user's mapping file may not say otherwise.
_FIXED = {"sku": "keyword", "popularity": "float"}


@dataclass(frozen=True, slots=True)
class Product:
    """A row that may go to the engine; its ``_id`` is the sku."""

    number: int
    sku: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that may not, and why."""

    number: int
    reason: str
    values: dict[str, Any]


def products(rows: Iterable[Row], schema: ProductSchema, popularity: Popularity) -> Iterator[Product | Reject]:
    """Each row as a product or a reject, in their order. Memory grows with the skus seen, not with the rows."""
    seen: set[str] = set()
    for row in rows:
        made = _product(row, schema, popularity)
        if isinstance(made, Product):
            if made.sku in seen:
                made = Reject(row.number, f"sku {made.sku} stood in an earlier row", row.values)
            else:
                seen.add(made.sku)
        yield made


def _product(row: Row, schema: ProductSchema, popularity: Popularity) -> Product | Reject:
    if row.problem is not None:
        return Reject(row.number, row.problem, row.values)
    try:
        document: dict[str, Any] = schema.load(row.values)
        number = popularity(document["sku"], document)
    except ValidationError as error:
        return Reject(row.number, explain(error), row.values)
    except ValueError as error:
        return Reject(row.number, str(error), row.values)
    if number is None:
        document.pop("popularity", None)
    else:
        document["popularity"] = number
    return Product(row.number, document["sku"], document)


@dataclass(frozen=True)
class IndexDefinition:
    """Settings and mappings of a catalogue's index."""

    settings: dict[str, Any]
    mappings: dict[str, Any]

    def loading_body(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """The body that creates the index for a load: no replicas, no refreshes, and ``_meta`` says that it is ours."""
        settings = {**self.settings, "auto_expand_replicas": False, "number_of_replicas": 0, "refresh_interval": -1}
        return {"settings": {"index": settings}, "mappings": {**self.mappings, "_meta": self.all_meta(meta)}}

    def all_meta(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """A user's ``_meta`` with our record in it."""
        return {**self.mappings.get("_meta", {}), "sessionrank": dict(meta)}

    def serving_settings(self) -> dict[str, Any]:
        """What the load had changed, as it shall be for serving; ``None`` means the engine's default."""
        expand = self.settings.get("auto_expand_replicas", False)
        serving = {"auto_expand_replicas": expand, "refresh_interval": self.settings.get("refresh_interval")}
        if expand is False:
            serving["number_of_replicas"] = self.settings.get("number_of_replicas")
        return {"index": serving}


def read_definition(path: Path | None = None) -> IndexDefinition:
    """The index definition that comes with the program, or a user's file over it.

    The file is JSON: ``{"settings": …, "mappings": …}`` or the mappings alone. Its fields add to ours and win over
    them, but for ``sku`` (keyword) and ``popularity`` (float).

    Raises:
        DataError: the file cannot be read, or maps one of these two as something else.
    """
    own = json.loads(files(__package__ or "indexer").joinpath("index.json").read_text("utf-8"))
    base = IndexDefinition(own["settings"]["index"], own["mappings"])
    if path is None:
        return base
    given = _read_json(path)
    mappings = given.get("mappings", {}) if given.keys() & {"mappings", "settings"} else given
    settings = _flat_settings(path, given.get("settings", {}) if "settings" in given else {})
    if not isinstance(mappings, dict) or not isinstance(mappings.get("properties", {}), dict):
        raise DataError(f"{path}: mappings must be an object with an object of properties")
    if not isinstance(mappings.get("_meta", {}), dict):
        raise DataError(f"{path}: mappings._meta must be an object")
    for name, kind in _FIXED.items():
        said = mappings.get("properties", {}).get(name, {"type": kind})
        if not isinstance(said, dict) or said.get("type") != kind:
            raise DataError(f"{path}: {name} must be mapped as {kind}")
    replicas = {} if "number_of_replicas" not in settings else {"auto_expand_replicas": False}
    return IndexDefinition(
        {**base.settings, **replicas, **settings},
        {
            **base.mappings,
            **mappings,
            "properties": {**base.mappings["properties"], **mappings.get("properties", {})},
        },
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        with open_text(path, option="") as text:
            given = json.loads(text.read())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if not isinstance(given, dict):
        raise DataError(f"{path}: must be a JSON object with mappings, settings or both")
    return given


def _flat_settings(path: Path, settings: Any) -> dict[str, Any]:
    """Settings without the ``index`` level, which the engines take with and without."""
    if not isinstance(settings, dict) or not isinstance(settings.get("index", {}), dict):
        raise DataError(f"{path}: settings must be an object")
    outer = {name.removeprefix("index."): value for name, value in settings.items() if name != "index"}
    inner = {name.removeprefix("index."): value for name, value in settings.get("index", {}).items()}
    return {**outer, **inner}
