"""OpenSearch 2 and 3, and Elasticsearch 7, through opensearch-py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError
from opensearchpy.helpers import streaming_bulk

from sessionrank.addresses import shown_all
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable
from sessionrank.upstream import NOBODY, UpstreamAccess

from .base import EngineInfo, EngineRefusal, reason_of
from .client import ClientEngine

__all__ = ["OpenSearchEngine"]


class OpenSearchEngine(ClientEngine):
    """The client checks no product, so it serves the engines before the two went apart as well."""

    client_errors = (OpenSearchException,)

    def __init__(
        self, info: EngineInfo, urls: Sequence[str], *, timeout: float, access: UpstreamAccess = NOBODY
    ) -> None:
        super().__init__(info)
        self._where = shown_all(urls)
        self._client = OpenSearch(
            [_host(url) for url in urls],
            headers={"authorization": access.authorization} if access.authorization else None,
            ssl_context=access.tls() if any(url.startswith("https://") for url in urls) else None,
            timeout=timeout,
            max_retries=2,
            pool_maxsize=2,
        )

    def request(self, method: str, target: str, body: Any = None) -> Any:
        try:
            return self._client.transport.perform_request(method, target, body=body)
        except self.client_errors as error:
            raise self._translated(error) from error

    def _streaming_bulk(self, actions: Iterator[dict[str, Any]], **options: Any) -> Iterable[tuple[bool, Any]]:
        outcomes: Iterable[tuple[bool, Any]] = streaming_bulk(self._client, actions, **options)
        return outcomes

    def close(self) -> None:
        self._client.close()

    def _translated(self, error: Exception) -> BackendError:
        if isinstance(error, ConnectionTimeout):
            return BackendTimeout(f"the search engine at {self._where} did not answer in time")
        if isinstance(error, ClientConnectionError):
            return BackendUnreachable(f"the search engine at {self._where} broke the connection off")
        if isinstance(error, TransportError):
            return EngineRefusal(int(error.status_code), reason_of(error.info))
        return BackendError(f"the search engine at {self._where} gave an answer that is not its own")


def _host(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host: dict[str, Any] = {"host": parts.hostname, "port": parts.port or (443 if secure else 80), "use_ssl": secure}
    if parts.username is not None:
        host["http_auth"] = (unquote(parts.username), unquote(parts.password or ""))
    if parts.path.strip("/"):
        host["url_prefix"] = parts.path.strip("/")
    return host
