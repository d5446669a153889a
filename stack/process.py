"""A child process under a watchdog: it and all below it end when we end, and so does its run folder."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sessionrank.errors import ConfigurationError

from .unprivileged import User, run_parent

__all__ = ["Child"]

_WATCHDOG = Path(__file__).with_name("watchdog.py")
#: Seconds that the end of a child may take, beyond its grace.
_END_SECONDS = 30


class Child:
    """One supervised child process with a run folder of its own.

    Making it starts the watchdog and gives :attr:`folder`; :meth:`start` then runs the program. Leaving the ``with``
    block ends the program with all that it has started, and removes the folder.

    Attributes:
        folder: the run folder, ours alone until :meth:`start` hands it to the child's user.
        pid: the process id of the program once started, else 0.
    """

    def __init__(self, name: str, *, user: User | None = None, quiet: bool = True) -> None:
        self.name = name
        self.user = user
        self.pid = 0
        self._exit_code: int | None = None
        self._grace = 0.0
        self._buffer = b""
        control, self._control = os.pipe()
        self._events, events = os.pipe()
        stdio = subprocess.DEVNULL if quiet else None
        argv = [sys.executable, "-I", "-S", str(_WATCHDOG), str(control), str(events)]
        try:
            self._watchdog = subprocess.Popen(
                [*argv, str(run_parent(user)), f"sessionrank-{name}-"],
                pass_fds=(control, events),
                stdin=stdio,
                stdout=stdio,
                stderr=stdio,
                start_new_session=quiet,
            )
        finally:
            os.close(control)
            os.close(events)
        self._quiet = quiet
        self.folder = Path(self._event(wait=True)["folder"])

    @property
    def log(self) -> Path:
        """What the program wrote to its standard streams."""
        return self.folder / "console.log"

    def start(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None, grace: float = 0) -> int:
        """Run the program; its pid.

        Args:
            argv: the program, by path, and its arguments.
            env: its whole environment.
            cwd: its working directory; default: the run folder.
            grace: seconds between SIGTERM and SIGKILL when it is to end; 0 for SIGKILL at once.

        Raises:
            ConfigurationError: it cannot be run.
        """
        order = {
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(cwd or self.folder),
            "user": [self.user.uid, self.user.gid] if self.user else None,
            "log": str(self.log) if self._quiet else None,
            "session": self._quiet,
            "grace": grace,
        }
        self._grace = grace
        os.write(self._control, json.dumps(order).encode() + b"\n")
        event = self._event(wait=True)
        if "pid" not in event:
            raise ConfigurationError(f"{argv[0]}: cannot be run: {event.get('error', 'the watchdog died')}")
        self.pid = event["pid"]
        return self.pid

    def exit_code(self, *, wait: bool = False) -> int | None:
        """The program's exit code (negative: the signal that ended it), or ``None`` while it runs."""
        if self._exit_code is None and (event := self._event(wait=wait)):
            self._exit_code = event.get("exit", -9)
        return self._exit_code

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the log, stack frames of Java left out; empty when there is no log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 16_384))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        telling = [line for line in text.splitlines() if not line.lstrip().startswith(("at ", "... "))]
        return "\n".join(telling[-lines:])

    def stop(self) -> None:
        """End the program and everything below it, and remove the run folder. May be called twice."""
        if self._control < 0:
            return
        with contextlib.suppress(BrokenPipeError):
            # A byte and not only the end of the pipe: a process forked off us may hold another copy of it.
            os.write(self._control, b"\n")
        os.close(self._control)
        self._control = -1
        try:
            self._watchdog.wait(self._grace + _END_SECONDS)
        except subprocess.TimeoutExpired:
            # It takes its child with it, and we do the rest.
            self._watchdog.kill()
            self._watchdog.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._events)

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _event(self, *, wait: bool) -> dict[str, Any]:
        """The watchdog's next event; empty when there is none (yet, or any more)."""
        while b"\n" not in self._buffer:
            if not wait and not select.select([self._events], [], [], 0)[0]:
                return {}
            piece = os.read(self._events, 65536)
            if not piece:
                return {"error": "its watchdog died"}
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        return event
