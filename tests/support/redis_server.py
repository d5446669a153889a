"""A Redis of one's own, for tests that stop it, kill it and start it again on the same port."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import redis

from stack.redis_server import RunningRedis, start_redis

__all__ = ["RedisServer", "redis_server"]


class RedisServer:
    """The stack's Redis, and what can befall it."""

    def __init__(self) -> None:
        self._exits = contextlib.ExitStack()
        self._running: RunningRedis = self._exits.enter_context(start_redis())

    @property
    def port(self) -> int:
        """Its port, the same after a restart."""
        return self._running.port

    @property
    def url(self) -> str:
        """Its URL, database 0."""
        return self._running.url

    def client(self) -> redis.Redis:
        """An ordinary client of it, to look behind the store's back."""
        return redis.Redis(port=self.port)

    def kill(self) -> None:
        """End it as a crash would, and wait until it is gone."""
        os.kill(self._running.pid, signal.SIGKILL)
        self._exits.close()

    def start_again(self) -> None:
        """Start it on the port that it had."""
        self._running = self._exits.enter_context(start_redis(port=self.port))

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self._running.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop it for good."""
        self._exits.close()


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server, ended with the block."""
    with contextlib.closing(RedisServer()) as server:
        yield server
