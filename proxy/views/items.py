"""``GET /_sessionrank/items/{sku}/similar`` and ``GET /_sessionrank/analogy``: products whose vectors are near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify
from marshmallow import Schema, ValidationError

from sessionrank.nearest import Neighbour

from ..deadline import Deadline
from ..errors import HttpError
from ..indices import covered
from ..releases import default_index
from ..schemas import AnalogySchema, SimilarSchema, first_message
from ..services import Services
from .paths import own_blueprint, parameters

__all__ = ["blueprint"]

#: Seconds; while the vectors of a release are loaded, once, a request waits so long and then gets 503.
_DEADLINE_S = 5.0


def blueprint(services: Services) -> Blueprint:
    """The endpoints, under ``/_sessionrank``."""
    views = own_blueprint("items")

    @views.get("/items/<whole:sku>/similar")
    def similar(sku: str) -> Response:
        deadline = Deadline(_DEADLINE_S)
        asked = _asked(SimilarSchema())
        release = _release(services, asked["index"], deadline)
        found = services.similar.nearest(release, sku, asked["n"], deadline)
        if found is None:
            raise HttpError(404, "resource_not_found_exception", f"release {release} has no vector of this item")
        return jsonify({"sku": sku, "release": release, "similar": _hits(found)})

    @views.get("/analogy")
    def analogy() -> Response:
        """What is to ``c`` as ``b`` is to ``a``: nearest to b + c - a."""
        deadline = Deadline(_DEADLINE_S)
        asked = _asked(AnalogySchema())
        a, b, c = asked["a"], asked["b"], asked["c"]
        release = _release(services, asked["index"], deadline)
        try:
            found = services.similar.completing(release, [b, c], [a], asked["n"], deadline)
        except KeyError as error:
            name = next(name for name in "abc" if asked[name] == error.args[0])
            reason = f"release {release} has no vector of item [{name}]"
            raise HttpError(404, "resource_not_found_exception", reason) from error
        return jsonify({"a": a, "b": b, "c": c, "release": release, "analogy": _hits(found)})

    return views


def _asked(schema: Schema) -> dict[str, Any]:
    try:
        asked: dict[str, Any] = schema.load(parameters())
    except ValidationError as error:
        raise HttpError(400, "illegal_argument_exception", first_message(error)) from error
    return asked


def _release(services: Services, asked: str | None, deadline: Deadline) -> str:
    index = _managed(asked, services.settings.indices)
    release = services.releases.find(index, deadline)
    if release is None:
        raise HttpError(404, "resource_not_found_exception", f"no vectors are published for [{index}]")
    return release


def _hits(found: Sequence[Neighbour]) -> list[dict[str, Any]]:
    return [{"sku": each.sku, "cosine": round(each.cosine, 6)} for each in found]


def _managed(asked: str | None, indices: tuple[str, ...]) -> str:
    index = asked or default_index(indices)
    if index is None:
        raise HttpError(400, "illegal_argument_exception", "several indices are managed; say which: ?index=")
    if any(c in index for c in "*?,<") or not covered([index], indices):
        raise HttpError(404, "index_not_found_exception", f"[{index[:255]}] is not one of the managed indices")
    return index
