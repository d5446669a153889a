"""Item vectors and release records in Redis: the only file of the indexer that talks to it.

A record (JSON under ``sr:r:<release>``) is written first, with ``complete: false``, then the vectors, then the record
again: so whatever a killed load leaves can be found and removed by its record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import redis
from numpy.typing import NDArray
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, WatchError
from redis.retry import Retry

from sessionrank import keys
from sessionrank.addresses import shown
from sessionrank.errors import ConfigurationError, StoreError
from sessionrank.releases import is_release
from sessionrank.vectors import DTYPE

__all__ = ["CHUNK", "VectorStore"]

#: Vectors a round trip.
CHUNK = 1000
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 30.0

Record = dict[str, Any]


class VectorStore:
    """What the loader writes into the store and the proxy reads."""

    def __init__(self, client: redis.Redis, where: str) -> None:
        self._client = client
        self._where = where

    @classmethod
    def connect(cls, url: str) -> VectorStore:
        """Connect and make sure that the store answers.

        Raises:
            ConfigurationError: the URL is of a store that no other process sees, or has an option that is unknown.
            StoreError: nothing answers.
        """
        if url.startswith("memory:"):
            raise ConfigurationError(
                "SESSIONRANK_REDIS_URL: a memory:// store is gone when this command ends; vectors need redis://"
            )
        with _wrapped(shown(url)):
            try:
                client = redis.Redis.from_url(
                    url,
                    socket_connect_timeout=CONNECT_TIMEOUT_S,
                    socket_timeout=ANSWER_TIMEOUT_S,
                    retry=Retry(NoBackoff(), 1),
                )
                client.ping()
            except (TypeError, ValueError) as error:
                # The driver hands the options behind the ? to its connection class, which is made for the first order.
                raise ConfigurationError(
                    f"SESSIONRANK_REDIS_URL: {shown(url)} has an option that the driver does not take: {error}"
                ) from error
        return cls(client, shown(url))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def put_record(self, record: Record) -> None:
        """Write the record of ``record["release"]``."""
        with _wrapped(self._where):
            self._client.set(keys.release_info(record["release"]), json.dumps(record, sort_keys=True))

    def record(self, release: str) -> Record | None:
        """The record of a release, or None when there is none of ours."""
        with _wrapped(self._where):
            return _decoded(release, self._client.get(keys.release_info(release)))

    def records(self) -> list[Record]:
        """The records of all releases, in no order."""
        found = []
        with _wrapped(self._where):
            prefix = keys.release_info("")
            for key in self._client.scan_iter(match=prefix + "*", count=1000):
                release = key.decode(errors="replace").removeprefix(prefix)
                record = _decoded(release, self._client.get(key)) if is_release(release) else None
                if record is not None:
                    found.append(record)
        return found

    def write(
        self,
        record: Record,
        ids: Sequence[str] | NDArray[np.str_],
        vectors: NDArray[np.float32],
        *,
        advance: Callable[[int], None] = lambda _n: None,
    ) -> None:
        """Write ``vectors[i]`` as the vector of ``ids[i]`` into the buckets of the record's release, in pieces."""
        release, buckets = record["release"], record["buckets"]
        for start in range(0, len(ids), CHUNK):
            fields: dict[int, dict[str, bytes]] = {}
            for item, row in zip(ids[start : start + CHUNK], vectors[start : start + CHUNK], strict=True):
                item_id = str(item)
                fields.setdefault(keys.bucket(item_id, buckets), {})[item_id] = row.astype(DTYPE, copy=False).tobytes()
            with _wrapped(self._where):
                pipeline = self._client.pipeline(transaction=False)
                for bucket, mapping in fields.items():
                    pipeline.hset(keys.vectors(release, bucket), mapping=mapping)  # type: ignore[arg-type]
                pipeline.execute()
            advance(sum(len(mapping) for mapping in fields.values()))

    def stored(self, record: Record) -> int:
        """How many vectors the record's release has now."""
        with _wrapped(self._where):
            pipeline = self._client.pipeline(transaction=False)
            for bucket in range(record["buckets"]):
                pipeline.hlen(keys.vectors(record["release"], bucket))
            return sum(pipeline.execute())

    def whole(self, release: str) -> bool:
        """Whether the release's vectors are all there."""
        record = self.record(release)
        return record is not None and record["complete"] and self.stored(record) == record["count"]

    def delete(self, release: str) -> None:
        """Remove the vectors of a release, then its record."""
        record = self.record(release)
        if record is None:
            return
        with _wrapped(self._where):
            names = [keys.vectors(release, bucket) for bucket in range(record["buckets"])]
            pipeline = self._client.pipeline(transaction=False)
            for name in (*names, keys.release_info(release)):
                pipeline.unlink(name)
            pipeline.execute()

    def pointer(self, index: str) -> str | None:
        """The release that serves an index which we did not load."""
        with _wrapped(self._where):
            return _release(self._client.get(keys.pointer(index)))

    def move_pointer(self, index: str, *, before: str | None, release: str) -> None:
        """Let ``release`` serve ``index``, in one step, provided that ``before`` still does.

        Raises:
            StoreError: another command moved the pointer in the meantime.
        """
        key = keys.pointer(index)
        try:
            with _wrapped(self._where), self._client.pipeline() as pipeline:
                pipeline.watch(key)  # type: ignore[no-untyped-call]
                if _release(pipeline.get(key)) != before:
                    raise WatchError
                pipeline.multi()
                pipeline.set(key, release)
                pipeline.execute()
        except WatchError as error:
            raise StoreError(f"another command published for {index} in the meantime; nothing was changed") from error


@contextmanager
def _wrapped(where: str) -> Iterator[None]:
    try:
        yield
    except WatchError:
        raise
    except (AuthenticationError, NoPermissionError) as error:
        raise StoreError(f"{where} refuses the credentials in SESSIONRANK_REDIS_URL") from error
    except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
        raise StoreError(
            f"no Redis answers at {where}; start it (`sessionrank stack up`) or set SESSIONRANK_REDIS_URL"
        ) from error
    except (RedisError, ValueError) as error:
        raise StoreError(f"Redis at {where} refused: {str(error)[:200]}") from error


def _release(value: Any) -> str | None:
    text = value.decode(errors="replace") if isinstance(value, bytes) else ""
    return text if is_release(text) else None


def _decoded(release: str, value: Any) -> Record | None:
    """A record, checked for what this program relies on."""
    try:
        record = json.loads(value) if value else None
        if not isinstance(record, dict):
            return None
        if record.get("release") != release or not 1 <= int(record["buckets"]) <= 65536:
            return None
        record["count"], record["complete"] = int(record["count"]), bool(record["complete"])
    except (ValueError, KeyError, TypeError):
        return None
    return record
