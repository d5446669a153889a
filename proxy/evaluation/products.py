"""What the engine knows of the clicked products, asked before all else: whether it has them, and their popularity."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sessionrank.errors import BackendError, ConfigurationError
from sessionrank.searchlog import SearchCase

from ..backends.base import BackendRequest, Headers, SearchBackend
from ..settings import ProxySettings
from .query import target_of

__all__ = ["EngineSide", "Products", "look_up", "present", "reason_of"]

#: Products that one request asks for.
_AT_ONCE = 1000
#: The most hits that engines give in one answer, unless told otherwise: an id may stand in several indices.
_MOST_HITS = 10_000
#: Popular is what this share of the index is not more popular than, in percent.
_POPULAR_PERCENT = 90


@dataclass(frozen=True, slots=True)
class EngineSide:
    """Where and how products are asked for: the engine itself, or a proxy that is told to pass the request on."""

    backend: SearchBackend
    index: str
    item_id: str
    popularity_field: str
    timeout: float

    @classmethod
    def of(cls, backend: SearchBackend, settings: ProxySettings, index: str) -> EngineSide:
        """As the proxy's settings say; popularity is not asked for where it counts for nothing."""
        field = "" if settings.popularity == "none" else settings.popularity_field
        return cls(backend, index, settings.item_id, field, settings.engine_timeout_s)


@dataclass(frozen=True, slots=True)
class Products:
    """Of those asked for, the products that the index has."""

    #: Popularity by product id; None where it has none.
    popularity: dict[str, float | None]
    #: What a product must have to be among the tenth of the index that is the most popular; None where none has any.
    popular_from: float | None

    def is_popular(self, sku: str) -> bool | None:
        """Whether it is among the most popular tenth; None where the index knows no popularity."""
        if self.popular_from is None:
            return None
        return (self.popularity.get(sku) or 0.0) >= self.popular_from


def look_up(side: EngineSide, skus: Collection[str]) -> Products:
    """Ask for products by their ids.

    Raises:
        BackendError: the engine is not up, or refuses.
        ConfigurationError: there is no such index.
    """
    found: dict[str, float | None] = {}
    popular_from: float | None = None
    shows_popularity = bool(side.popularity_field)
    for number, chunk in enumerate(_chunks(sorted(set(skus)))):
        status, text = _ask(side, _body(side, chunk, popularity=shows_popularity, threshold=number == 0))
        if status == 400 and shows_popularity:
            # The field is a text, say: all else can be measured without it.
            shows_popularity = False
            status, text = _ask(side, _body(side, chunk, popularity=False, threshold=False))
        answer = _read(side, status, text)
        for hit in answer["hits"]["hits"]:
            for sku in _ids(side, hit):
                found[sku] = _largest(found.get(sku), _value(hit, side.popularity_field))
        if number == 0 and shows_popularity:
            popular_from = _threshold(answer)
    return Products(found, popular_from)


def present(
    name: str, cases: Sequence[SearchCase], products: Products, index: str, *, allow_missing: bool
) -> tuple[list[SearchCase], str]:
    """The cases whose clicked product the index has, and a note about the others (empty where there are none).

    Raises:
        ConfigurationError: there are others, and they are not allowed; or nothing is left.
    """
    clicked = {case.clicked for case in cases}
    missing = clicked - products.popularity.keys()
    if not missing:
        return list(cases), ""
    share = 100 * len(missing) / len(clicked)
    told = f"{len(missing):,} of the {len(clicked):,} clicked products ({share:.1f} %) are not in {index}"
    if not allow_missing:
        raise ConfigurationError(
            f"{name}: {told}: such as {min(missing)[:60]!r}; is this the log of that index? --allow-missing leaves out "
            "the searches that ended with them"
        )
    kept = [case for case in cases if case.clicked not in missing]
    if not kept:
        raise ConfigurationError(f"{name}: none of the {len(clicked):,} clicked products is in {index}")
    return kept, f"{told}; {len(cases) - len(kept):,} of {len(cases):,} searches are left out"


def _chunks(skus: Sequence[str]) -> Iterator[list[str]]:
    waiting = iter(skus)
    while chunk := list(islice(waiting, _AT_ONCE)):
        yield chunk


def _body(side: EngineSide, skus: list[str], *, popularity: bool, threshold: bool) -> dict[str, Any]:
    by_id = {"ids": {"values": skus}} if side.item_id == "_id" else {"terms": {side.item_id: skus}}
    shown = [*([] if side.item_id == "_id" else [side.item_id]), *([side.popularity_field] if popularity else [])]
    # In filter context nothing is scored; `size` counts every index that has the id.
    body: dict[str, Any] = {"query": {"bool": {"filter": [by_id]}}, "size": _MOST_HITS, "_source": False}
    if shown:
        body["docvalue_fields"] = [{"field": field} for field in shown]
    if popularity and threshold:
        percents = {"percentiles": {"field": side.popularity_field, "percents": [_POPULAR_PERCENT]}}
        body["aggs"] = {"all": {"global": {}, "aggs": {"popularity": percents}}}
    return body


def _ask(side: EngineSide, body: dict[str, Any]) -> tuple[int, bytes]:
    headers: Headers = [("Content-Type", "application/json"), ("Accept-Encoding", "identity"), ("X-Sessionrank", "off")]
    request = BackendRequest("POST", target_of(side.index), headers, json.dumps(body).encode())
    response = side.backend.send(request, timeout=side.timeout)
    return response.status, response.read()


def _read(side: EngineSide, status: int, text: bytes) -> dict[str, Any]:
    """The answer to a search for products. Raises as :func:`look_up`."""
    if status == 404:
        raise ConfigurationError(
            f"the engine has no index {side.index}; load it with `sessionrank index load`, or name one with --index"
        )
    if status != 200:
        raise BackendError(f"asked for products of {side.index}, the engine answered {status}: {reason_of(text)}")
    try:
        answer: dict[str, Any] = json.loads(text)
        failed = answer["_shards"]["failed"]
        answer["hits"]["hits"][0:]
    except (ValueError, TypeError, KeyError) as error:
        raise BackendError(f"asked for products of {side.index}, somebody gave no answer of a search engine") from error
    if failed:
        raise BackendError(f"{failed} shards of {side.index} failed; see the engine's log")
    return answer


def reason_of(body: bytes) -> str:
    """What an engine's error says, in one line."""
    try:
        error = json.loads(body)["error"]
        causes = error.get("root_cause") or [error]
        error = causes[0]["reason"]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        error = "no reason given"
    return str(error).replace("\n", " ")[:200]


def _ids(side: EngineSide, hit: dict[str, Any]) -> list[str]:
    return (
        [hit["_id"]] if side.item_id == "_id" else [str(each) for each in hit.get("fields", {}).get(side.item_id, [])]
    )


def _value(hit: dict[str, Any], field: str) -> float | None:
    values = hit.get("fields", {}).get(field) or [None]
    return float(values[0]) if isinstance(values[0], int | float) else None


def _largest(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _threshold(answer: dict[str, Any]) -> float | None:
    found = list(answer["aggregations"]["all"]["popularity"]["values"].values())
    return float(found[0]) if found and isinstance(found[0], int | float) and found[0] == found[0] else None
