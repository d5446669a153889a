"""Asking a server: the target as it is written, every header line as given, and the answer's lines as they came."""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from tests.support.asking import Got

__all__ = ["SILENCE", "Peer"]

SILENCE = Got(0, (), b"")


class Peer:
    """A server behind a URL, which may be ``https`` and may carry a user's name and password.

    Each request has a connection of its own, so that none is answered out of what another left behind.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        #: The URL without a user's name and password.
        self.bare_url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        self._host, self._prefix = parts.hostname or "", parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        #: What the user's name and password of the URL make; none without.
        self.authorization: tuple[tuple[str, str], ...] = ()
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.authorization = (("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)

    def ask(self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes | None = None) -> Got:
        """Send a request and read the whole answer; a body that there is gets its length.

        A server that closes the connection without a word has given the answer :data:`SILENCE`.
        """
        connection = self._connection()
        try:
            connection.putrequest(method, self._prefix + target, skip_accept_encoding=True)
            named = {name.lower() for name, _ in headers}
            for name, value in (*headers, *(() if "authorization" in named else self.authorization)):
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            try:
                answer = connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError):
                return SILENCE
            return Got(answer.status, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=60, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=60)
