"""The local stack: a search engine and a Redis as child processes, for the length of a ``with`` block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .engine import RunningEngine, launch_engine, wait_for_engine
from .engines import DEFAULT_ENGINE, engine_named
from .redis_server import RunningRedis, start_redis
from .settings import read_stack_settings

__all__ = ["ADDRESSES", "LocalStack", "local_stack"]

#: The settings that tell where a stack is.
ADDRESSES = ("SESSIONRANK_UPSTREAM", "SESSIONRANK_REDIS_URL")


@dataclass(frozen=True)
class LocalStack:
    """An engine and a Redis that both answer."""

    engine: RunningEngine
    redis: RunningRedis

    @property
    def upstream(self) -> str:
        """The engine's URL."""
        return self.engine.url

    @property
    def redis_url(self) -> str:
        """The URL of the Redis, its first database."""
        return self.redis.url

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make every program use this stack."""
        return dict(zip(ADDRESSES, (self.upstream, self.redis_url), strict=True))


@contextmanager
def local_stack(engine: str = DEFAULT_ENGINE, *, timeout: float = 180) -> Iterator[LocalStack]:
    """Run both; they start side by side, and end with the block or with this process, whatever ends it.

    Raises:
        ConfigurationError: the engine is unknown, or a part of the stack cannot be had.
        BackendError: the engine died at its start, or did not answer within ``timeout`` seconds.
        StoreError: Redis died at its start.
    """
    wanted = engine_named(engine)
    with launch_engine(wanted, read_stack_settings()) as child, start_redis() as redis:
        yield LocalStack(engine=wait_for_engine(wanted, child, timeout=timeout), redis=redis)
