"""Sessions and published vectors in Redis.

A session is one hash: field ``e`` its events, field ``v`` its cached vector, both packed as in ``record.py``. Events
are written by compare-and-set (``scripts/append.lua``): read, add, replace if nobody else did meanwhile, else start
again from what stands there.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection, parse_url
from redis.retry import Retry

from sessionrank import keys
from sessionrank.errors import ConfigurationError, StoreError

from ..deadline import Deadline
from .base import (
    ORDER_SECONDS,
    ORDERS,
    Appended,
    CachedVector,
    Event,
    FrozenHits,
    Lookup,
    OfSession,
    Record,
    SessionStore,
)
from .record import append, pack, pack_cached, prefix, record_of, unpack, unpack_cached
from .wire import Pool, Wire

__all__ = ["RedisSessions"]

_SECRET_BYTES = 32
_SCAN_COUNT = "1000"
#: Seconds that each piece of a scan may take.
_SCAN_PIECE_S = 5.0


class _Script:
    """A Lua file of this package, and the name that Redis knows it by."""

    def __init__(self, name: str) -> None:
        self.text = files(__package__).joinpath("scripts", name).read_bytes()
        self.sha = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()


class RedisSessions(SessionStore):
    """Sessions in Redis: at most ``cap`` events each, gone ``ttl`` seconds after the last one."""

    def __init__(self, url: str, *, cap: int, ttl: int, max_connections: int = 64) -> None:
        try:
            options = parse_url(url)  # type: ignore[no-untyped-call]
            self._connection_class: type[AbstractConnection] = options.pop("connection_class", Connection)
            size = int(options.pop("max_connections", max_connections))
            self._options = options | {"retry": Retry(NoBackoff(), 0), "redis_connect_func": _no_greeting}
            made = self._connection_class(**self._options)
        except (TypeError, ValueError, redis.RedisError) as error:
            raise ConfigurationError(f"SESSIONRANK_REDIS_URL cannot be used: {error}") from error
        self._name = f"{getattr(made, 'host', '')}:{getattr(made, 'port', '')}/{made.db}"
        self._greeting = _greeting(made)
        self._pool = Pool(self._connect, size=max(1, size), name=self._name)
        self._cap = cap
        self._ttl = str(ttl)
        self._append_script = _Script("append.lua")
        self._cache_script = _Script("cache.lua")
        self._freeze_script = _Script("freeze.lua")
        self._frozen_script = _Script("frozen.lua")
        self._own_script = _Script("of_session.lua")
        self._candidate = secrets.token_bytes(_SECRET_BYTES)

    @classmethod
    def from_url(cls, url: str, *, cap: int, ttl: int) -> RedisSessions:
        """As the registry makes it."""
        return cls(url, cap=cap, ttl=ttl)

    def secret(self, deadline: Deadline) -> bytes:
        """See the contract. A key that this process has used before is offered again, so that it outlives a flush."""
        offer = _pack("SET", keys.SECRET, self._candidate, "NX") + _pack("GET", keys.SECRET)
        _, kept = self._pool.exchange(offer, 2, deadline)
        secret = self._sound(kept)
        if not isinstance(secret, bytes) or len(secret) < _SECRET_BYTES:
            raise StoreError(f"Redis at {self._name}: {keys.SECRET} holds no key; delete it, and it is made again")
        self._candidate = secret
        return secret

    def read(
        self, digest: str | None, lookups: Sequence[Lookup | OfSession], deadline: Deadline
    ) -> tuple[Record | None, list[list[bytes | None]]]:
        """See the contract."""
        commands = [] if digest is None else [_pack("HMGET", keys.session(digest), "e", "v")]
        commands += [packed for lookup in lookups if (packed := self._lookup(digest, lookup))]
        if not commands:
            return None, [[] for _ in lookups]
        answers = iter(self._pool.exchange(b"".join(commands), len(commands), deadline))
        record = None if digest is None else self._record(self._fields(next(answers), 2))
        values: list[list[bytes | None]] = []
        for lookup in lookups:
            if isinstance(lookup, OfSession):
                values.append([] if digest is None else self._of_session(record, lookup.key, next(answers), deadline))
            else:
                values.append(self._fields(next(answers), len(lookup.fields)) if lookup.fields else [])
        return record, values

    def _lookup(self, digest: str | None, lookup: Lookup | OfSession) -> bytes:
        """The command that reads it; none where there is nothing to read."""
        if isinstance(lookup, OfSession):
            key = lookup.key
            return _pack("EVALSHA", self._own_script.sha, "2", keys.session(digest), key) if digest is not None else b""
        return _pack("HMGET", lookup.key, *lookup.fields) if lookup.fields else b""

    def _of_session(self, record: Record | None, key: str, answer: Any, deadline: Deadline) -> list[bytes | None]:
        """The fields of a hash for the items of ``record``, from what the script answered."""
        skus = [event.sku for event in record.events] if record else []
        if not record or not skus:
            return []
        match answer:
            case [bytes(head), *found] if head == prefix(record.sequence) and len(found) >= len(skus):
                return found[-len(skus) :]
        # Redis does not know the script (after a restart, say), or an event came between the two reads.
        again = _pack("SCRIPT", "LOAD", self._own_script.text) + _pack("HMGET", key, *skus)
        return self._fields(self._pool.exchange(again, 2, deadline)[1], len(skus))

    def _record(self, fields: list[bytes | None]) -> Record | None:
        kept = unpack(fields[0])
        return None if kept is None else record_of(kept, unpack_cached(fields[1]), self._cap)

    def _fields(self, answer: Any, count: int) -> list[bytes | None]:
        """The fields of a hash; none of them where the key holds something else."""
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("WRONGTYPE"):
            return [None] * count
        values = self._sound(answer)
        if not isinstance(values, list) or len(values) != count:
            raise StoreError(f"Redis at {self._name}: an answer of the wrong shape")
        return values

    def append(self, digest: str, events: Sequence[Event], deadline: Deadline) -> Appended:
        """See the contract."""
        key = keys.session(digest)
        before, cached = self._fields(self._call(deadline, "HMGET", key, "e", "v"), 2)
        while True:
            kept, new = append(unpack(before), events, cap=self._cap, now=int(time.time() * 1000))
            if events:
                answer = self._run(self._append_script, deadline, key, before or b"", pack(kept), self._ttl)
            if not events or answer == 1:
                return Appended(new, record_of(kept, unpack_cached(cached), self._cap))
            if not isinstance(answer, bytes):
                raise StoreError(f"Redis at {self._name}: an answer of the wrong shape")
            before = answer

    def cache_vector(self, digest: str, cached: CachedVector, deadline: Deadline) -> None:
        """See the contract."""
        key = keys.session(digest)
        self._run(self._cache_script, deadline, key, prefix(cached.sequence), pack_cached(cached))

    def freeze(self, digest: str, walk: str, order: FrozenHits, deadline: Deadline) -> None:
        """See the contract."""
        key = keys.orders(digest)
        limits = (str(ORDERS), str(ORDER_SECONDS))
        self._run(self._freeze_script, deadline, key, walk, order.packed, str(order.shown), *limits)

    def frozen(self, digest: str, walk: str, shown: int, deadline: Deadline) -> FrozenHits | None:
        """See the contract."""
        key = keys.orders(digest)
        match self._run(self._frozen_script, deadline, key, walk, str(shown), str(ORDER_SECONDS)):
            case [int(before), bytes(packed)]:
                return FrozenHits(packed, before)
            case _:
                return None

    def forget(self, digest: str, deadline: Deadline) -> bool:
        """See the contract."""
        commands = _pack("DEL", keys.orders(digest)) + _pack("DEL", keys.session(digest))
        return bool(self._sound(self._pool.exchange(commands, 2, deadline)[1]))

    def value(self, key: str, deadline: Deadline) -> bytes | None:
        """See the contract."""
        answer = self._call(deadline, "GET", key)
        return answer if isinstance(answer, bytes) else None

    def put(self, key: str, value: bytes, deadline: Deadline) -> None:
        """See the contract."""
        self._call(deadline, "SET", key, value)

    def scan(self, key: str) -> Iterator[tuple[str, bytes]]:
        """See the contract. As long as the hash does not change each field comes at least once, rarely twice."""
        cursor = b"0"
        while True:
            answer = self._call(Deadline(_SCAN_PIECE_S), "HSCAN", key, cursor, "COUNT", _SCAN_COUNT)
            try:
                cursor, fields = answer
                for name, value in zip(fields[::2], fields[1::2], strict=True):
                    yield name.decode(errors="replace"), value
            except (TypeError, ValueError, AttributeError) as error:
                raise StoreError(f"Redis at {self._name}: an answer of the wrong shape") from error
            if cursor == b"0":
                return

    def ping(self, deadline: Deadline) -> None:
        """See the contract."""
        if self._call(deadline, "PING") != b"PONG":
            raise StoreError(f"Redis at {self._name}: no answer to PING")

    def close(self) -> None:
        """See the contract."""
        self._pool.close()

    def _run(self, script: _Script, deadline: Deadline, key: str, *arguments: str | bytes) -> Any:
        """Run a script by its name; hand its text over where Redis does not know it (after a restart, say)."""
        answer = self._pool.exchange(_pack("EVALSHA", script.sha, "1", key, *arguments), 1, deadline)[0]
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT"):
            answer = self._pool.exchange(_pack("EVAL", script.text, "1", key, *arguments), 1, deadline)[0]
        return self._sound(answer)

    def _call(self, deadline: Deadline, *command: str | bytes) -> Any:
        return self._sound(self._pool.exchange(_pack(*command), 1, deadline)[0])

    def _sound(self, answer: Any) -> Any:
        """``answer``, unless it is an error; of that only the part before any argument that it may repeat."""
        if isinstance(answer, hiredis.ReplyError):
            raise StoreError(f"Redis at {self._name}: {str(answer).partition(',')[0][:120]}")
        return answer

    def _connect(self, deadline: Deadline) -> Wire:
        limit = max(0.001, deadline.remaining())
        connection = self._connection_class(
            **(self._options | {"socket_timeout": limit, "socket_connect_timeout": limit})
        )
        try:
            connection.connect()  # type: ignore[no-untyped-call]
        except (redis.RedisError, OSError, UnicodeError) as error:
            raise StoreError(f"Redis at {self._name}: {error}") from error
        wire = Wire(connection._sock)  # type: ignore[arg-type]
        # The wire owns the socket from here: the connection would shut it down when it is collected.
        connection._sock = None
        try:
            refusals = [
                answer
                for answer in wire.exchange(b"".join(self._greeting), len(self._greeting), deadline)
                if isinstance(answer, hiredis.ReplyError)
            ]
        except BaseException:
            wire.close()
            raise
        if refusals:
            wire.close()
            # No more than the code: Redis may repeat the arguments, the password among them.
            raise StoreError(f"Redis at {self._name} refused the login or the database: {str(refusals[0]).split()[0]}")
        return wire


def _no_greeting(_: Any) -> None:
    """In place of redis-py's own greeting, whose several round trips no deadline bounds."""


def _greeting(connection: AbstractConnection) -> list[bytes]:
    """The commands that a new connection begins with."""
    user = [connection.username] if connection.username else []
    commands = [_pack("AUTH", *user, connection.password)] if connection.password else []
    if connection.db:
        commands.append(_pack("SELECT", str(connection.db)))
    return commands


def _pack(*command: str | bytes) -> bytes:
    """One command in Redis's protocol. A text that is no Unicode names nothing that we keep: any bytes do."""
    try:
        packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    except UnicodeEncodeError:
        parts = tuple(part.encode(errors="surrogatepass") if isinstance(part, str) else part for part in command)
        packed = hiredis.pack_command(parts)  # type: ignore[arg-type]
    return packed
