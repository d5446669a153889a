"""A Redis of the local stack: on the loopback, in memory only, on a port that is free."""

from __future__ import annotations

import os
import signal
import socket

import pytest
import redis

from sessionrank.errors import StoreError
from stack import redis_server
from stack.redis_server import start_redis
from tests.support.processes import wait_until


def client(port: int) -> redis.Redis:
    return redis.Redis(port=port, socket_timeout=20)


def test_it_answers_on_the_loopback_alone_and_keeps_nothing() -> None:
    with start_redis() as running, client(running.port) as connection:
        assert running.url == f"redis://127.0.0.1:{running.port}/0"
        assert connection.set("key", "value")
        assert connection.config_get("bind") == {"bind": "127.0.0.1"}
        assert connection.config_get("save") == {"save": ""}
        assert connection.config_get("appendonly") == {"appendonly": "no"}
        assert connection.config_get("dir") == {"dir": str(running.child.folder)}
    assert not running.child.folder.exists()
    with pytest.raises(redis.ConnectionError):
        connection.ping()


def test_it_does_not_run_as_root() -> None:
    with start_redis() as running:
        assert os.stat(running.child.folder).st_uid != 0
        assert os.stat(f"/proc/{running.pid}").st_uid != 0


def test_several_run_side_by_side() -> None:
    with start_redis() as one, start_redis() as two, client(one.port) as first, client(two.port) as second:
        first.set("key", "value")
        assert second.get("key") is None


def test_a_port_that_is_taken_in_the_last_moment_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        free = redis_server._free_port()
        ports = [taken, taken, free]
        monkeypatch.setattr(redis_server, "_free_port", lambda: ports.pop(0))
        with start_redis() as running, client(running.port) as connection:
            assert running.port == free
            assert connection.ping()


def test_somebody_elses_redis_on_the_port_is_not_taken_for_ours() -> None:
    with start_redis() as other, pytest.raises(StoreError, match="is taken"), start_redis(port=other.port):
        raise AssertionError("it started")


def test_it_comes_back_on_the_port_where_another_was() -> None:
    with start_redis() as first:
        port = first.port
        os.kill(first.pid, signal.SIGKILL)
        assert first.child.exit_code(wait=True) == -signal.SIGKILL
        with start_redis(port=port) as second, client(port) as connection:
            assert second.url == first.url
            assert connection.ping()


def test_further_arguments_reach_it() -> None:
    with start_redis(arguments=("--maxmemory", "10mb")) as running, client(running.port) as connection:
        assert connection.config_get("maxmemory") == {"maxmemory": str(10 << 20)}


def test_arguments_that_it_refuses_give_the_end_of_its_log() -> None:
    died = pytest.raises(StoreError, match=r"(?s)redis-server died at its start.*no-such-option")
    with died, start_redis(arguments=("--no-such-option", "1")):
        raise AssertionError("it started")


def test_it_can_be_paused_and_go_on() -> None:
    with start_redis() as running, redis.Redis(port=running.port, socket_timeout=0.2, retry=None) as connection:
        assert connection.ping()
        os.kill(running.pid, signal.SIGSTOP)
        with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
            connection.ping()
        os.kill(running.pid, signal.SIGCONT)
        wait_until("it answers again", lambda: client(running.port).ping())
