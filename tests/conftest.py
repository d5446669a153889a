"""Fixtures for all tests: real servers, started on first use and shared by the whole session."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.stack import Servers, TestStack


def pytest_configure() -> None:
    """Whatever started the tests (``nohup``, a background job) may ignore signals; what they start must not."""
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, default)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as exits:
        yield Servers(exits)


@pytest.fixture(scope="session")
def stack(servers: Servers) -> TestStack:
    """OpenSearch and Redis: ``.upstream``, ``.redis_url``, ``.environment``."""
    return servers.stack()


@pytest.fixture(scope="session")
def engine_url(stack: TestStack) -> str:
    """The URL of OpenSearch. Tests share it: each makes indices under names of its own."""
    return stack.upstream


@pytest.fixture(scope="session")
def redis_url(stack: TestStack) -> str:
    """The URL of Redis. Tests share it: each uses keys of its own, or a server of its own (``stack.redis_server``)."""
    return stack.redis_url


@pytest.fixture(scope="session")
def engine(servers: Servers) -> Callable[[str], str]:
    """``engine("elasticsearch-9")`` gives the URL of that engine; see ``stack.engines.ENGINES`` for the names."""
    return servers.engine
