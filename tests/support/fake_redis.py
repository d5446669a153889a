"""A Redis in memory with the commands that the indexer uses; it keeps what it was told, and fails when told to."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from redis.exceptions import ResponseError

from indexer.release_store import ReleaseStore

__all__ = ["FakeRedis", "fake_store"]


class FakeRedis:
    """``values``: key → bytes or a hash; ``told``: (command, key) of every change in order."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.told: list[tuple[str, str]] = []
        #: Fields that no hash keeps.
        self.loses: set[bytes] = set()
        #: Given (command, key) of a change; may raise.
        self.trouble: Callable[[str, str], None] = lambda _command, _key: None

    def get(self, key: str | bytes) -> bytes | None:
        value: bytes | None = self._of_type(bytes, key.decode() if isinstance(key, bytes) else key)
        return value

    def set(self, key: str, value: str | bytes) -> None:
        self._change("SET", key)
        self.values[key] = value.encode() if isinstance(value, str) else value

    def hset(self, key: str, *, mapping: Mapping[str, bytes]) -> None:
        self._change("HSET", key)
        self.values.setdefault(key, {}).update(
            {field.encode(): value for field, value in mapping.items() if field.encode() not in self.loses}
        )

    def hlen(self, key: str) -> int:
        return len(self._of_type(dict, key) or ())

    def unlink(self, key: str) -> None:
        self._change("UNLINK", key)
        self.values.pop(key, None)

    def scan_iter(self, match: str, count: int) -> Iterator[bytes]:
        return iter([key.encode() for key in self.values if fnmatch.fnmatchcase(key, match)])

    def pipeline(self, transaction: bool = True) -> _Pipeline:
        return _Pipeline(self)

    def close(self) -> None:
        pass

    def _of_type(self, kind: type, key: str) -> Any:
        value = self.values.get(key)
        if value is not None and not isinstance(value, kind):
            raise ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return value

    def _change(self, command: str, key: str) -> None:
        self.told.append((command, key))
        self.trouble(command, key)


class _Pipeline:
    """Commands that are carried out together."""

    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self._commands: list[Callable[[], Any]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        command = getattr(self._redis, name)
        return lambda *arguments, **options: self._commands.append(lambda: command(*arguments, **options))

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, self._commands = self._commands, []
        found: list[Any] = []
        for command in commands:
            try:
                found.append(command())
            except ResponseError as error:
                if raise_on_error:
                    raise
                found.append(error)
        return found


def fake_store() -> tuple[FakeRedis, ReleaseStore]:
    """A Redis, and the indexer's store in it."""
    redis = FakeRedis()
    return redis, ReleaseStore(redis, "redis://fake")  # type: ignore[arg-type]
