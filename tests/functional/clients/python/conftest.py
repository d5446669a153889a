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

#: Calls that a proxy with its defaults refuses.
CLOSED = ("sniffing", "writing")


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
    """What the engine itself answers."""
    return client(stage.engine, stage, ("documents", "searching", "walking", "wire", *CLOSED, "managed"))


@pytest.fixture(scope="session")
def through(client: PythonClient, stage: Stage) -> Transcript:
    """What a proxy with its defaults answers; only the section ``managed`` asks for an index that it personalises."""
    return client(stage.managed, stage, ("documents", "searching", "walking", "wire", *CLOSED, "managed"))


@pytest.fixture(scope="session")
def opened(client: PythonClient, stage: Stage, open_proxy: Callable[[str], str], pairing: Pairing) -> Transcript:
    """What a proxy that forwards everything answers to what the other refuses."""
    return client(open_proxy(pairing.engine), stage, CLOSED)


@pytest.fixture(scope="session")
def open_proxy(servers: Servers) -> Iterator[Callable[[str], str]]:
    """``open_proxy("opensearch")``: the URL of a proxy before that engine that forwards everything."""
    opened: dict[str, str] = {}
    with ExitStack() as exits:

        def open_before(engine: str) -> str:
            if engine not in opened:
                settings = {
                    "SESSIONRANK_UPSTREAM": servers.engine(engine),
                    "SESSIONRANK_REDIS_URL": servers.stack().redis_url,
                    "SESSIONRANK_ALLOW_SNIFF": "true",
                    "SESSIONRANK_ALLOW_WRITES": "true",
                }
                opened[engine] = f"http://127.0.0.1:{exits.enter_context(served(settings))}"
            return opened[engine]

        yield open_before
