"""What was measured of a release goes into that release, and into none that serves no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sessionrank.errors import ConfigurationError
from sessionrank.upstream import upstream_access

from ..backends.base import SearchBackend
from ..backends.registry import backend_from_urls
from ..deadline import Deadline
from ..releases import ReleaseFinder
from ..sessions.base import SessionStore
from ..sessions.registry import from_url
from ..settings import ProxySettings

__all__ = ["still_serving", "store_of"]

_SECONDS = 30.0


def still_serving(release: str | None, index: str, backend: SearchBackend, store: SessionStore) -> str:
    """The release, which must serve ``index`` as before.

    Raises:
        ConfigurationError: another one does; what was measured is of a mixture then, or of one that serves no more.
        BackendError: the engine could not be asked.
        StoreError: the store could not be asked.
    """
    if release is None or ReleaseFinder(backend, store).find(index, Deadline(_SECONDS)) != release:
        raise ConfigurationError(f"another release of {index} was published meanwhile; run it again")
    return release


@contextmanager
def store_of(release: str, index: str, settings: ProxySettings) -> Iterator[SessionStore]:
    """The store, to write about a release that still serves. Raises as :func:`still_serving`."""
    store = from_url(settings.redis_url, cap=settings.session_cap, ttl=settings.session_ttl)
    try:
        backend = backend_from_urls(settings.upstream, pool_size=1, access=upstream_access(settings))
        try:
            still_serving(release, index, backend, store)
        finally:
            backend.close()
        yield store
    finally:
        store.close()
