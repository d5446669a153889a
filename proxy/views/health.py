"""``/_sessionrank/health/live``, ``/health/ready`` and ``/metrics``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from sessionrank.errors import BackendError, DataError, SessionrankError

from ..backends.base import BackendRequest
from ..deadline import Deadline
from ..releases import named_indices
from ..services import Services
from .paths import parameters

__all__ = ["blueprint"]

#: Seconds for each part, so that a prober gets its answer before it gives up.
_DEADLINE_S = 1.0


def blueprint(services: Services) -> Blueprint:
    """The endpoints, under ``/_sessionrank``."""
    views = Blueprint("health", __name__, url_prefix="/_sessionrank")

    @views.get("/health/live")
    def live() -> Response:
        return jsonify({"status": "live"})

    @views.get("/health/ready")
    def ready() -> tuple[Response, int]:
        checks = {"engine": _engine, "store": _store, "release": _release}
        parts = {name: _checked(check, services) for name, check in checks.items()}
        status = _verdict(parts)
        enough = ("ready",) if parameters().get("strict") == "true" else ("ready", "plain")
        return jsonify({"status": status, **parts}), 200 if status in enough else 503

    @views.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)

    return views


def _verdict(parts: dict[str, dict[str, Any]]) -> str:
    """``ready``; ``plain``: searches are answered, but not personalised; ``unavailable``."""
    if parts["engine"]["status"] != "ok":
        return "unavailable"
    return "ready" if all(part["status"] == "ok" for part in parts.values()) else "plain"


def _checked(check: Callable[[Services, Deadline], None], services: Services) -> dict[str, Any]:
    try:
        check(services, Deadline(_DEADLINE_S))
    except SessionrankError as error:
        return {"status": "error", "reason": str(error)}
    return {"status": "ok"}


def _engine(services: Services, deadline: Deadline) -> None:
    """Any answer that is no failure of the server will do: some builds refuse ``GET /``, some want a login."""
    answer = services.backend.send(BackendRequest("GET", "/"), timeout=deadline.remaining())
    answer.read()
    if answer.status >= 500:
        raise BackendError(f"the engine answered {answer.status}")


def _store(services: Services, deadline: Deadline) -> None:
    services.store.ping(deadline)


def _release(services: Services, deadline: Deadline) -> None:
    for index in named_indices(services.settings.indices):
        if services.releases.find(index, deadline) is None:
            raise DataError(f"no vectors are published for [{index}]; see `sessionrank index load` and `index vectors`")


def _registry() -> CollectorRegistry:
    """What all workers counted, where the server has set up their common folder; else this process's own."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
