"""Session stores by the scheme of their URL. A member is imported when its URL is given, and its driver with it."""

from __future__ import annotations

import importlib

from sessionrank.errors import ConfigurationError

from .base import SessionStore

__all__ = ["STORES", "from_url"]

#: Scheme → "module:class" in this package; the class has ``from_url(url, *, cap, ttl)``.
STORES: dict[str, str] = {
    "memory": "memory:MemorySessions",
    "redis": "redis:RedisSessions",
    "rediss": "redis:RedisSessions",
}


def from_url(url: str, *, cap: int, ttl: int) -> SessionStore:
    """The store that ``url`` names, keeping ``cap`` events a session for ``ttl`` seconds. Connects on first use.

    Raises:
        ConfigurationError: the scheme is unknown or the URL cannot be used.
    """
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in STORES:
        # Not the whole URL: it may hold a password.
        known = ", ".join(f"{name}://" for name in sorted(STORES))
        raise ConfigurationError(f"no session store is called {scheme[:20]!r}; known: {known}")
    module, _, name = STORES[scheme].partition(":")
    factory = getattr(importlib.import_module(f".{module}", __package__), name)
    store: SessionStore = factory.from_url(scheme + colon + rest, cap=cap, ttl=ttl)
    return store
