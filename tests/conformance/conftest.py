"""The results of all tests here: each engine's stand is built when its first request is tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.results import Results
from tests.support.stack import Servers


@pytest.fixture(scope="package")
def results(servers: Servers) -> Iterator[Results]:
    with ExitStack() as exits:
        yield Results(servers.engine, lambda: servers.stack().redis_url, exits)
