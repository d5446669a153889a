"""All search backends, by the scheme of ``SESSIONRANK_UPSTREAM``."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from sessionrank.errors import ConfigurationError
from sessionrank.upstream import NOBODY, UpstreamAccess

from .base import SearchBackend
from .http import HttpBackend

__all__ = ["BACKENDS", "backend_from_urls"]

BACKENDS: dict[str, type[HttpBackend]] = {
    "http": HttpBackend,
    "https": HttpBackend,
}


def backend_from_urls(urls: Sequence[str], *, pool_size: int, access: UpstreamAccess = NOBODY) -> SearchBackend:
    """The backend for one or more node URLs, approached with ``access``.

    Raises:
        ConfigurationError: no URL, an unknown scheme, or schemes of different backends.
    """
    members = {BACKENDS.get(urlsplit(url).scheme) for url in urls}
    if len(members) != 1 or (member := members.pop()) is None:
        raise ConfigurationError(f"SESSIONRANK_UPSTREAM: give URLs of one kind; known are {', '.join(BACKENDS)}")
    return member(urls, pool_size=pool_size, access=access)
