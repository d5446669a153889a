"""What the programs of the Node and Java clients are run against, shared by both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.client_stage import Stages, staged
from tests.support.stack import Servers


@pytest.fixture(scope="session")
def stages(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """``stages("elasticsearch-9")``: a shop on that engine and two proxies before it."""
    with staged(servers, tmp_path_factory.mktemp("stages")) as made:
        yield made
