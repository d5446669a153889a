"""The official Node clients, unchanged, through the proxy: they give what they give before the engine itself."""

from __future__ import annotations

import uuid

import pytest

from tests.support.client_stage import Stage, Stages
from tests.support.lossy_forwarder import lossy_forwarder
from tests.support.node_clients import NodeClients, node_clients
from tests.support.transcripts import Transcript, differences, orders_in, told, without

pytestmark = pytest.mark.system

#: Clients and the engines that they are meant for.
PAIRS = [("elastic-8", "elasticsearch-8"), ("elastic-9", "elasticsearch-9"), ("opensearch", "opensearch")]
READS = ["searches", "reads"]
#: Searches that show only some of what they find, so that popularity decides which.
CUT_OFF = {"search without a body", "search with collapsed hits"}
#: Searches whose client, or whose script, does not tell the headers.
WITHOUT_HEADERS = {
    "search from and size, page by page", "helpers.search", "helpers.msearch", "twenty searches at once",
    "ten searches over one connection",
}  # fmt: skip


@pytest.fixture(scope="module")
def node() -> NodeClients:
    return node_clients()


@pytest.fixture(scope="module", params=PAIRS, ids=[client for client, _ in PAIRS])
def pair(request: pytest.FixtureRequest, stages: Stages) -> tuple[str, Stage]:
    client, engine = request.param
    return client, stages(engine)


@pytest.fixture(scope="module")
def direct(pair: tuple[str, Stage], node: NodeClients) -> Transcript:
    """What the engine itself gives."""
    client, stage = pair
    return node(client, stage.engine, stage.shop.alias, [*READS, "sniffs"])


@pytest.fixture(scope="module")
def searches(pair: tuple[str, Stage], node: NodeClients) -> Transcript:
    """The searches of a client whose every call names a session."""
    client, stage = pair
    return node(client, stage.managed, stage.shop.alias, ["searches"], stage.visit)


def test_directly_the_calls_meet_what_they_are_about(direct: Transcript, pair: tuple[str, Stage]) -> None:
    """A comparison of answers that all lack something would prove nothing."""
    client, _ = pair
    product = "x-opensearch-version" if client == "opensearch" else "x-elastic-product"
    assert all(product in record["headers"] for record in direct.values() if record.get("headers"))
    assert direct["search with an opaque id"]["headers"]["x-opaque-id"] == "search-RUN"
    assert direct["search with an error and an opaque id"]["headers"]["x-opaque-id"] == "error-RUN"
    assert "deprecated" in direct["search with a warning"]["headers"]["warning"]
    assert direct["search in a gzipped request"]["headers"]["content-encoding"] == "gzip"
    assert direct["search as YAML"]["result"].startswith("---\ntook:")
    assert "sterms#groups" in direct["search with typed keys"]["result"]["aggregations"]
    assert direct["search with the total as a number"]["result"]["hits"]["total"] == 67
    assert direct["ten searches over one connection"]["result"]["connections"] == 1
    assert direct["sniffing"]["result"]["answered"]
    assert len(direct["search in a point in time"]["result"]["found"]) == 67
    assert direct["search of a missing index"]["error"] == "ResponseError"
    failed = {record["status"] for record in direct.values() if "error" in record}
    assert {400, 404} <= failed <= {400, 404, 405}


def test_before_an_index_that_is_not_managed_all_is_the_engines(
    direct: Transcript, pair: tuple[str, Stage], node: NodeClients
) -> None:
    client, stage = pair
    through = node(client, stage.untouched, stage.shop.alias, [*READS, "sniffs"], stage.visit)
    assert differences(direct, through) == []


def test_a_client_that_says_off_gets_the_engines_answers(
    direct: Transcript, pair: tuple[str, Stage], node: NodeClients
) -> None:
    client, stage = pair
    through = node(client, stage.managed, stage.shop.alias, READS, {**stage.visit, "X-Sessionrank": "off"})
    assert differences(without(direct, "nodes", "sniffing"), through) == []


