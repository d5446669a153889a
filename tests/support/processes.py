"""Looking at processes from outside: what runs below one, and whether it has gone."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

__all__ = ["below", "gone", "run_folders", "wait_until"]

_SECONDS = 30.0


def below(pid: int) -> list[psutil.Process]:
    """All processes below ``pid``, whatever sessions they are in."""
    found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return found


def run_folders(processes: list[psutil.Process]) -> set[Path]:
    """The run folders of servers among ``processes``: an engine has its own as HOME, a Redis works in it."""
    folders: set[Path] = set()
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):  # it may end, or just begin
            folders |= {Path(process.environ().get("HOME", "/")), Path(process.cwd())}
    return {folder for folder in folders if folder.name.startswith("sessionrank-")}


def gone(process: psutil.Process) -> bool:
    """Whether it has ended; a zombie has, whoever should collect it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(what: str, condition: object) -> None:
    """Wait until ``condition()`` is true; an error that names ``what`` when it does not become so."""
    assert callable(condition)
    end = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {_SECONDS:g} s: {what}")
        time.sleep(0.02)
