"""Commands to Redis and their answers over one socket, under one deadline; and a bounded pool of such sockets.

redis-py makes the socket (address, TLS); past that its clients spend more on locks, retries and per-answer bookkeeping
than on the answer, and bound each read but not their sum. Here a batch of commands is one write, and every read waits
for what is left of the deadline. A socket that failed in any way is closed: a late answer finds nobody to be read by.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis

from sessionrank.errors import StoreError

from ..deadline import Deadline

__all__ = ["Pool", "Wire"]

_BUFFER_BYTES = 1 << 16
#: No answer of ours comes near: 100 vectors are 30 kB, one piece of a scan less than 2 MB.
_MAX_ANSWER_BYTES = 1 << 26
_INCOMPLETE = object()


class Wire:
    """One connected socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def is_quiet(self) -> bool:
        """Whether the socket is open with nothing to read, as it must be between two exchanges."""
        return not self._poll.poll(0)

    def exchange(self, commands: bytes, answers: int, deadline: Deadline) -> list[Any]:
        """Send packed commands and read their ``answers``; an error answer is a ``hiredis.ReplyError`` among them.

        Raises ``OSError`` or ``hiredis.HiredisError``; the wire is of no use afterwards.
        """
        sock, buffer, reader = self._sock, self._buffer, self._reader
        sock.settimeout(_left(deadline))
        sock.sendall(commands)
        received: list[Any] = []
        size = 0
        while True:
            while len(received) < answers:
                answer = reader.gets()
                if answer is _INCOMPLETE:
                    break
                received.append(answer)
            else:
                return received
            sock.settimeout(_left(deadline))
            count = sock.recv_into(buffer)
            size += count
            if not count:
                raise ConnectionResetError("closed the connection")
            if size > _MAX_ANSWER_BYTES:
                raise OSError(f"answered more than {_MAX_ANSWER_BYTES} bytes")
            reader.feed(buffer, 0, count)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


def _left(deadline: Deadline) -> float:
    left = deadline.remaining()
    if left <= 0:
        raise TimeoutError("did not answer in time")
    return left


class Pool:
    """At most ``size`` wires, made when needed; safe between threads, and in a process forked from its own."""

    def __init__(self, connect: Callable[[Deadline], Wire], *, size: int, name: str) -> None:
        self._connect = connect
        self._size = size
        self._name = name
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._free = threading.BoundedSemaphore(self._size)
        self._idle: deque[Wire] = deque()

    def exchange(self, commands: bytes, answers: int, deadline: Deadline) -> list[Any]:
        """One exchange over some wire of the pool.

        Raises:
            StoreError: no wire was free or could be made, it broke, or the time was used up.
        """
        if self._pid != os.getpid():
            # The parent's sockets are not ours to write to.
            self.close()
            self._start()
        if deadline.remaining() <= 0:
            # Not a wire, nor a new connection: neither could bring an answer any more.
            raise StoreError(f"Redis at {self._name}: was not asked: the time was used up")
        if not self._free.acquire(timeout=max(0.0, deadline.remaining())):
            raise StoreError(f"Redis at {self._name}: all {self._size} connections are busy")
        try:
            return self._exchange(commands, answers, deadline)
        except (OSError, hiredis.HiredisError) as error:
            raise StoreError(f"Redis at {self._name}: {error or type(error).__name__}") from error
        finally:
            self._free.release()

    def _exchange(self, commands: bytes, answers: int, deadline: Deadline) -> list[Any]:
        wire = self._take() or self._connect(deadline)
        try:
            received = wire.exchange(commands, answers, deadline)
        except BaseException:
            wire.close()
            raise
        self._idle.append(wire)
        return received

    def _take(self) -> Wire | None:
        """The wire used last, past those that the server has closed meanwhile."""
        while True:
            try:
                wire = self._idle.pop()
            except IndexError:
                return None
            if wire.is_quiet():
                return wire
            wire.close()

    def close(self) -> None:
        """Close the wires that nobody uses at the moment."""
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return
