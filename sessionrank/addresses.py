"""Addresses as they may be shown: never with their credentials."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["shown", "shown_all"]


def shown(url: str) -> str:
    """``url`` without user, password, query and fragment (a query may hold a password as well), however odd it is."""
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0].partition("#")[0]


def shown_all(urls: Iterable[str]) -> str:
    """Several addresses in one line."""
    return ", ".join(shown(url) for url in urls)
