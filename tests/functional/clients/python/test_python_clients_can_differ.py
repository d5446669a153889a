"""The comparison of the Python clients' transcripts can fail: forwarders that lose something are each reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.client_stage import Stages
from tests.support.lossy_forwarder import lossy_forwarder
from tests.support.python_clients import python_client
from tests.support.transcripts import Transcript, differences

#: The client that looks at most of what an answer carries.
CLIENT, ENGINE = "elasticsearch-py-8", "elasticsearch-8"
Run = Callable[[str], Transcript]


@pytest.fixture(scope="module")
def run(stages: Stages) -> Run:
    client, stage = python_client(CLIENT), stages(ENGINE)
    return lambda url: client(url, stage, ["documents", "wire"])


@pytest.fixture(scope="module")
def expected(run: Run, stages: Stages) -> Transcript:
    return run(stages(ENGINE).engine)


def lost(run: Run, stages: Stages, expected: Transcript, **loss: Any) -> str:
    """What the comparison says of a forwarder with a loss."""
    with lossy_forwarder(stages(ENGINE).engine, **loss) as url:
        return "\n".join(differences(expected, run(url)))


def test_a_forwarder_that_loses_nothing_is_no_difference(run: Run, stages: Stages, expected: Transcript) -> None:
    assert lost(run, stages, expected) == ""


@pytest.mark.parametrize(
    ("loss", "reported"),
    [
        (
            {"headers": ["x-elastic-product"]},
            ['get: error: null directly, "UnsupportedProductError" through the proxy'],
        ),
        ({"headers": ["x-opaque-id", "warning"]}, ["opaque id: headers: ", "warnings, two: warnings: "]),
        ({"headers": ["content-type"]}, ["cat count: ", "yaml _count: "]),
        (
            {"request_headers": ["accept", "accept-encoding"]},
            ["version 7, of the answer: ", "compressed search, long: headers: "],
        ),
        ({"query": True}, ["count as yaml: ", "compressed by url: "]),
        ({"statuses": True}, ['get missing: error: "NotFoundError" directly, null through the proxy']),
    ],
    ids=str,
)
def test_a_loss_on_the_way_is_reported(
    run: Run, stages: Stages, expected: Transcript, loss: dict[str, Any], reported: list[str]
) -> None:
    said = lost(run, stages, expected, **loss)
    assert [each for each in reported if each not in said] == []
