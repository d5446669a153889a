"""What the views are given: the parts of the program that do I/O, wired once by ``create_app``."""

from __future__ import annotations

from dataclasses import dataclass

from .backends.base import SearchBackend
from .releases import ReleaseFinder
from .sessions.base import SessionStore
from .sessions.identity import Hasher
from .settings import ProxySettings
from .similar import SimilarItems

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """One of each, shared by all threads of the process."""

    settings: ProxySettings
    backend: SearchBackend
    store: SessionStore
    hasher: Hasher
    releases: ReleaseFinder
    similar: SimilarItems
