"""What stands in the target: ids in paths, which may hold slashes, also first and several in a row; and the query."""

from __future__ import annotations

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from ..errors import HttpError

__all__ = ["own_blueprint", "parameters"]


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


def parameters() -> dict[str, str]:
    """The parameters of the query string; raises :class:`HttpError` (400) for raw bytes that are no UTF-8."""
    try:
        return dict(request.args.to_dict())
    except UnicodeDecodeError as error:
        reason = "the query string is not UTF-8; percent-encode it"
        raise HttpError(400, "illegal_argument_exception", reason) from error
