"""The servers that are compared, each under gunicorn with one worker and the same threads, and what they use."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proxy.settings import OWN_PLACES, ProxySettings
from tests.support.nginx import free_port

__all__ = ["Server", "bare", "proxy"]

_ROOT = Path(__file__).parents[2]
#: As ``sessionrank serve`` has it: the requests in flight and what it has to spare.
_THREADS = ProxySettings().max_in_flight + OWN_PLACES + 2
_CPUCLOCK_SCHED = 2


@dataclass(frozen=True)
class Server:
    """One running server."""

    port: int
    #: Process id of its only worker.
    worker: int

    def cpu(self) -> float:
        """Seconds of processor time that the worker has used, in all its threads, to the nanosecond.

        This is the clock that ``clock_getcpuclockid(3)`` gives for a process; ``/proc/<pid>/stat`` shows the same
        number in hundredths of a second, too coarse for a few hundred requests.
        """
        return time.clock_gettime(~self.worker << 3 | _CPUCLOCK_SCHED)


@contextmanager
def proxy(environment: Mapping[str, str]) -> Iterator[Server]:
    """``sessionrank serve`` with these settings."""
    port = free_port()
    command = ["-m", "sessionrank", "serve", "--listen", f"127.0.0.1:{port}", "--workers", "1"]
    with _running(command, port, environment) as server:
        yield server


@contextmanager
def bare(module: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """The Flask application of a module in this folder."""
    port = free_port()
    options = ["--workers", "1", "--worker-class", "gthread", "--threads", str(_THREADS), "--keep-alive", "75"]
    command = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *options, "--no-control-socket"]
    with _running([*command, f"tests.benchmarks.{module}:app"], port, environment) as server:
        yield server


@contextmanager
def _running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONRANK_")}
    process = subprocess.Popen(
        [sys.executable, *command], cwd=_ROOT, env={**clean, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port, process, " ".join(command))
        (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server(port, int(worker))
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with code {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"{name} does not answer")
