"""The web application, put together: wiring only."""

from __future__ import annotations

from flask import Flask

from sessionrank.settings import read_settings
from sessionrank.upstream import upstream_access

from .backends.base import SearchBackend
from .backends.registry import backend_from_urls
from .errors import register_error_handlers
from .front import Front
from .pipeline import Pipeline
from .releases import ReleaseFinder
from .services import Services
from .sessions.base import SessionStore
from .sessions.identity import Hasher
from .sessions.registry import from_url
from .settings import ProxySettings
from .similar import SimilarItems
from .views import events, health, items, sessions

__all__ = ["create_app"]


def create_app(
    settings: ProxySettings | None = None,
    *,
    backend: SearchBackend | None = None,
    store: SessionStore | None = None,
) -> Flask:
    """Build the application; settings come from the environment where none are given.

    Raises:
        ConfigurationError: a setting cannot work.
    """
    settings = settings or read_settings(ProxySettings)
    backend = backend or backend_from_urls(
        settings.upstream, pool_size=settings.max_in_flight, access=upstream_access(settings)
    )
    store = store or from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
    hasher = Hasher(store, settings.hash_key())
    releases = ReleaseFinder(backend, store)
    services = Services(settings, backend, store, hasher, releases, SimilarItems(store))
    app = Flask("sessionrank.proxy", static_folder=None)
    for view in (events, sessions, items, health):
        app.register_blueprint(view.blueprint(services))
    register_error_handlers(app)
    front = Front(settings, backend, Pipeline(settings, backend, store, hasher), app.wsgi_app)
    app.wsgi_app = front  # type: ignore[method-assign]
    return app
