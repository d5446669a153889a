"""Elasticsearch 8 and 9 through elasticsearch-py 8, whose ``compatible-with=8`` media type both take."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from elastic_transport import ConnectionTimeout, TransportError
from elasticsearch import ApiError, Elasticsearch, ElasticsearchWarning, UnsupportedProductError
from elasticsearch.helpers import streaming_bulk

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

__all__ = ["ElasticsearchEngine"]


class ElasticsearchEngine(Engine):
    """The client insists on the product header; servers without ``GET /`` are fine with it."""

    def __init__(self, info: EngineInfo, urls: Sequence[str], *, timeout: float) -> None:
        super().__init__(info)
        self._where = shown_all(urls)
        self._client = Elasticsearch(
            [_with_port(url) for url in urls],
            request_timeout=timeout,
            max_retries=2,
            # 429 is the bulk helper's, which waits before it repeats.
            retry_on_status=(502, 503, 504),
        )

    def request(self, method: str, target: str, body: Any = None) -> Any:
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = "application/json"
        with self._wrapped():
            return self._client.perform_request(method, target, headers=headers, body=body).body

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
                initial_backoff=INITIAL_BACKOFF_S,
                max_backoff=MAX_BACKOFF_S,
                filter_path="items.*._id,items.*.status,items.*.error",
            )
        )
        while True:
            # Only the client's own work is wrapped, not what the caller does between two outcomes.
            with self._wrapped():
                item = next(outcomes, None)
            if item is None:
                return
            yield bulk_outcome(item[1])

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ElasticsearchWarning)
                yield
        except UnsupportedProductError as error:
            raise BackendError(f"what answers at {self._where} is not Elasticsearch") from error
        except ApiError as error:
            raise EngineRefusal(error.meta.status, reason_of(error.body)) from error
        except ConnectionTimeout as error:
            raise BackendTimeout(f"the search engine at {self._where} did not answer in time") from error
        except TransportError as error:
            raise BackendUnreachable(f"the search engine at {self._where} broke the connection off") from error


def _with_port(url: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if parts.port is None:
        parts = parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{443 if parts.scheme == 'https' else 80}")
    return urlunsplit(parts)
