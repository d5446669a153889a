"""Every engine that the indexer supports does what loading and publishing ask of it, the same way."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from indexer import indices
from indexer.documents import read_definition
from indexer.engines.base import BulkOutcome, Engine, EngineInfo, EngineRefusal
from indexer.engines.detect import detect
from indexer.engines.elasticsearch import ElasticsearchEngine
from indexer.engines.opensearch import OpenSearchEngine
from indexer.engines.registry import ENGINES, connect
from sessionrank.errors import BackendError, BackendTimeout, BackendUnreachable, ConfigurationError
from sessionrank.releases import index_name, new_release
from tests.support.scripted_server import scripted_server

SERVERS = {
    "opensearch": ("opensearch", 3),
    "elasticsearch-7": ("elasticsearch", 7),
    "elasticsearch-8": ("elasticsearch", 8),
    "elasticsearch-9": ("elasticsearch", 9),
}
CLIENTS = sorted(set(ENGINES.values()), key=str)
each_client = pytest.mark.parametrize("client", CLIENTS)
PRODUCT = {"x-elastic-product": "Elasticsearch"}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, engine: Callable[[str], str]) -> tuple[str, str]:
    """(name, URL) of one real engine."""
    return request.param, engine(request.param)


@pytest.fixture
def connected(server: tuple[str, str]) -> Iterator[Engine]:
    made = connect([server[1]], timeout=30)
    yield made
    made.close()


@pytest.fixture
def alias() -> str:
    return f"contract-{secrets.token_hex(4)}"


def create(engine: Engine, alias: str) -> str:
    release = new_release()
    name = index_name(alias, release)
    meta = {"alias": alias, "release": release, "created": release}
    indices.create(engine, name, read_definition().loading_body(meta))
    return name


def test_it_is_told_apart_from_the_others(server: tuple[str, str], connected: Engine) -> None:
    product, major = SERVERS[server[0]]
    assert connected.info.product == product
    assert int(connected.info.version.split(".")[0]) == major


def test_bulk_gives_one_outcome_for_each_document_whatever_the_chunk(connected: Engine, alias: str) -> None:
    name = create(connected, alias)
    documents = [(f"P/{n} ü", {"sku": f"P{n}", "name": "Boot", "popularity": n}) for n in range(25)]
    documents[7] = ("bad", {"sku": "bad", "name": {"is": "an object"}})
    outcomes = list(connected.bulk(name, documents, chunk=10))
    assert [outcome.id for outcome in outcomes] == [sku for sku, _document in documents]
    assert [outcome.id for outcome in outcomes if not outcome.stored] == ["bad"]
    assert outcomes[7].status == 400
    assert "name" in str(outcomes[7].reason)
    indices.refresh(connected, name)
    assert indices.count(connected, name) == 24


def test_an_index_goes_from_loading_to_serving(connected: Engine, alias: str) -> None:
    name = create(connected, alias)
    before = connected.request("GET", f"/{name}/_settings")[name]["settings"]["index"]
    assert (before["refresh_interval"], before["number_of_replicas"]) == ("-1", "0")
    indices.put_settings(connected, name, read_definition().serving_settings())
    after = connected.request("GET", f"/{name}/_settings")[name]["settings"]["index"]
    assert "refresh_interval" not in after
    assert after["auto_expand_replicas"] == "0-1"
    assert indices.wait_for_copies(connected, name, seconds=30) == "green"


def test_a_wait_that_is_too_short_ends_with_yellow(connected: Engine, alias: str) -> None:
    name = create(connected, alias)
    settings = {"index": {"auto_expand_replicas": False, "number_of_replicas": 1}}
    indices.put_settings(connected, name, settings)
    assert indices.wait_for_copies(connected, name, seconds=1) == "yellow"


def test_meta_is_replaced_and_the_fields_stay(connected: Engine, alias: str) -> None:
    name = create(connected, alias)
    (own,) = indices.own_indices(connected, alias)
    indices.put_meta(connected, name, {"sessionrank": {**own.meta, "served": "now"}, "team": "search"})
    (own,) = indices.own_indices(connected, alias)
    assert (own.meta["served"], own.all_meta["team"]) == ("now", "search")
    fields = connected.request("GET", f"/{name}/_mapping")[name]["mappings"]["properties"]
    assert fields["popularity"] == {"type": "float"}


def test_the_alias_is_on_exactly_one_index_after_each_swap(connected: Engine, alias: str) -> None:
    names = [create(connected, alias) for _ in range(3)]
    for name in (*names, names[0]):
        indices.swap(connected, alias, name)
        assert indices.served_by(connected, alias) == [name]
        assert [index.name for index in indices.own_indices(connected, alias) if index.served] == [name]


def test_nothing_there_is_no_error(connected: Engine, alias: str) -> None:
    assert indices.own_indices(connected, alias) == []
    assert indices.served_by(connected, alias) == []


def test_an_index_of_the_alias_name_is_seen(connected: Engine, alias: str) -> None:
    connected.request("PUT", f"/{alias}")
    with pytest.raises(ConfigurationError, match="is an index itself"):
        indices.served_by(connected, alias)


def test_a_deleted_index_is_gone(connected: Engine, alias: str) -> None:
    create(connected, alias)
    (own,) = indices.own_indices(connected, alias)
    indices.delete(connected, own)
    indices.delete(connected, own)
    assert indices.own_indices(connected, alias) == []


def test_a_cluster_has_an_id_that_stays(connected: Engine) -> None:
    assert len(indices.cluster_id(connected)) > 10
    assert indices.cluster_id(connected) == indices.cluster_id(connected)


def test_a_refusal_has_status_and_reason(connected: Engine, alias: str) -> None:
    with pytest.raises(EngineRefusal, match="index_not_found_exception") as caught:
        indices.count(connected, alias)
    assert caught.value.status == 404


def test_a_dead_node_beside_a_living_one_does_no_harm(server: tuple[str, str], alias: str) -> None:
    engine = connect([f"http://127.0.0.1:{_closed_port()}", server[1]], timeout=30)
    try:
        for _ in range(4):
            assert indices.served_by(engine, alias) == []
    finally:
        engine.close()


def _closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _made(client: Callable[..., Engine], url: str, timeout: float = 10) -> Engine:
    return client(EngineInfo("elasticsearch", "8.19.0"), [url], timeout=timeout)


def _items(*statuses: int) -> dict[str, Any]:
    return {"items": [{"index": {"_id": str(n), "status": status}} for n, status in enumerate(statuses)]}


@each_client
def test_a_busy_engine_is_asked_again_for_the_whole_and_for_parts(
    client: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.engines.client.INITIAL_BACKOFF_S", 0.001)
    second = {"items": [{"index": {"_id": "1", "status": 201}}]}
    script = (429, {"error": {"type": "busy", "reason": "queue"}}), (200, _items(201, 429, 400)), (200, second)
    with scripted_server(*script, headers=PRODUCT) as server:
        engine = _made(client, server.url)
        outcomes = list(engine.bulk("x", [(str(n), {"n": n}) for n in range(3)], chunk=10))
        engine.close()
    assert sorted((outcome.id, outcome.status) for outcome in outcomes) == [("0", 201), ("1", 201), ("2", 400)]
    assert [asked[3].count(b'"_id"') for asked in server.asked] == [3, 3, 1]


@each_client
def test_an_engine_that_stays_busy_is_given_up(client: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.engines.client.INITIAL_BACKOFF_S", 0.0001)
    monkeypatch.setattr("indexer.engines.client.MAX_BACKOFF_S", 0.001)
    with scripted_server((200, _items(429)), headers=PRODUCT) as server:
        engine = _made(client, server.url)
        assert list(engine.bulk("x", [("0", {})], chunk=1)) == [BulkOutcome("0", 429)]
        engine.close()
    with scripted_server((429, {"error": "busy"}), headers=PRODUCT) as server:
        engine = _made(client, server.url)
        with pytest.raises(EngineRefusal, match="429"):
            list(engine.bulk("x", [("0", {})], chunk=1))
        engine.close()


@each_client
def test_a_row_that_fails_to_come_keeps_its_own_error(client: Callable[..., Engine]) -> None:
    def rows() -> Iterator[tuple[str, dict[str, Any]]]:
        yield "0", {}
        raise ConfigurationError("the catalogue broke")

    with scripted_server((200, _items(201)), headers=PRODUCT) as server:
        engine = _made(client, server.url)
        with pytest.raises(ConfigurationError, match="the catalogue broke"):
            list(engine.bulk("x", rows(), chunk=1))
        engine.close()


@each_client
def test_the_credentials_of_the_url_are_sent_and_never_shown(client: Callable[..., Engine]) -> None:
    with scripted_server((500, {"error": "boom"}), headers=PRODUCT) as server:
        engine = _made(client, f"http://user:p%40ss%3A1@127.0.0.1:{server.port}/prefix")
        with pytest.raises(EngineRefusal) as caught:
            engine.request("GET", "/x")
        engine.close()
    _method, path, headers, _body = server.asked[0]
    assert path == "/prefix/x"
    assert headers["authorization"] == "Basic dXNlcjpwQHNzOjE="
    assert "p@ss" not in str(caught.value)


@each_client
def test_no_connection_is_unreachable_and_silence_is_a_timeout(client: Callable[..., Engine]) -> None:
    engine = _made(client, f"http://user:secret@127.0.0.1:{_closed_port()}")
    with pytest.raises(BackendUnreachable) as caught:
        engine.request("GET", "/")
    engine.close()
    assert "secret" not in str(caught.value)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        engine = _made(client, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(BackendTimeout):
            engine.request("GET", "/")
        engine.close()


def test_the_two_clients_are_the_members() -> None:
    assert set(CLIENTS) == {ElasticsearchEngine, OpenSearchEngine}


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((200, "<html>Welcome</html>"), "not as a search engine does"),
        ((200, {"hello": "world"}), "not as a search engine does"),
        ((404, {}), "not as a search engine does"),
        ((401, {"error": "no"}), "refuses the credentials"),
        ((200, {"version": {"number": "6.8.1"}}), r"Elasticsearch 6\.8\.1 is not supported"),
        ((200, {"version": {"number": "1.3.0", "distribution": "opensearch"}}), r"OpenSearch 1\.3\.0 is not supported"),
    ],
)
def test_what_is_not_supported_is_refused_in_one_line(answer: tuple[int, Any], word: str) -> None:
    with scripted_server(answer) as server:
        url = f"http://user:secret@127.0.0.1:{server.port}"
        with pytest.raises(BackendError, match=word) as caught:
            connect([url], timeout=5)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert server.asked[0][2]["authorization"].startswith("Basic ")


def test_an_engine_without_its_root_is_told_by_its_nodes() -> None:
    nodes = {"nodes": {"a": {"version": "8.19.0"}}}
    with scripted_server((405, {"error": "no handler"}), (200, nodes), headers=PRODUCT) as server:
        assert detect([server.url]) == EngineInfo("elasticsearch", "8.19.0")


def test_no_engine_at_all_says_what_to_do() -> None:
    with pytest.raises(BackendUnreachable, match=r"no search engine at .* set SESSIONRANK_UPSTREAM"):
        detect([f"http://127.0.0.1:{_closed_port()}"])
