"""Engines by product and major version, and the one function that connects to whichever answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sessionrank.errors import BackendError
from sessionrank.upstream import NOBODY, UpstreamAccess

from .base import Engine, EngineInfo
from .detect import detect
from .elasticsearch import ElasticsearchEngine
from .opensearch import OpenSearchEngine

__all__ = ["ENGINES", "SUPPORTED", "choose", "connect"]

ENGINES: dict[tuple[str, int], Callable[..., Engine]] = {
    ("elasticsearch", 7): OpenSearchEngine,
    ("elasticsearch", 8): ElasticsearchEngine,
    ("elasticsearch", 9): ElasticsearchEngine,
    ("opensearch", 2): OpenSearchEngine,
    ("opensearch", 3): OpenSearchEngine,
}
SUPPORTED = "Elasticsearch 7.10, 8 and 9, OpenSearch 2 and 3"


def choose(info: EngineInfo) -> Callable[..., Engine]:
    """The member for this engine.

    Raises:
        BackendError: the engine or its version is not supported.
    """
    major, minor = _numbers(info.version)
    member = ENGINES.get((info.product, major))
    if member is None or (info.product == "elasticsearch" and (major, minor) < (7, 10)):
        raise BackendError(f"{info} is not supported; supported are {SUPPORTED}")
    return member


def connect(urls: Sequence[str], *, timeout: float, access: UpstreamAccess = NOBODY) -> Engine:
    """Connect to the engine behind ``urls`` with ``access``; ``timeout`` (seconds) is for one call.

    Raises:
        BackendError: nothing answers, or nothing that is supported.
    """
    info = detect(urls, access)
    return choose(info)(info, urls, timeout=timeout, access=access)


def _numbers(version: str) -> tuple[int, int]:
    if not version:
        # The product header came with 7.14; what sends it without telling a version is a newer one that hides it.
        return 8, 0
    parts = (*version.split("."), "0")
    return int(parts[0]), int("".join(c for c in parts[1] if c.isdigit()) or 0)
