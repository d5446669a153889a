"""Release names, and how they stand in index names.

A release is one load of the catalogue with its vectors. Its name is the UTC time of the load and six random
characters, ``YYYYMMDDhhmmss`` + ``[0-9a-z]{6}``; its index is ``<alias>-<release>``. The proxy reads the release
from each hit's ``_index``, so swapping the alias is the whole publish.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timezone

__all__ = ["index_name", "is_release", "new_release", "release_of"]

_RELEASE = re.compile(r"\d{14}[0-9a-z]{6}")
_INDEX = re.compile(rf".+-({_RELEASE.pattern})")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_release(now: datetime | None = None) -> str:
    """A fresh release name; ``now`` (aware) defaults to the current time."""
    stamp = (now or datetime.now(timezone.utc)).astimezone(timezone.utc).strftime("%Y%m%d%H%M%S")
    return stamp + "".join(secrets.choice(_ALPHABET) for _ in range(6))


def is_release(text: str) -> bool:
    """Whether ``text`` has the form of a release name."""
    return _RELEASE.fullmatch(text) is not None


def index_name(alias: str, release: str) -> str:
    """The concrete index that ``alias`` points to when ``release`` is published."""
    return f"{alias}-{release}"


def release_of(index: str) -> str | None:
    """The release that a concrete index belongs to, or ``None`` for an index that we did not load."""
    match = _INDEX.fullmatch(index)
    return match[1] if match else None
