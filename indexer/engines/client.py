"""What engines behind an official client library share: its bulk helper, and its errors turned into ours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from sessionrank.errors import BackendError

from .base import BulkOutcome, Engine, bulk_outcome

__all__ = ["ClientEngine"]

#: Bytes of one bulk request at most: below the limits that hosted engines put before theirs.
MAX_CHUNK_BYTES = 5 * 1024 * 1024
#: How often a bulk request or a part of it is repeated when the engine says 429, waiting 0.5 s, 1 s, 2 s … 30 s.
MAX_RETRIES = 10
INITIAL_BACKOFF_S = 0.5
MAX_BACKOFF_S = 30.0


class ClientEngine(Engine):
    """An engine that is asked through its client library."""

    #: What the client library raises.
    client_errors: ClassVar[tuple[type[Exception], ...]]

    def bulk(self, index: str, documents: Iterable[tuple[str, dict[str, Any]]], *, chunk: int) -> Iterator[BulkOutcome]:
        actions = ({"_index": index, "_id": sku, "_source": document} for sku, document in documents)
        items = iter(
            self._streaming_bulk(
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
            # Only the client's own work is translated, not what the caller does between two outcomes.
            try:
                item = next(items, None)
            except self.client_errors as error:
                raise self._translated(error) from error
            if item is None:
                return
            yield bulk_outcome(item[1])

    @abstractmethod
    def _streaming_bulk(self, actions: Iterator[dict[str, Any]], **options: Any) -> Iterable[tuple[bool, Any]]:
        """The client's own helper: (stored, item of the bulk answer) for each action."""

    @abstractmethod
    def _translated(self, error: Exception) -> BackendError:
        """One of :attr:`client_errors` as one of ours."""
