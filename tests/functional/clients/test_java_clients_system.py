"""The official Java clients, unchanged, through the proxy: they give what they give before the engine itself."""

from __future__ import annotations

import uuid

import pytest

from tests.support.client_stage import Stage, Stages
from tests.support.java_clients import JavaClients, java_clients
from tests.support.lossy_forwarder import lossy_forwarder
from tests.support.transcripts import Transcript, differences, orders_in, told, without

pytestmark = pytest.mark.system

#: Clients and the engines that they are meant for.
PAIRS = [
    ("elasticsearch-java-8", "elasticsearch-8"),
    ("elasticsearch-java-9", "elasticsearch-9"),
    ("opensearch-java-3", "opensearch"),
]
READS = ["searches", "reads"]
#: A search that shows only some of what it finds, so that popularity decides which.
CUT_OFF = "search with collapsed hits"


@pytest.fixture(scope="module")
def java() -> JavaClients:
    return java_clients()


@pytest.fixture(scope="module", params=PAIRS, ids=[client for client, _ in PAIRS])
def pair(request: pytest.FixtureRequest, stages: Stages) -> tuple[str, Stage]:
    client, engine = request.param
    return client, stages(engine)


@pytest.fixture(scope="module")
def direct(pair: tuple[str, Stage], java: JavaClients) -> Transcript:
    """What the engine itself gives."""
    client, stage = pair
    return java(client, stage.engine, stage.shop.alias, [*READS, "sniffs"])


@pytest.fixture(scope="module")
def personalised(pair: tuple[str, Stage], java: JavaClients) -> Transcript:
    """What a client of the proxy gets whose every call names a session."""
    client, stage = pair
    return java(client, stage.managed, stage.shop.alias, READS, stage.visit)


def searches_of(transcript: Transcript) -> Transcript:
    names = list(transcript)
    return {name: transcript[name] for name in names[: names.index("info")]}


def test_directly_the_calls_meet_what_they_are_about(direct: Transcript, pair: tuple[str, Stage]) -> None:
    """A comparison of answers that all lack something would prove nothing."""
    client, _ = pair
    product = "x-opensearch-version" if client.startswith("opensearch") else "x-elastic-product"
    assert all(product in record["headers"] for record in direct.values())
    assert direct["search with an opaque id"]["headers"]["x-opaque-id"] == "search-RUN"
    assert "deprecated" in direct["search with a warning"]["headers"]["warning"]
    assert direct["search as YAML"]["result"]["body"].startswith("---\ntook:")
    assert direct["search with the total as a number"]["result"]["body"]["hits"]["total"] == 67
    assert "groups" in "".join(direct["search with aggregations"]["result"]["aggregations"])
    assert len(direct["search in a point in time"]["result"]["found"]["ids"]) == 67
    assert len(direct["scroll"]["result"]["found"]["ids"]) == 67
    assert direct["search of a missing index"]["error"] in ("ElasticsearchException", "OpenSearchException")
    failed = {record["status"] for record in direct.values() if "error" in record}
    assert {400, 404} <= failed <= {400, 404, 405}


def test_before_an_index_that_is_not_managed_all_is_the_engines(
    direct: Transcript, pair: tuple[str, Stage], java: JavaClients
) -> None:
    client, stage = pair
    through = java(client, stage.untouched, stage.shop.alias, [*READS, "sniffs"], stage.visit)
    assert differences(direct, through) == []


def test_with_a_session_the_searches_follow_the_visit_and_nothing_else_differs(
    direct: Transcript, personalised: Transcript
) -> None:
    searches = searches_of(personalised)
    others = without(personalised, *searches)
    theirs = {name: direct[name] for name in searches}
    assert differences(without(theirs, CUT_OFF), without(searches, CUT_OFF), ranked=searches) == []
    assert differences({name: direct[name] for name in others}, others) == []
    plain = {name for name in searches if not told(searches[name]).startswith("personalised; window=100; moved=")}
    assert plain == set()
    assert all(told(record).startswith("plain; reason=") for record in others.values())
    ours, engines = searches[CUT_OFF]["result"]["hits"], theirs[CUT_OFF]["result"]["hits"]
    assert (ours["total"], len(ours["hits"])) == (engines["total"], len(engines["hits"]))


def test_with_a_session_the_viewed_kind_stands_first(
    direct: Transcript, personalised: Transcript, pair: tuple[str, Stage]
) -> None:
    _, stage = pair
    for name, record in without(searches_of(personalised), CUT_OFF).items():
        orders = [ids for ids in orders_in(record["result"]) if len(ids) > 10]
        assert orders, name
        assert all(map(stage.follows_the_visit, orders)), name
        assert not all(map(stage.follows_the_visit, orders_in(direct[name]["result"]))), name


def test_writes_and_sniffing_are_refused_as_errors_of_the_client(pair: tuple[str, Stage], java: JavaClients) -> None:
    client, stage = pair
    refused = java(client, stage.managed, f"java-{uuid.uuid4().hex}", ["writes", "sniffs"])
    assert len(refused) == 7
    for name, record in refused.items():
        assert (record["status"], told(record)) == (403, "refused; reason=gate"), name
        if client == "opensearch-java-3":  # it makes this of every 403
            assert (record["error"], record["message"]) == ("IOException", "Forbidden access"), name
        elif name != "sniffing":  # that goes through the low-level clients, which differ in what they raise
            assert record["error"] == "ElasticsearchException", name
            assert "[security_exception]" in record["message"], name


#: What a forwarder can lose, and calls that tell.
LOSSES = {
    "nothing": ({}, set()),
    "the product's header": ({"headers": ["x-elastic-product"]}, {"search", "get"}),
    "warnings": ({"headers": ["warning"]}, {"search with a warning"}),
    "the query string": ({"query": True}, {"search q", "search with aggregations", "search as YAML"}),
}


@pytest.fixture(scope="module")
def undisturbed(stages: Stages, java: JavaClients) -> Transcript:
    stage = stages("elasticsearch-9")
    return java("elasticsearch-java-9", stage.engine, stage.shop.alias, READS)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_on_the_way_is_noticed(
    loss: str, stages: Stages, java: JavaClients, undisturbed: Transcript
) -> None:
    stage = stages("elasticsearch-9")
    faults, calls = LOSSES[loss]
    with lossy_forwarder(stage.engine, **faults) as url:
        found = differences(undisturbed, java("elasticsearch-java-9", url, stage.shop.alias, READS))
    assert bool(found) == (loss != "nothing"), found
    assert calls <= {line.split(":")[0] for line in found}
