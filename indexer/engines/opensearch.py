"""OpenSearch 2 and 3, and Elasticsearch 7, through opensearch-py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as ClientConnectionError
from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError
from opensearchpy.helpers import streaming_bulk

from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable

from ..addresses import shown_all
from .base import (
    INITIAL_BACKOFF_S,
    MAX_BACKOFF_S,
    MAX_CHUNK_BYTES,
    MAX_RETRIES,
    BulkOutcome,
    Engine,
    EngineInfo,
    EngineRefusal,
    bulk_outcome,
    reason_of,
)

__all__ = ["OpenSearchEngine"]


class OpenSearchEngine(Engine):
    """The client checks no product, so it serves the engines before the two went apart as well."""

    def __init__(self, info: EngineInfo, urls: Sequence[str], *, timeout: float) -> None:
        super().__init__(info)
        self._where = shown_all(urls)
        self._client = OpenSearch([_host(url) for url in urls], timeout=timeout, max_retries=2, pool_maxsize=2)

    def request(self, method: str, target: str, body: Any = None) -> Any:
        try:
            return self._client.transport.perform_request(method, target, body=body)
        except OpenSearchException as error:
            raise self._translated(error) from error

    def bulk(self, index: str, documents: Iterable[tuple[str, dict[str, Any]]], *, chunk: int) -> Iterator[BulkOutcome]:
        actions = ({"_index": index, "_id": sku, "_source": document} for sku, document in documents)
        outcomes = iter(
            streaming_bulk(
                self._client,
                actions,
                chunk_size=chunk,
                max_chunk_bytes=MAX_CHUNK_BYTES,
                raise_on_error=False,
                max_retries=MAX_RETRIES,
                initial_backoff=INITIAL_BACKOFF_S,  # type: ignore[arg-type]  # its type says int, it multiplies
                max_backoff=MAX_BACKOFF_S,  # type: ignore[arg-type]
                filter_path="items.*._id,items.*.status,items.*.error",
            )
        )
        while True:
            # Only the client's own work is translated, not what the caller does between two outcomes.
            try:
                item = next(outcomes, None)
            except OpenSearchException as error:
                raise self._translated(error) from error
            if item is None:
                return
            yield bulk_outcome(item[1])

    def close(self) -> None:
        self._client.close()

    def _translated(self, error: OpenSearchException) -> BackendError:
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
