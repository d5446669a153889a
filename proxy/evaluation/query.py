"""The search that a logged query stands for: a match on one field, or a shop's own body with a place for the query."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sessionrank.errors import ConfigurationError, DataError

__all__ = ["PLACE", "SearchForm", "form_of", "match_form", "target_of", "template_form"]

#: What a template has in the place of the query.
PLACE = "{{query}}"
_LARGEST_TEMPLATE = 1 << 20


@dataclass(frozen=True)
class SearchForm:
    """How a logged query is asked for."""

    #: A JSON object with :data:`PLACE` in some of its texts.
    body: dict[str, Any]
    #: How it is told in reports.
    told: str

    def filled(self, query: str, *, size: int, item_id: str) -> bytes:
        """The body for one query: ``size`` hits, of which only what names the product is shown."""
        body = _filled(self.body, query)
        body.pop("from", None)
        body |= {"size": size, "_source": False}
        if item_id != "_id":
            body["docvalue_fields"] = [{"field": item_id}]
        return json.dumps(body, ensure_ascii=False).encode()


def target_of(index: str) -> str:
    """Path of a search on an index or several."""
    return f"/{quote(index, safe=',*')}/_search"


def match_form(field: str) -> SearchForm:
    """A ``match`` on one field."""
    return SearchForm({"query": {"match": {field: PLACE}}}, f"match on {field}")


def form_of(field: str, template: Path | None) -> SearchForm:
    """The body of a file where there is one, else a ``match``. Raises as :func:`template_form`."""
    return match_form(field) if template is None else template_form(template)


def template_form(path: Path) -> SearchForm:
    """A body from a file.

    Raises:
        DataError: it cannot be read, is no JSON object, or has no place for the query.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_TEMPLATE + 1)
        body = json.loads(text.decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: no JSON: {str(error)[:100]}") from error
    if len(text) > _LARGEST_TEMPLATE or not isinstance(body, dict) or "query" not in body:
        raise DataError(f"{path}: the body of a search is wanted, a JSON object with a query")
    try:
        found = _filled(body, "") != body
    except RecursionError as error:
        raise ConfigurationError(f"{path}: nested too deeply") from error
    if not found:
        raise DataError(f"{path}: {PLACE} stands nowhere in it; put it where the text of the search belongs")
    return SearchForm(body, f"template {path.name}")


def _filled(value: Any, query: str) -> Any:
    if isinstance(value, str):
        return value.replace(PLACE, query)
    if isinstance(value, list):
        return [_filled(each, query) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, query) for name, each in value.items()}
    return value
