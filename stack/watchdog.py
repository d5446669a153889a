"""The process between us and a server: it starts the server, and ends it when we are gone, however we went.

A script of its own, standard library only, run as ``python -I -S watchdog.py CONTROL EVENTS FOLDER-PARENT PREFIX``
with two inherited pipes. It makes the run folder and tells its path; takes one order, a JSON line, on CONTROL; starts
the child; and tells its pid and later its exit code as JSON lines on EVENTS. Anything more on CONTROL, its end, or a
parent that has changed means: end everything below me, remove the run folder, leave. A closed pipe is what SIGKILL,
a crash and an orderly end have in common.

The order: ``argv``, ``env``, ``cwd``; ``user`` (uid and gid, or null); ``log`` (a path, or null to keep our own
standard streams); ``session`` (whether the child gets one of its own); ``grace`` (seconds between SIGTERM and SIGKILL,
0 for SIGKILL at once).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

# What a terminal or a service manager sends to all of us at once: we end by the pipe alone, after our parent did.
_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"


def main(control: int, events: int, parent_folder: str, prefix: str) -> None:
    """Serve one order until told to stop."""
    parent = os.getppid()
    restore = {number: signal.signal(number, signal.SIG_IGN) for number in _IGNORED}
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    folder = tempfile.mkdtemp(prefix=prefix, dir=parent_folder)
    try:
        _tell(events, folder=folder)
        line = _read_line(control)
        if line:
            _serve(json.loads(line), control, events, parent, restore)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(order: dict[str, Any], control: int, events: int, parent: int, restore: dict[signal.Signals, Any]) -> None:
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    try:
        child = _start(order, restore)
    except (OSError, subprocess.SubprocessError) as error:
        _tell(events, error=str(error))
        return
    _tell(events, pid=child)
    ended: dict[int, int] = {}
    told = False
    while os.getppid() == parent:
        readable, _, _ = select.select([control, wake_read], [], [], 0.5)
        if wake_read in readable:
            os.read(wake_read, 4096)
        _reap(ended)
        if child in ended and not told:
            told = True
            _tell(events, exit=ended[child])
        if control in readable:
            break
    _end(child, order, ended)


def _start(order: dict[str, Any], restore: dict[signal.Signals, Any]) -> int:
    def before_exec() -> None:
        for number, handler in restore.items():
            # What was ignored before us stays so: that is how nohup works.
            signal.signal(number, signal.SIG_IGN if handler == signal.SIG_IGN else signal.SIG_DFL)
        # For the case that this process is itself killed; after the change of uid, which clears it.
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    options: dict[str, Any] = {}
    if order["user"]:
        uid, gid = order["user"]
        options = {"user": uid, "group": gid, "extra_groups": [], "umask": 0o077}
    with contextlib.ExitStack() as stack:
        if order["log"]:
            log = stack.enter_context(open(order["log"], "ab"))
            options |= {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(
            order["argv"],
            env=order["env"],
            cwd=order["cwd"],
            start_new_session=order["session"],
            preexec_fn=before_exec,  # there is one thread here, so it is safe
            **options,
        )
    process.returncode = 0  # it is we who wait for it, together with its orphans
    return process.pid


def _end(child: int, order: dict[str, Any], ended: dict[int, int]) -> None:
    if order["grace"] and child not in ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        deadline = time.monotonic() + order["grace"]
        while child not in ended and time.monotonic() < deadline:
            time.sleep(0.02)
            _reap(ended)
    while True:
        if order["session"]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        alive = _reap(ended)
        below = _children()
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not alive:
            return
        time.sleep(0.01)


def _reap(ended: dict[int, int]) -> bool:
    """Collect what has ended, orphans that came to us as well; whether any child is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        ended[pid] = os.waitstatus_to_exitcode(status)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _tell(events: int, **event: Any) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(events, json.dumps(event).encode() + b"\n")


def _read_line(control: int) -> bytes:
    """The order; empty when the parent went before it gave one."""
    parts = b""
    while not parts.endswith(b"\n"):
        piece = os.read(control, 65536)
        if not piece:
            return b""
        parts += piece
    return parts


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
