"""Run a command in the foreground, with the local stack around it."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType

from sessionrank.errors import ConfigurationError

from .local import LocalStack
from .process import Child

__all__ = ["run_command"]

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_GRACE_SECONDS = 10


def run_command(command: Sequence[str], stack: Callable[[], AbstractContextManager[LocalStack]]) -> int:
    """Run ``command`` on our standard streams with a stack's addresses in its environment.

    Returns:
        its exit code; 128 and the signal's number where a signal ended it, as shells count.

    Raises:
        ConfigurationError: there is no such program; it is looked for before the stack starts.
    """
    program = shutil.which(command[0])
    if program is None:
        raise ConfigurationError(f"{command[0]}: no such command; give it after `--`, with its arguments")
    with stack() as running, Child("command", quiet=False) as child, _forwarding() as forward_to:
        environment = {**os.environ, **running.environment}
        argv = [os.path.abspath(program), *command[1:]]
        child.start(argv, env=environment, cwd=os.getcwd(), grace=_GRACE_SECONDS)
        forward_to(child.pid)
        code = child.exit_code(wait=True)
    return code if code is not None and code >= 0 else 128 - (code or 0)


@contextmanager
def _forwarding() -> Iterator[Callable[[int], None]]:
    """Pass signals that reach us on to the process that the given function is told; we go on until it has ended.

    Signals that come before it is told are kept for it: the command may be up, and said so, before we know its pid.
    """
    target: list[int] = []
    early: list[int] = []

    def send(number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(target[0], number)

    def forward(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C reaches the whole foreground group by itself: the command must not get it twice.
        if number in (signal.SIGINT, signal.SIGQUIT) and os.isatty(0):
            return
        if target:
            send(number)
        else:
            early.append(number)

    def forward_to(pid: int) -> None:
        target.append(pid)
        while early:
            send(early.pop(0))

    before = {number: signal.getsignal(number) for number in _FORWARDED}
    heard = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in heard:
        signal.signal(number, forward)
    try:
        yield forward_to
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
