"""The contract of search backends: a request goes to the engine as it is, the answer comes back as it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from sessionrank.errors import BackendError

__all__ = ["AnswerTooLarge", "BackendRequest", "BackendResponse", "Headers", "SearchBackend"]

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
    #: Whether it may be sent again when a connection breaks: true for every read.
    repeatable: bool = True


class AnswerTooLarge(BackendError):
    """A body is larger than the caller can take."""


class BackendResponse(ABC):
    """An answer whose body is read once: whole by :meth:`read`, or in pieces by :meth:`stream`."""

    status: int
    reason: str
    #: As the engine sent them.
    headers: Headers

    @abstractmethod
    def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        """The whole body; frees the connection.

        Raises:
            AnswerTooLarge: the body has more than ``limit`` bytes; the connection is given up.
            BackendError: it breaks off, or takes longer than the time that ``send`` was given.
        """

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

    #: Whether requests without an ``Authorization`` of their own get the proxy's.
    has_credentials: bool = False
    #: Whether the engine knows every request as the proxy's, by a certificate of its connections.
    has_certificate: bool = False

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