def test_with_a_session_the_searches_follow_the_visit_and_nothing_else_differs(
    direct: Transcript, searches: Transcript, pair: tuple[str, Stage], node: NodeClients
) -> None:
    client, stage = pair
    others = node(client, stage.managed, stage.shop.alias, ["reads"], stage.visit)
    theirs = {name: direct[name] for name in searches}
    assert differences(without(theirs, *CUT_OFF), without(searches, *CUT_OFF), ranked=searches) == []
    assert differences({name: direct[name] for name in others}, others) == []
    silent = {name for name in searches if not told(searches[name]).startswith("personalised; window=100; moved=")}
    assert silent == WITHOUT_HEADERS
    assert all(told(record).startswith("plain; reason=") for record in others.values() if record.get("headers"))
    for name in CUT_OFF:
        ours, engines = searches[name]["result"]["hits"], theirs[name]["result"]["hits"]
        assert (ours["total"], len(ours["hits"])) == (engines["total"], len(engines["hits"]))


def test_with_a_session_the_viewed_kind_stands_first(
    direct: Transcript, searches: Transcript, pair: tuple[str, Stage]
) -> None:
    _, stage = pair
    for name, record in without(searches, *CUT_OFF).items():
        orders = [ids for ids in orders_in(record["result"]) if len(ids) > 10]
        assert orders, name
        assert all(map(stage.follows_the_visit, orders)), (name, told(record))
        assert not all(map(stage.follows_the_visit, orders_in(direct[name]["result"]))), name


def test_writes_and_sniffing_are_refused_as_errors_of_the_client(pair: tuple[str, Stage], node: NodeClients) -> None:
    client, stage = pair
    index = f"node-{uuid.uuid4().hex}"
    refused = node(client, stage.managed, index, ["writes", "sniffs"])
    assert len(refused) == 9
    for name, record in refused.items():
        assert (record.get("error"), record["status"]) == ("ResponseError", 403), name
        assert record["result"]["error"]["type"] == "security_exception", name
        assert told(record) == "refused; reason=gate", name


@pytest.mark.parametrize("client", ["elastic-8", "elastic-9"])
def test_a_client_that_does_not_know_its_engine_fails_equally(client: str, stages: Stages, node: NodeClients) -> None:
    stage = stages("opensearch")
    direct = node(client, stage.engine, stage.shop.alias, ["searches"])
    assert {record["error"] for record in direct.values() if "error" in record} >= {"ProductNotSupportedError"}
    assert differences(direct, node(client, stage.untouched, stage.shop.alias, ["searches"])) == []


#: What a forwarder can lose, and the calls that tell.
LOSSES = {
    "the product's header": ({"headers": ["x-elastic-product"]}, ["search", "get", "search of a missing index"]),
    "the opaque id": ({"headers": ["x-opaque-id"]}, ["search with an opaque id"]),
    "warnings": ({"headers": ["warning"]}, ["search with a warning"]),
    "the content type": ({"headers": ["content-type"]}, ["search", "search as YAML"]),
    "the query string": ({"query": True}, ["search with typed keys", "search with a filter of the answer", "count q"]),
    "the type that is accepted": ({"request_headers": ["accept"]}, ["search answered as YAML"]),
    "the status": ({"statuses": True}, ["get of a missing document", "search of a missing index"]),
}


def test_a_forwarder_that_loses_nothing_is_not_noticed(stages: Stages, node: NodeClients) -> None:
    stage = stages("elasticsearch-9")
    only = sorted({call for _, calls in LOSSES.values() for call in calls})
    direct = node("elastic-9", stage.engine, stage.shop.alias, READS, only=only)
    assert len(direct) == len(only)
    with lossy_forwarder(stage.engine) as url:
        assert differences(direct, node("elastic-9", url, stage.shop.alias, READS, only=only)) == []


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_on_the_way_is_noticed(loss: str, stages: Stages, node: NodeClients) -> None:
    stage = stages("elasticsearch-9")
    faults, only = LOSSES[loss]
    direct = node("elastic-9", stage.engine, stage.shop.alias, READS, only=only)
    with lossy_forwarder(stage.engine, **faults) as url:
        found = differences(direct, node("elastic-9", url, stage.shop.alias, READS, only=only))
    assert {line.split(":")[0] for line in found} == set(only)
