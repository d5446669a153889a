"""Fixtures for all tests: real servers, started on first use and shared by the whole session."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.stack import Servers, TestStack

ROOT = Path(__file__).parents[1]
#: What learns and measures, and what asks several kinds of engine: see `side_by_side.py`.
BESIDE = re.compile(
    r"tests/(conformance|functional/(models|clients)|unit/models)/"
    r"|tests/functional/test_(evaluate_|word2vec_|wheel)|tests/benchmarks/test_ann"
    r"|tests/contract/test_(algorithms|coldstart|protocols|readers|indexer_engines|popularity_modes)\.py"
    r"|tests/functional/(indexer/test_index_load|proxy/test_gate_engines|stack/test_stack_engines)\.py"
)


def pytest_configure() -> None:
    """What the servers of the tests inherit, whoever starts them."""
    # An engine lives for a few minutes here: its own best code would cost more than it ever saves.
    os.environ.setdefault("SESSIONRANK_STACK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    # Whatever started the tests (`nohup`, a background job) may ignore signals; what they start must not.
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, default)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BESIDE.match(item.path.relative_to(ROOT).as_posix()):
            item.add_marker("beside")


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
