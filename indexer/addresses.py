"""Addresses as they may be shown: never with their credentials."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

__all__ = ["shown", "shown_all"]


def shown(url: str) -> str:
    """``url`` without user, password, query and fragment (a query may hold a password as well)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def shown_all(urls: Iterable[str]) -> str:
    """Several addresses in one line."""
    return ", ".join(shown(url) for url in urls)
