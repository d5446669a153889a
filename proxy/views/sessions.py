"""``GET`` and ``DELETE /_sessionrank/sessions/{id}``: what is kept of a visit, and forgetting it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from flask import Blueprint, Response, jsonify

from ..deadline import Deadline
from ..errors import HttpError
from ..services import Services
from ..sessions.base import Record
from ..sessions.identity import check_session_id
from .paths import own_blueprint

__all__ = ["blueprint"]

_DEADLINE_S = 1.0


def blueprint(services: Services) -> Blueprint:
    """The endpoint, under ``/_sessionrank``."""
    views = own_blueprint("sessions")

    def digest(session_id: str, deadline: Deadline) -> str:
        try:
            check_session_id(session_id)
        except ValueError as error:
            raise HttpError(400, "illegal_argument_exception", str(error)) from error
        return services.hasher.digest(session_id, deadline)

    @views.get("/sessions/<whole:session_id>")
    def show(session_id: str) -> tuple[Response, int]:
        deadline = Deadline(_DEADLINE_S)
        record, _ = services.store.read(digest(session_id, deadline), [], deadline)
        return _private(_shown(record)), 200 if record else 404

    @views.delete("/sessions/<whole:session_id>")
    def forget(session_id: str) -> Response:
        deadline = Deadline(_DEADLINE_S)
        return _private({"found": services.store.forget(digest(session_id, deadline), deadline)})

    return views


def _private(body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _shown(record: Record | None) -> dict[str, Any]:
    if record is None:
        return {"found": False}
    return {
        "found": True,
        "events": [{"sku": event.sku, "type": event.type, "ts": _iso(event.time)} for event in record.events],
        "has_vector": record.cached is not None,
        "release": record.cached.release if record.cached else None,
    }


def _iso(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
