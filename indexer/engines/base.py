"""The contract of engines: what the indexer needs of a search engine's client, whichever client that is.

What is asked (paths and bodies) is the same for every engine and stands in ``indexer/indices.py``; a member of this
family only carries it, through the client library that its engine takes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sessionrank.errors import BackendError

__all__ = ["BulkOutcome", "Engine", "EngineInfo", "EngineRefusal", "bulk_outcome", "reason_of"]


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine answers."""

    #: ``elasticsearch`` or ``opensearch``.
    product: str
    #: As the engine says it, such as ``7.10.2``; empty when it does not say.
    version: str

    def __str__(self) -> str:
        name = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}.get(self.product, self.product)
        return f"{name} {self.version}".strip()


class EngineRefusal(BackendError):
    """The engine answered with an error status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the search engine refused ({status}): {reason}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of one document of a bulk request."""

    id: str
    status: int
    #: The engine's reason where the status is not 2xx.
    reason: str | None = None

    @property
    def stored(self) -> bool:
        """Whether the engine took the document."""
        return 200 <= self.status < 300


class Engine(ABC):
    """A connection to one cluster, by one or more of its nodes."""

    def __init__(self, info: EngineInfo) -> None:
        self.info = info

    @abstractmethod
    def request(self, method: str, target: str, body: Any = None) -> Any:
        """Send one request and give the decoded JSON answer; connection errors are retried on other nodes.

        ``target`` is the encoded path with its query.

        Raises:
            EngineRefusal: the engine answered 4xx or 5xx.
            BackendUnreachable: no node took the connection.
            BackendTimeout: the answer did not come in time.
        """

    @abstractmethod
    def bulk(self, index: str, documents: Iterable[tuple[str, dict[str, Any]]], *, chunk: int) -> Iterator[BulkOutcome]:
        """Stream (id, document) pairs into ``index``, ``chunk`` a request, and give one outcome for each.

        Status 429 is retried with back-off, for the whole request and for single documents; whatever else the engine
        says of a document is its outcome. Raises as :meth:`request` for the request as a whole.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""


def bulk_outcome(item: dict[str, Any]) -> BulkOutcome:
    """One item of a bulk answer, ``{"index": {"_id": …, "status": …, "error": …}}``."""
    (inner,) = item.values()
    error = inner.get("error")
    return BulkOutcome(inner["_id"], int(inner["status"]), None if error is None else reason_of(error))


def reason_of(error: Any) -> str:
    """One line out of an engine's error object: type and reason, with the innermost cause."""
    if not isinstance(error, dict):
        return _one_line(str(error))
    if isinstance(error.get("error"), (dict, str)):
        return reason_of(error["error"])
    cause = error
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    text = f"{error.get('type', 'error')}: {error.get('reason', '')}"
    if cause is not error and cause.get("reason"):
        text += f" ({cause['reason']})"
    return _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
