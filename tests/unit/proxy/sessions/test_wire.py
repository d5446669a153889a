"""Exchanges over a socket whose other end is the test."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator

import hiredis
import pytest

from proxy.deadline import Deadline
from proxy.sessions.wire import Pool, Wire
from sessionrank.errors import StoreError


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_answers_come_in_order_and_errors_among_them(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"*2\r\n$1\r\na\r\n$-1\r\n-WRONGTYPE no\r\n:7\r\n")
    first, second, third = Wire(ours).exchange(b"asked", 3, Deadline(30))
    assert first == [b"a", None]
    assert isinstance(second, hiredis.ReplyError)
    assert third == 7
    assert theirs.recv(100) == b"asked"


def test_an_answer_in_many_pieces_is_put_together(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    value = bytes(range(256)) * 2000
    packed = b"$%d\r\n%s\r\n" % (len(value), value)
    sender = threading.Thread(target=lambda: [theirs.sendall(packed[i : i + 999]) for i in range(0, len(packed), 999)])
    sender.start()
    assert Wire(ours).exchange(b"x", 1, Deadline(30)) == [value]
    sender.join()


def test_the_deadline_holds_over_all_pieces_of_an_answer_not_for_each(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    done = threading.Event()

    def trickle() -> None:
        theirs.sendall(b"$1000000\r\n")
        while not done.wait(0.002):
            theirs.sendall(b"x")

    sender = threading.Thread(target=trickle)
    sender.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Wire(ours).exchange(b"x", 1, Deadline(0.05))
    took = time.monotonic() - began
    done.set()
    sender.join()
    assert took < 5  # a million bytes at this pace take half an hour


def test_a_peer_that_takes_nothing_is_given_up_at_the_deadline(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(TimeoutError):
        Wire(ends[0]).exchange(b"x" * 50_000_000, 1, Deadline(0.05))


@pytest.mark.parametrize("answer", [b"", b"$5\r\nab", b"?what\r\n", b"$99999999999999999999\r\n"])
def test_a_broken_answer_is_an_error(ends: tuple[socket.socket, socket.socket], answer: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises((OSError, hiredis.HiredisError)):
        Wire(ours).exchange(b"x", 1, Deadline(30))


def test_an_endless_answer_is_given_up(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.sessions.wire._MAX_ANSWER_BYTES", 1000)
    ours, theirs = ends
    theirs.sendall(b"$100000\r\n" + b"x" * 2000)
    with pytest.raises(OSError, match="more than"):
        Wire(ours).exchange(b"x", 1, Deadline(30))


class Peers:
    """Makes wires for a pool, and keeps their other ends."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.theirs: list[socket.socket] = []

    def connect(self, deadline: Deadline) -> Wire:
        ours, theirs = socket.socketpair()
        self.theirs.append(theirs)
        if self.answers:
            theirs.sendall(self.answers.pop(0))
        return Wire(ours)

    def is_closed(self, i: int) -> bool:
        """Whether our end of wire ``i`` is closed; takes away what was sent to it."""
        self.theirs[i].settimeout(0.2)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while self.theirs[i].recv(1000):
                pass
            return True
        return False


@pytest.fixture
def peers() -> Iterator[Peers]:
    peers = Peers()
    yield peers
    for each in peers.theirs:
        each.close()


def test_a_wire_is_used_again_after_a_sound_exchange(peers: Peers) -> None:
    peers.answers = [b":1\r\n"]
    pool = Pool(peers.connect, size=2, name="test")
    assert pool.exchange(b"x", 1, Deadline(30)) == [1]
    peers.theirs[0].recv(10)
    threading.Timer(0.05, peers.theirs[0].sendall, [b":2\r\n"]).start()
    assert pool.exchange(b"x", 1, Deadline(30)) == [2]
    assert len(peers.theirs) == 1
    pool.close()


def test_a_wire_that_timed_out_is_closed_and_never_used_again(peers: Peers) -> None:
    peers.answers = [b"", b":2\r\n"]
    pool = Pool(peers.connect, size=2, name="test")
    with pytest.raises(StoreError, match=r"test: (did not answer in time|timed out)"):
        pool.exchange(b"x", 1, Deadline(0.01))
    assert peers.is_closed(0)
    assert pool.exchange(b"x", 1, Deadline(30)) == [2]
    pool.close()


@pytest.mark.parametrize("leftover", [b":late\r\n", None])
def test_an_idle_wire_that_says_something_or_hangs_up_is_replaced(peers: Peers, leftover: bytes | None) -> None:
    peers.answers = [b":1\r\n", b":2\r\n"]
    pool = Pool(peers.connect, size=2, name="test")
    pool.exchange(b"x", 1, Deadline(30))
    peers.theirs[0].recv(10)
    peers.theirs[0].sendall(leftover) if leftover else peers.theirs[0].close()
    assert pool.exchange(b"x", 1, Deadline(30)) == [2]
    pool.close()


def test_when_all_wires_are_busy_a_caller_gives_up_at_its_deadline(peers: Peers) -> None:
    pool = Pool(peers.connect, size=1, name="test")
    first = threading.Thread(target=pool.exchange, args=(b"x", 1, Deadline(30)))
    first.start()
    while not peers.theirs:
        time.sleep(0.001)
    with pytest.raises(StoreError, match="busy"):
        pool.exchange(b"x", 1, Deadline(0.01))
    peers.theirs[0].sendall(b":1\r\n")
    first.join()
    pool.close()


def test_a_forked_process_leaves_the_wires_of_its_parent_alone(peers: Peers) -> None:
    peers.answers = [b":1\r\n"]
    pool = Pool(peers.connect, size=1, name="test")
    pool.exchange(b"x", 1, Deadline(30))
    peers.theirs[0].recv(10)
    child = os.fork()
    if not child:
        peers.answers = [b":5\r\n"]
        try:
            sound = pool.exchange(b"y", 1, Deadline(1)) == [5]
        except StoreError:
            sound = False
        os._exit(0 if sound else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert pool._idle[0].is_quiet()
    pool.close()


def test_a_failed_connection_gives_its_place_back() -> None:
    def refuse(deadline: Deadline) -> Wire:
        raise ConnectionRefusedError("refused")

    pool = Pool(refuse, size=1, name="test")
    for _ in range(3):
        with pytest.raises(StoreError, match="test: refused"):
            pool.exchange(b"x", 1, Deadline(1))


def test_past_the_deadline_no_wire_is_taken_and_none_made(peers: Peers) -> None:
    pool = Pool(peers.connect, size=1, name="test")
    with pytest.raises(StoreError, match="time was used up"):
        pool.exchange(b"x", 1, Deadline(0))
    assert not peers.theirs
