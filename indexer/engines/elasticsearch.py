"""Elasticsearch 8 and 9 through elasticsearch-py 8, whose ``compatible-with=8`` media type both take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from elastic_transport import ConnectionError as ClientConnectionError
from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from elasticsearch.helpers import streaming_bulk

from sessionrank.addresses import shown_all
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable
from sessionrank.upstream import NOBODY, UpstreamAccess

from .base import EngineInfo, EngineRefusal, reason_of
from .client import ClientEngine

__all__ = ["ElasticsearchEngine"]


class ElasticsearchEngine(ClientEngine):
    """The client insists on the product header; servers without ``GET /`` are fine with it."""

    client_errors = (ApiError, TransportError, UnsupportedProductError)

    def __init__(
        self, info: EngineInfo, urls: Sequence[str], *, timeout: float, access: UpstreamAccess = NOBODY
    ) -> None:
        super().__init__(info)
        self._where = shown_all(urls)
        self._client = Elasticsearch(
            [_with_port(url) for url in urls],
            headers={"authorization": access.authorization} if access.authorization else {},
            ssl_context=access.tls() if any(url.startswith("https://") for url in urls) else None,
            request_timeout=timeout,
            max_retries=2,
            # 429 is the bulk helper's, which waits before it repeats.
            retry_on_status=(502, 503, 504),
        )

    def request(self, method: str, target: str, body: Any = None) -> Any:
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        try:
            return self._client.perform_request(method, target, headers=headers, body=body).body
        except self.client_errors as error:
            raise self._translated(error) from error

    def _streaming_bulk(self, actions: Iterator[dict[str, Any]], **options: Any) -> Iterable[tuple[bool, Any]]:
        return streaming_bulk(self._client, actions, **options)

    def close(self) -> None:
        self._client.close()

    def _translated(self, error: Exception) -> BackendError:
        if isinstance(error, UnsupportedProductError):
            return BackendError(f"what answers at {self._where} is not Elasticsearch")
        if isinstance(error, ApiError):
            return EngineRefusal(error.meta.status, reason_of(error.body))
        if isinstance(error, ConnectionTimeout):
            return BackendTimeout(f"the search engine at {self._where} did not answer in time")
        if isinstance(error, ClientConnectionError):
            return BackendUnreachable(f"the search engine at {self._where} broke the connection off")
        return BackendError(f"the search engine at {self._where} gave an answer that is not its own")


def _with_port(url: str) -> str:
    parts = urlsplit(url)
    if parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{443 if parts.scheme == 'https' else 80}")
    return urlunsplit(parts)
