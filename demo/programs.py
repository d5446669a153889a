"""The other programs, run as child processes through the command ``sessionrank``: programs never import each other."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sessionrank.errors import BackendError, ConfigurationError, SessionrankError

from .player import Player

__all__ = ["SESSIONRANK", "ProxyProcess", "free_port", "proxy", "run_json", "stack_command"]

SESSIONRANK = (sys.executable, "-m", "sessionrank")
_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0


def stack_command(engine: str | None, flags: Sequence[str]) -> list[str]:
    """The demo again, inside a stack of its own: ``stack run`` ends all that is below it, however it is ended."""
    chosen = ["--engine", engine] if engine else []
    return [*SESSIONRANK, "stack", "run", *chosen, "--", *SESSIONRANK, "demo", *flags]


def run_json(*words: str, advice: str = "") -> dict[str, Any]:
    """Run one command with ``--json`` to its end and give its report; its progress shows on our standard error.

    Raises:
        ConfigurationError: it failed; what it said stands on standard error already.
    """
    done = subprocess.run([*SESSIONRANK, *words, "--json"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        command = " ".join(["sessionrank", *words[:2]])
        raise ConfigurationError(f"`{command}` ended with exit code {done.returncode}: see above. {advice}".rstrip())
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def free_port(preferred: int) -> int:
    """``preferred``, or any free port of the loopback address where it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigurationError("no port of 127.0.0.1 is free")


class ProxyProcess:
    """The running proxy."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self._process = process
        self._log = log
        self.url = url

    def check(self) -> None:
        """Raise :class:`BackendError` with the end of its log when it runs no more."""
        if (code := self._process.poll()) is not None:
            raise BackendError(f"the proxy ended (exit code {code}); its log ends:\n{self.log_tail()}")

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def wait(self) -> None:
        """Until it ends by itself, which is an error."""
        while True:
            time.sleep(0.5)
            self.check()

    def stop(self) -> None:
        """End it as an operator would, and by force when that takes too long."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


@contextmanager
def proxy(index: str, port: int, folder: Path) -> Iterator[ProxyProcess]:
    """``sessionrank serve`` for ``index``, ready to answer; stopped in the end.

    Raises:
        SessionrankError: it did not get ready.
    """
    log = folder / "serve.log"
    url = f"http://127.0.0.1:{port}"
    environment: Mapping[str, str] = {**os.environ, "SESSIONRANK_INDICES": index}
    with log.open("wb") as file:
        # A session of its own: Ctrl-C reaches us alone, and we stop it when we are done with it.
        process = _start([*SESSIONRANK, "serve", "--listen", f"127.0.0.1:{port}"], environment, file)
    running = ProxyProcess(process, url, log)
    try:
        _wait_until_ready(running, index)
        yield running
    finally:
        running.stop()


def _start(command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


def _wait_until_ready(running: ProxyProcess, index: str) -> None:
    player = Player(running.url, index)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not player.is_ready():
            running.check()
            if time.monotonic() > deadline:
                raise SessionrankError(f"the proxy was not ready in time; its log ends:\n{running.log_tail()}")
            time.sleep(0.1)
    finally:
        player.close()
