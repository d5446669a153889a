"""``GET /_sessionrank/items/{sku}/similar``: the nearest products."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from marshmallow import ValidationError

from ..deadline import Deadline
from ..errors import HttpError
from ..indices import covered
from ..releases import default_index
from ..schemas import SimilarSchema, first_message
from ..services import Services
from .paths import own_blueprint

__all__ = ["blueprint"]

#: Seconds; loading the vectors of a release takes part of it, once.
_DEADLINE_S = 5.0


def blueprint(services: Services) -> Blueprint:
    """The endpoint, under ``/_sessionrank``."""
    views = own_blueprint("items")

    @views.get("/items/<whole:sku>/similar")
    def similar(sku: str) -> Response:
        deadline = Deadline(_DEADLINE_S)
        try:
            asked: dict[str, Any] = SimilarSchema().load(request.args.to_dict())
        except ValidationError as error:
            raise HttpError(400, "illegal_argument_exception", first_message(error)) from error
        index = _managed(asked["index"], services.settings.indices)
        release = services.releases.find(index, deadline)
        if release is None:
            raise HttpError(404, "resource_not_found_exception", f"no vectors are published for [{index}]")
        found = services.similar.nearest(release, sku, asked["n"], deadline)
        if found is None:
            raise HttpError(404, "resource_not_found_exception", f"release {release} has no vector of this item")
        hits = [{"sku": each.sku, "cosine": round(each.cosine, 6)} for each in found]
        return jsonify({"sku": sku, "release": release, "similar": hits})

    return views


def _managed(asked: str | None, indices: tuple[str, ...]) -> str:
    index = asked or default_index(indices)
    if index is None:
        raise HttpError(400, "illegal_argument_exception", "several indices are managed; say which: ?index=")
    if any(c in index for c in "*?,<") or not covered([index], indices):
        raise HttpError(404, "index_not_found_exception", f"[{index[:255]}] is not one of the managed indices")
    return index
