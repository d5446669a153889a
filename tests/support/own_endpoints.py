"""The own endpoints alone, on a Flask app with a store in memory and a fake engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flask import Flask
from flask.testing import FlaskClient

from proxy.backends.base import BackendRequest, BackendResponse
from proxy.errors import register_error_handlers
from proxy.releases import ReleaseFinder
from proxy.services import Services
from proxy.sessions.base import SessionStore
from proxy.sessions.identity import Hasher
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from proxy.similar import SimilarItems
from proxy.views import events, health, items, sessions
from tests.support.fake_backend import FakeBackend, FakeResponse

__all__ = ["RELEASE", "OwnEndpoints", "own_endpoints", "vector_of"]

RELEASE = "20250101120000abc123"


@dataclass
class OwnEndpoints:
    """A client of the app and what stands behind it."""

    client: FlaskClient
    services: Services
    backend: FakeBackend


def vector_of(*numbers: float) -> bytes:
    """A stored vector: brought to unit length, float32."""
    vector = np.array(numbers)
    return bytes((vector / np.linalg.norm(vector)).astype("<f4").tobytes())


def _alias(request: BackendRequest) -> BackendResponse:
    if request.target == "/catalog/_alias":
        return FakeResponse({f"catalog-{RELEASE}": {"aliases": {"catalog": {}}}})
    return FakeResponse({}, status=404 if request.target.endswith("/_alias") else 200)


def own_endpoints(
    *, store: SessionStore | None = None, backend: FakeBackend | None = None, settings: ProxySettings | None = None
) -> OwnEndpoints:
    """An app whose engine has the alias ``catalog`` on a release, unless ``backend`` says otherwise."""
    settings = settings or ProxySettings()
    store = store or MemorySessions(cap=settings.session_cap, ttl=settings.session_ttl)
    backend = backend or FakeBackend(handler=_alias)
    services = Services(
        settings=settings,
        backend=backend,
        store=store,
        hasher=Hasher(store, b"a key of sixteen bytes or more"),
        releases=ReleaseFinder(backend, store),
        similar=SimilarItems(store),
    )
    app = Flask(__name__)
    register_error_handlers(app)
    for views in (events, health, items, sessions):
        app.register_blueprint(views.blueprint(services))
    return OwnEndpoints(app.test_client(), services, backend)
