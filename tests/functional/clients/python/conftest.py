"""Each official Python client with the engines that it is meant for, and the proxies before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.client_stage import Stage, Stages, staged
from tests.support.python_clients import Pairing, PythonClient, pairings, python_client
from tests.support.served import served
from tests.support.stack import Servers
from tests.support.transcripts import Transcript

#: The sections that only read.
READING = ("documents", "searching", "walking", "wire")


@pytest.fixture(scope="session")
def stages(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    with staged(servers, tmp_path_factory.mktemp("python-clients")) as made:
        yield made


@pytest.fixture(scope="session", params=pairings(), ids=str)
def pairing(request: pytest.FixtureRequest) -> Pairing:
    given: Pairing = request.param
    return given


@pytest.fixture(scope="session")
def client(pairing: Pairing) -> PythonClient:
    return python_client(pairing.client)


@pytest.fixture(scope="session")
def stage(pairing: Pairing, stages: Stages) -> Stage:
    return stages(pairing.engine)


@pytest.fixture(scope="session")
def direct(client: PythonClient, stage: Stage) -> Transcript:
    """What the engine itself answers to all that only reads."""
    return client(stage.engine, stage.shop.index, READING)


@pytest.fixture(scope="session")
def through(client: PythonClient, stage: Stage) -> Transcript:
    """What the proxy answers to that, for an index that it does not personalise."""
    return client(stage.managed, stage.shop.index, READING)


@pytest.fixture(scope="session")
def writable(servers: Servers) -> Iterator[Callable[[str], str]]:
    """``writable("opensearch")``: the URL of a proxy before that engine that forwards everything."""
    opened: dict[str, str] = {}
    with ExitStack() as exits:

        def open_before(engine: str) -> str:
            if engine not in opened:
                settings = {
                    "SESSIONRANK_UPSTREAM": servers.engine(engine),
                    "SESSIONRANK_REDIS_URL": servers.stack().redis_url,
                    "SESSIONRANK_ALLOW_WRITES": "true",
                }
                opened[engine] = f"http://127.0.0.1:{exits.enter_context(served(settings))}"
            return opened[engine]

        yield open_before
