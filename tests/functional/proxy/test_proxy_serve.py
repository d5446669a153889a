"""``sessionrank serve``: graceful restarts and stops, several nodes, bounded memory, and bad settings in one line."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.asking import Got, Over
from tests.support.nginx import free_port
from tests.support.recorder import recorder
from tests.support.served import own_environment, serving
from tests.support.shop import Shop
from tests.support.stack import TestStack
from tests.support.stub_upstream import stub_upstream

MEMORY = {"SESSIONRANK_REDIS_URL": "memory://"}


@contextmanager
def clients(port: int, target: str, count: int) -> Iterator[list[Got | Exception]]:
    """Clients that ask again and again, each time over a new connection; what each answer or failure was."""
    outcomes: list[Got | Exception] = []
    stopped = threading.Event()
    ask = Over(f"http://127.0.0.1:{port}")

    def run() -> None:
        while not stopped.is_set():
            try:
                outcomes.append(ask("GET", target))
            except (OSError, http.client.HTTPException) as error:
                outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stopped.set()
        for thread in threads:
            thread.join(timeout=60)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def failures(outcomes: list[Got | Exception]) -> list[object]:
    return [o if isinstance(o, Exception) else (o.status, o.body) for o in outcomes
            if isinstance(o, Exception) or o.status != 200]  # fmt: skip


def test_new_workers_on_hup_lose_no_request(stack: TestStack, shop: Shop) -> None:
    with serving({**stack.environment, "SESSIONRANK_INDICES": shop.alias}, workers=2) as proxy:
        with clients(proxy.port, f"/{shop.alias}/_search?q=red", 4) as outcomes:
            for _ in range(3):
                before, asked = set(proxy.workers()), len(outcomes)
                proxy.signal(signal.SIGHUP)
                wait_until(lambda: len(proxy.workers()) == 2 and not before & set(proxy.workers()))  # noqa: B023
                wait_until(lambda: len(outcomes) > asked + 20)  # noqa: B023
        assert not failures(outcomes)
        assert len(outcomes) > 60


def test_a_worker_that_is_killed_is_replaced(stack: TestStack, shop: Shop) -> None:
    with serving({**stack.environment, "SESSIONRANK_INDICES": shop.alias}) as proxy:
        ask = Over(f"http://127.0.0.1:{proxy.port}")
        for number in (signal.SIGTERM, signal.SIGKILL):
            before = proxy.workers()
            os.kill(before[0], number)
            wait_until(lambda: len(proxy.workers()) == 1 and proxy.workers() != before)  # noqa: B023
            assert ask("GET", f"/{shop.alias}/_search?q=red").status == 200
            assert ask("GET", "/_sessionrank/metrics").status == 200


def _slow(seconds: float) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        time.sleep(seconds)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"count": 10}')

    return behave


def test_sigterm_finishes_the_requests_in_flight() -> None:
    answers: list[Got] = []
    with stub_upstream(_slow(1.5)) as stub, serving({**MEMORY, "SESSIONRANK_UPSTREAM": stub.url}) as proxy:
        ask = Over(f"http://127.0.0.1:{proxy.port}")
        threads = [threading.Thread(target=lambda: answers.append(ask("GET", "/catalog/_count"))) for _ in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(stub.heads) == 3)
        proxy.signal(signal.SIGTERM)
        for thread in threads:
            thread.join(timeout=30)
        assert [(answer.status, answer.body) for answer in answers] == [(200, b'{"count": 10}')] * 3
        assert proxy.process.wait(timeout=30) == 0
        with pytest.raises(OSError, match="refused"):
            ask("GET", "/catalog/_count")


def test_a_connection_that_says_nothing_does_not_hold_up_a_stop() -> None:
    """The engine's time, 30 s, is what requests in flight would get."""
    with serving(MEMORY) as proxy, closing(socket.create_connection(("127.0.0.1", proxy.port))):
        assert Over(f"http://127.0.0.1:{proxy.port}")("GET", "/_sessionrank/health/live").status == 200
        proxy.signal(signal.SIGTERM)
        assert proxy.process.wait(timeout=20) == 0


def test_nothing_is_left_behind_after_a_stop(tmp_path: Path) -> None:
    environment = {**MEMORY, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    with serving(environment) as proxy:
        assert Over(f"http://127.0.0.1:{proxy.port}")("GET", "/_sessionrank/metrics").status == 200
        workers = proxy.workers()
        assert workers
    assert not list(tmp_path.iterdir())
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_dead_node_among_several_costs_no_request() -> None:
    with ExitStack() as exits:
        nodes = [exits.enter_context(recorder()) for _ in range(2)]
        ports = [nodes[0].port, free_port(), nodes[1].port]
        urls = ",".join(f"http://127.0.0.1:{port}" for port in ports)
        proxy = exits.enter_context(serving({**MEMORY, "SESSIONRANK_UPSTREAM": urls}))
        ask = Over(f"http://127.0.0.1:{proxy.port}")
        assert all(ask("GET", f"/catalog/_count?n={n}").status == 200 for n in range(30))
        assert all(ask("POST", f"/catalog/_count?n={n}", {"query": {}}).status == 200 for n in range(30))
        asked = [len(node.asked) for node in nodes]
        assert sum(asked) == 60
        assert min(asked) >= 10


def test_a_node_that_closes_kept_connections_costs_no_request() -> None:
    def answer(connection: socket.socket) -> None:
        # No `Connection: close`: the proxy keeps the connection, and finds it closed the next time.
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with stub_upstream(answer) as stub, serving({**MEMORY, "SESSIONRANK_UPSTREAM": stub.url}) as proxy:
        ask = Over(f"http://127.0.0.1:{proxy.port}")
        assert all(ask("POST", "/catalog/_search", {}).status == 200 for _ in range(20))


_PIECE = b"x" * (1 << 20)
_PIECES = 60


def _much(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_PIECE) * _PIECES}\r\n\r\n"
    connection.sendall(head.encode())
    for _ in range(_PIECES):
        connection.sendall(_PIECE)


