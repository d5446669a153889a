"""Which index names a setting covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

__all__ = ["covered"]


def covered(names: Sequence[str], patterns: Iterable[str]) -> bool:
    """Whether every one of ``names`` matches one of ``patterns`` (names or globs of ours).

    A wildcard, a date-math name, an exclusion or a remote cluster of the client's matches only when it is written
    exactly so in the patterns; no names at all match nothing.
    """
    patterns = tuple(patterns)
    return bool(names) and all(_matches(name, patterns) for name in names)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    if name in patterns:
        return True
    if not name or name[0] in "-<_" or any(c in name for c in "*?:"):
        return False
    return any(fnmatchcase(name, pattern) for pattern in patterns)
