"""What a release has in Redis beside its index: item vectors, their lengths, covisits, its ranking, and their record.

The only file of the indexer that talks to Redis. A record (JSON under ``sr:r:<release>``) is written first, with
``complete: false``, then vectors, lengths and covisits, then the record again: so whatever a killed load leaves can be
found and removed by its record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, WatchError
from redis.retry import Retry

from sessionrank import keys
from sessionrank.addresses import shown
from sessionrank.errors import ConfigurationError, StoreError
from sessionrank.exact import FOUND, fingerprint
from sessionrank.ranking import Ranking
from sessionrank.releases import is_release

__all__ = ["CHUNK", "SIGNALS", "Record", "ReleaseStore", "WrongKey"]

#: Items a round trip, and bytes after which one goes out with fewer.
CHUNK = 1000
CHUNK_BYTES = 4 << 20
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 30.0

Record = dict[str, Any]

#: What is kept of items: its name → (the key of a bucket, the field of the record that tells how many there are).
SIGNALS: dict[str, tuple[Callable[[str, int], str], str]] = {
    "vectors": (keys.vectors, "count"),
    "lengths": (keys.lengths, "lengths"),
    "covisits": (keys.covisits, "covisits"),
}


class WrongKey(StoreError):
    """A key of ours holds a value of another Redis type: somebody else wrote it."""


class ReleaseStore:
    """What the loader writes into the store and the proxy reads."""

    def __init__(self, client: redis.Redis, where: str) -> None:
        self._client = client
        self._where = where

    @classmethod
    def connect(cls, url: str) -> ReleaseStore:
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
        return _decoded(release, self._get(keys.release_info(release)))

    def records(self, *, on_wrong: Callable[[WrongKey], None] | None = None) -> list[Record]:
        """The records of all releases, in no order.

        Args:
            on_wrong: told of each key that holds something else; without it, the first of them is raised.
        """
        found = []
        prefix = keys.release_info("")
        with _wrapped(self._where):
            names = list(self._client.scan_iter(match=prefix + "*", count=1000))
        for release in [name.decode(errors="replace").removeprefix(prefix) for name in names]:
            try:
                record = self.record(release) if is_release(release) else None
            except WrongKey as error:
                if on_wrong is None:
                    raise
                on_wrong(error)
                continue
            if record is not None:
                found.append(record)
        return found

    def _get(self, key: str) -> bytes | None:
        with _wrapped(self._where, key):
            value = self._client.get(key)
        return value if isinstance(value, bytes) else None

    def write(
        self,
        record: Record,
        signal: str,
        items: Iterable[tuple[str, bytes]],
        *,
        advance: Callable[[int], None] = lambda _n: None,
    ) -> None:
        """Write the bytes of each item into the buckets of the record's release, in pieces.

        Args:
            signal: which of :data:`SIGNALS` they are.
            items: (id, bytes) of each.
            advance: told of how many more were written.
        """
        key, _ = SIGNALS[signal]
        for piece in _pieces(items):
            fields: dict[int, dict[str, bytes]] = {}
            with _wrapped(self._where):
                for item_id, value in piece:
                    fields.setdefault(keys.bucket(item_id, record["buckets"]), {})[item_id] = value
                pipeline = self._client.pipeline(transaction=False)
                for bucket, mapping in fields.items():
                    pipeline.hset(key(record["release"], bucket), mapping=mapping)  # type: ignore[arg-type]
                pipeline.execute()
            advance(len(piece))

    def add_names(self, release: str, names: Iterable[str]) -> None:
        """Add names of products to those that the proxy knows a search for one product by."""
        found = {told: FOUND for name in names if (told := fingerprint(name)) is not None}
        if found:
            with _wrapped(self._where):
                self._client.hset(keys.exact(release), mapping=found)  # type: ignore[arg-type]

    def names(self, release: str) -> int:
        """How many names of products the release has."""
        with _wrapped(self._where, keys.exact(release)):
            return int(self._client.hlen(keys.exact(release)))

    def stored(self, record: Record, signal: str) -> int:
        """For how many items the record's release has that signal now."""
        key, _ = SIGNALS[signal]
        names = [key(record["release"], bucket) for bucket in range(record["buckets"])]
        with _wrapped(self._where):
            pipeline = self._client.pipeline(transaction=False)
            for name in names:
                pipeline.hlen(name)
            counts = pipeline.execute(raise_on_error=False)
        for name, count in zip(names, counts, strict=True):
            if isinstance(count, Exception):
                with _wrapped(self._where, name):
                    raise count
        return sum(counts)

    def missing(self, record: Record) -> str | None:
        """What the store lacks of the record's release, as words; None when all is there."""
        for signal, (_, field) in SIGNALS.items():
            if (stored := self.stored(record, signal)) != record[field]:
                return f"the store holds {stored} of {record[field]} {signal}"
        if (stored := self.names(record["release"])) != record["names"]:
            return f"the store holds {stored} of {record['names']} names"
        return None

    def whole(self, release: str) -> bool:
        """Whether all that was written for the release is there."""
        record = self.record(release)
        return record is not None and record["complete"] and self.missing(record) is None

    def delete(self, release: str) -> None:
        """Remove all that the store has of a release, its record last."""
        record = self.record(release)
        buckets = 0 if record is None else record["buckets"]
        names = [key(release, bucket) for key, _ in SIGNALS.values() for bucket in range(buckets)]
        names += [keys.exact(release), keys.ranking(release), keys.learned_model(release)]
        if record is not None:
            names.append(keys.release_info(release))
        with _wrapped(self._where):
            pipeline = self._client.pipeline(transaction=False)
            for name in names:
                pipeline.unlink(name)
            pipeline.execute()

    def ranking(self, release: str) -> Ranking | None:
        """How the hits of the release are ordered; None where nothing says so.

        Raises:
            DataError: what is kept there is no ranking.
        """
        text = self._get(keys.ranking(release))
        return None if text is None else Ranking.from_json(text)

    def forget_ranking(self, release: str) -> None:
        """Remove what says how the hits of the release are ordered."""
        with _wrapped(self._where):
            self._client.unlink(keys.ranking(release))

    def pointer(self, index: str) -> str | None:
        """The release that serves an index which we did not load."""
        return _release(self._get(keys.pointer(index)))

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
def _wrapped(where: str, key: str = "") -> Iterator[None]:
    """Turn the driver's errors into ours; ``key`` is the one that is read."""
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
        if key and str(error).startswith("WRONGTYPE"):
            raise WrongKey(
                f"the key {key} at {where} holds what no release has there; who else writes to it?"
            ) from error
        raise StoreError(f"Redis at {where} refused: {str(error)[:200]}") from error


def _pieces(items: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    piece: list[tuple[str, bytes]] = []
    size = 0
    for item_id, value in items:
        piece.append((item_id, value))
        size += len(value)
        if len(piece) == CHUNK or size >= CHUNK_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


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
        # Releases that were loaded before there were these say nothing of them.
        record |= {name: int(record.get(name, 0)) for name in ("lengths", "covisits", "names")}
    except (ValueError, KeyError, TypeError):
        return None
    return record
