"""A client's request, as the pure parts see it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from .backends.base import Headers

__all__ = ["ClientRequest", "Query"]


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """Method, raw target, headers and body; hop-by-hop headers are already gone."""

    method: str
    #: Path and query exactly as they came (latin-1 text of the raw bytes).
    target: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header, by its lower-case name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def count(self, name: str) -> int:
        """How many lines a header has, by its lower-case name."""
        return sum(key.lower() == name for key, _ in self.headers)


class Query:
    """The query part of a URL: read as the engines read it, changed without touching what stays.

    Engines decode ``+`` as a space and take the last of duplicate parameters.
    """

    __slots__ = ("_raw", "values")

    def __init__(self, text: str) -> None:
        self._raw: list[tuple[str, str]] = []
        self.values: dict[str, str] = {}
        for piece in text.split("&") if text else ():
            name, _, value = piece.partition("=")
            decoded = unquote_plus(name)
            self._raw.append((decoded, piece))
            self.values[decoded] = unquote_plus(value)

    def without(self, *names: str) -> Query:
        """A copy that lacks these parameters."""
        copy = Query("")
        copy._raw = [(name, piece) for name, piece in self._raw if name not in names]
        copy.values = {name: value for name, value in self.values.items() if name not in names}
        return copy

    def plus(self, name: str, value: str) -> Query:
        """A copy with one parameter more."""
        copy = self.without()
        copy._raw.append((name, f"{name}={quote(value, safe='')}"))
        copy.values[name] = value
        return copy

    def __str__(self) -> str:
        return "&".join(piece for _, piece in self._raw)
