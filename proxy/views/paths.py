"""Ids in paths: a session id or a sku may hold slashes, also first and several in a row."""

from __future__ import annotations

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

__all__ = ["own_blueprint"]


class _Whole(BaseConverter):
    """``<whole:name>``: all that stands there."""

    part_isolating = False
    regex = r"[\s\S]+"


def own_blueprint(name: str) -> Blueprint:
    """A blueprint under ``/_sessionrank`` whose rules may use ``<whole:…>``."""
    views = Blueprint(name, __name__, url_prefix="/_sessionrank")

    def teach(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["whole"] = _Whole

    views.record(teach)
    return views
