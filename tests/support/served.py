"""The proxy as users run it: ``sessionrank serve``, a process of its own on a free port of loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from .nginx import free_port

__all__ = ["Served", "own_environment", "served", "serving"]


@dataclass(frozen=True)
class Served:
    """A proxy that answers: where, and its process (gunicorn's master)."""

    port: int
    process: subprocess.Popen[bytes]
    _log: IO[bytes]

    def log(self) -> str:
        """What it has written so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send the master a signal."""
        self.process.send_signal(number)

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return [int(pid) for pid in children.read().split()]


def own_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings and no others of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SESSIONRANK_")} | dict(settings)


@contextmanager
def serving(environment: Mapping[str, str], *, workers: int = 1) -> Iterator[Served]:
    """Run it until the block ends; ``environment`` holds the settings."""
    port = free_port()
    command = [sys.executable, "-m", "sessionrank", "serve", "--listen", f"127.0.0.1:{port}", "--workers", str(workers)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=own_environment(environment), stdout=log, stderr=log)
        proxy = Served(port, process, log)
        try:
            _wait_for(proxy)
            yield proxy
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextmanager
def served(environment: Mapping[str, str]) -> Iterator[int]:
    """The same with one worker, for those who need its port alone."""
    with serving(environment) as proxy:
        yield proxy.port


def _wait_for(proxy: Served) -> None:
    for _ in range(600):
        if proxy.process.poll() is not None:
            raise AssertionError(f"sessionrank serve ended: {proxy.log()}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/_sessionrank/health/live", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("sessionrank serve does not answer")
