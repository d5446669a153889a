"""The contract of search backends: a request goes to the engine as it is, the answer comes back as it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["BackendRequest", "BackendResponse", "Headers", "SearchBackend"]

#: Header lines in order, repeated names included.
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class BackendRequest:
    """One request to the engine."""

    method: str
    #: Path and query exactly as they go over the wire (latin-1 text of the raw bytes).
    target: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""


class BackendResponse(ABC):
    """An answer whose body is read once: whole by :meth:`read`, or in pieces by :meth:`stream`."""

    status: int
    reason: str
    #: As the engine sent them.
    headers: Headers

    @abstractmethod
    def read(self) -> bytes:
        """The whole body; frees the connection. Raises ``BackendError`` when it breaks off."""

    @abstractmethod
    def stream(self) -> Iterator[bytes]:
        """The body in pieces of at most 64 KiB; frees the connection at the end. Raises ``BackendError``."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection up when the body was not read to its end; harmless afterwards."""

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class SearchBackend(ABC):
    """The hop to the search engine; safe to share between threads."""

    @abstractmethod
    def send(self, request: BackendRequest, *, timeout: float) -> BackendResponse:
        """Send and wait for the answer's head.

        ``timeout`` (seconds) is one deadline over connecting, retries on other nodes and waiting.

        Raises:
            BackendUnreachable: no node took the request.
            BackendTimeout: the time was used up.
            BackendError: the node broke the connection off or did not speak HTTP.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections."""
