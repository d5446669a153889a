"""The proxy as users run it: ``sessionrank serve``, a process of its own on a free port of loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .nginx import free_port

__all__ = ["served"]


@contextmanager
def served(environment: Mapping[str, str]) -> Iterator[int]:
    """Run it until the block ends and give its port; ``environment`` holds the settings."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONRANK_")}
    command = [sys.executable, "-m", "sessionrank", "serve", "--listen", f"127.0.0.1:{port}", "--workers", "1"]
    process = subprocess.Popen(command, env={**clean, **environment}, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(f"sessionrank serve ended: {process.communicate()[1]}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_sessionrank/health/live", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("sessionrank serve does not answer")
