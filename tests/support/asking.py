"""Asking servers: over a socket with the target as it is written, or an application in this process."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from flask import Flask

__all__ = ["Ask", "Got", "InProcess", "Over", "untimed"]

_TOOK = re.compile(rb'("?took"?\s*:\s*)\d+')
_OURS = {"x-sessionrank", "server-timing"}
_FRAMING = {"date", "server", "connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def told(self) -> str:
        """``X-Sessionrank``."""
        return self.header("X-Sessionrank") or ""

    @property
    def reason(self) -> str:
        """Why it was not personalised; empty when it was."""
        return self.told.partition("plain; reason=")[2]

    def engine_headers(self) -> list[tuple[str, str]]:
        """The headers that must be the engine's own, sorted."""
        return sorted((k.lower(), v) for k, v in self.headers if k.lower() not in _OURS | _FRAMING)

    def ids(self) -> list[str]:
        """The ids of the hits, in order."""
        return [hit["_id"] for hit in self.json()["hits"]["hits"]]


class Ask(Protocol):
    """Something that can be asked."""

    def __call__(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Got: ...  # pragma: no cover


class Over:
    """A server over TCP; each request has a connection of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80

    def __call__(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Got:
        data, sent = _encoded(body, headers)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if data is not None and "Content-Length" not in sent:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return Got(answer.status, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()


class InProcess:
    """An application in this process, with real servers behind it."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def __call__(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Got:
        data, sent = _encoded(body, headers)
        # As one text: the client makes RAW_URI of it as it stands.
        answer = self._client.open(target, method=method, data=data, headers=sent)
        try:
            return Got(answer.status_code, tuple(answer.headers), answer.data)
        finally:
            answer.close()


def untimed(body: bytes) -> bytes:
    """A body with every ``took`` at 0."""
    return _TOOK.sub(rb"\g<1>0", body)


def _encoded(body: Any, headers: Mapping[str, str] | None) -> tuple[bytes | None, dict[str, str]]:
    """Bytes stay; anything else but None becomes JSON, with its content type."""
    sent = dict(headers or {})
    if body is None:
        return None, sent
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent.setdefault("Content-Type", "application/json")
    return data, sent
