"""A real nginx with the shipped configuration, run in a folder of its own on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Nginx", "free_port", "nginx"]

CONFIGURATION = Path(__file__).parents[2] / "nginx" / "nginx.conf"


@dataclass(frozen=True)
class Nginx:
    """Where it listens and what it wrote."""

    port: int
    access_log: Path
    error_log: Path


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rendered(text: str, replacements: Mapping[str, str]) -> str:
    """The configuration with its places changed; each must be there, so that a test never runs something else."""
    for old, new in replacements.items():
        assert old in text, f"{old!r} is not in {CONFIGURATION}"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, *, upstream: str, replacements: Mapping[str, str] | None = None) -> Iterator[Nginx]:
    """Run nginx until the block ends, in front of ``upstream`` (``host:port``).

    ``replacements`` changes further text of the configuration. Ports, paths and the upstream are all that differs
    from what ships otherwise.
    """
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert program, "no nginx: apt-get install nginx (as .ci/run does)"
    server = Nginx(free_port(), folder / "access.log", folder / "error.log")
    places = {
        "server proxy:9280;": f"server {upstream};",
        "listen 8080;": f"listen 127.0.0.1:{server.port};",
        "/tmp/": f"{folder}/",
        "/dev/stdout": str(server.access_log),
        "/dev/stderr": str(server.error_log),
        "worker_processes auto;": "worker_processes 1;",
    }
    configuration = folder / "nginx.conf"
    configuration.write_text(rendered(CONFIGURATION.read_text(), {**places, **(replacements or {})}))
    # As root the workers would be `nobody`, who may not write below the test's folder.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    command = [program, "-e", str(server.error_log), "-p", str(folder), "-c", str(configuration), "-g", directives]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(server, process)
        yield server
    finally:
        # Quit, not terminate: every request is finished and logged first.
        process.send_signal(signal.SIGQUIT)
        process.communicate(timeout=30)


def _wait_for(server: Nginx, process: subprocess.Popen[str]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(f"nginx ended: {process.communicate()[1]}")
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx does not listen; {server.error_log.read_text()}")
