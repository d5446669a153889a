"""What passes through streams: half a gigabyte costs no memory, whatever frames it."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.raw_client import RawClient
from tests.support.raw_engine import RawEngine, proxied_raw_engine
from tests.support.served import Served

#: Pieces of different lengths, so that what is lost, doubled or moved shows in the sum.
PIECES = [bytes([65 + number]) * (1_000_003 + number) for number in range(10)]
ROUNDS = 50
SIZE = sum(map(len, PIECES)) * ROUNDS
SUM = zlib.crc32(b"".join(PIECES * 2))
MORE_MEMORY = 30 << 20


def _counted(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % SIZE)
    for _ in range(ROUNDS):
        for piece in PIECES:
            connection.sendall(piece)


def _chunked(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(ROUNDS):
        for piece in PIECES:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    connection.sendall(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def before_engine() -> Iterator[tuple[Served, RawEngine]]:
    with proxied_raw_engine() as proxy_and_engine:
        yield proxy_and_engine


def _resident_peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def _taken(client: RawClient, framed: bool) -> tuple[int, int]:
    """Size of a body, and the sum of what it should begin with."""
    size = beginning = 0
    left = 2 * sum(map(len, PIECES))
    pieces = client.each_chunk() if framed else client.each_piece(SIZE)
    for piece in pieces:
        size += len(piece)
        if left:
            beginning = zlib.crc32(piece[:left], beginning)
            left -= min(left, len(piece))
    return size, beginning


@pytest.mark.parametrize("framed", [False, True], ids=["counted", "chunked"])
def test_half_a_gigabyte_of_a_scroll_passes_without_being_held(
    before_engine: tuple[Served, RawEngine], framed: bool
) -> None:
    proxy, engine = before_engine
    engine.answer = _chunked if framed else _counted
    (worker,) = proxy.workers()
    before = _resident_peak(worker)
    with RawClient(proxy.port) as client:
        client.send(b"POST /_search/scroll HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        status_line, headers = client.head()
        assert status_line == "HTTP/1.1 200 OK"
        assert (("Transfer-Encoding", "chunked") in headers) is framed
        assert _taken(client, framed) == (SIZE, SUM)
    assert SIZE > 500_000_000
    assert _resident_peak(worker) - before < MORE_MEMORY