def _resident_peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


@pytest.mark.parametrize("target", ["/_search/scroll?scroll_id=x", "/catalog/_search?sort=sku", "/catalog/_search?q=a"])
def test_a_big_answer_passes_without_being_held(target: str) -> None:
    """60 MB through a worker that may keep 2 MB of an answer: also a search that was to be ranked."""
    settings = {**MEMORY, "SESSIONRANK_MAX_RESPONSE_BYTES": str(2 << 20)}
    with stub_upstream(_much) as stub, serving({**settings, "SESSIONRANK_UPSTREAM": stub.url}) as proxy:
        (worker,) = proxy.workers()
        before = _resident_peak(worker)
        answer = Over(f"http://127.0.0.1:{proxy.port}")("GET", target)
        assert (answer.status, len(answer.body)) == (200, len(_PIECE) * _PIECES)
        assert _resident_peak(worker) - before < 20 << 20
        if "q=a" in target:
            assert answer.reason == "too-large"


def test_a_client_that_leaves_gives_its_place_back() -> None:
    settings = {**MEMORY, "SESSIONRANK_MAX_IN_FLIGHT": "1"}
    with stub_upstream(_much) as stub, serving({**settings, "SESSIONRANK_UPSTREAM": stub.url}) as proxy:
        for _ in range(3):
            with closing(socket.create_connection(("127.0.0.1", proxy.port), timeout=30)) as connection:
                connection.sendall(b"GET /_search/scroll?scroll_id=x HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            ask = Over(f"http://127.0.0.1:{proxy.port}")
            wait_until(lambda: ask("GET", "/_search/scroll?scroll_id=x").status == 200, 30)  # noqa: B023


def _refused(settings: dict[str, str], *arguments: str) -> str:
    """The one line that `serve` ends with."""
    done = subprocess.run(
        [sys.executable, "-m", "sessionrank", "serve", *arguments],
        env=own_environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = _refused(MEMORY, "--listen", f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in line
    assert "--listen" in line


@pytest.mark.parametrize(
    ("settings", "arguments", "words"),
    [
        ({"SESSIONRANK_WINDOW": "many"}, [], ["SESSIONRANK_WINDOW"]),
        ({"SESSIONRANK_WINDOW": "0"}, [], ["SESSIONRANK_WINDOW", "between"]),
        ({"SESSIONRANK_UPSTREAM": "es:9200"}, [], ["SESSIONRANK_UPSTREAM", "http://"]),
        ({"SESSIONRANK_UPSTREAM": "http://"}, [], ["SESSIONRANK_UPSTREAM", "host"]),
        ({"SESSIONRANK_UPSTREAM": "http://es:99999"}, [], ["SESSIONRANK_UPSTREAM"]),
        ({"SESSIONRANK_REDIS_URL": "postgres://x"}, [], ["SESSIONRANK_REDIS_URL", "redis://"]),
        ({"SESSIONRANK_REDIS_URL": "redis://127.0.0.1/0?no_such=1"}, [], ["SESSIONRANK_REDIS_URL", "no_such"]),
        ({"SESSIONRANK_STRATEGY": "best"}, [], ["SESSIONRANK_STRATEGY", "cosine", "blend"]),
        ({"SESSIONRANK_POPULARITY": "x"}, [], ["SESSIONRANK_POPULARITY", "script_score"]),
        ({"SESSIONRANK_INDICES": "a/b"}, [], ["SESSIONRANK_INDICES"]),
        ({"SESSIONRANK_SESSION_HEADER": "a b"}, [], ["SESSIONRANK_SESSION_HEADER"]),
        ({"SESSIONRANK_LOG_LEVEL": "loud"}, [], ["SESSIONRANK_LOG_LEVEL", "warning"]),
        ({"SESSIONRANK_LISTEN": "9280"}, [], ["SESSIONRANK_LISTEN", "HOST:PORT"]),
        ({"SESSIONRANK_HASH_KEY_FILE": "/no/such/file"}, [], ["SESSIONRANK_HASH_KEY_FILE", "/no/such/file"]),
        ({"SESSIONRANK_HASH_KEY_FILE": os.devnull}, [], ["SESSIONRANK_HASH_KEY_FILE", "16 bytes"]),
        ({"SESSIONRANK_UPSTREAM": "https://es", "SESSIONRANK_UPSTREAM_CA_FILE": "/no/such"}, [], ["UPSTREAM_CA_FILE"]),
        (MEMORY, ["--workers", "2"], ["memory://", "one worker"]),
        ({**MEMORY, "SESSIONRANK_WORKERS": "3"}, [], ["memory://", "one worker"]),
        (MEMORY, ["--listen", "nowhere"], ["--listen", "HOST:PORT"]),
        (MEMORY, ["--listen", "203.0.113.9:9280"], ["203.0.113.9:9280", "--listen"]),
        (MEMORY, ["--listen", "no-such-host.invalid:9280"], ["no-such-host.invalid", "--listen"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, (dict, list)) else None,
)  # fmt: skip
def test_a_setting_that_cannot_work_is_one_clear_line(
    settings: dict[str, str], arguments: list[str], words: list[str]
) -> None:
    line = _refused(settings, *arguments)
    assert all(word in line for word in words), line
