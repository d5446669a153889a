from typing import Any

import pytest

from indexer.engines.base import BulkOutcome, EngineInfo, bulk_outcome, reason_of
from indexer.engines.detect import identify
from indexer.engines.elasticsearch import ElasticsearchEngine
from indexer.engines.opensearch import OpenSearchEngine
from indexer.engines.registry import choose
from sessionrank.addresses import shown, shown_all
from sessionrank.errors import BackendError

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


@pytest.mark.parametrize(
    ("root", "nodes", "headers", "info"),
    [
        ({"version": {"number": "3.4.0", "distribution": "opensearch"}}, None, {}, ("opensearch", "3.4.0")),
        ({"version": {"number": "7.10.2", "build_flavor": "oss"}}, None, {}, ("elasticsearch", "7.10.2")),
        ({"version": {"number": "9.1.0"}}, None, PRODUCT, ("elasticsearch", "9.1.0")),
        (None, {"nodes": {"a": {"version": "8.19.0"}}}, PRODUCT, ("elasticsearch", "8.19.0")),
        (None, {"nodes": {"a": {"version": "7.10.2"}}}, {}, ("elasticsearch", "7.10.2")),
        (None, {"nodes": {"a": {"version": "2.19.1"}}}, {}, ("opensearch", "2.19.1")),
        (None, None, {"x-elastic-product": "elasticsearch"}, ("elasticsearch", "")),
    ],
)
def test_an_engine_is_told_by_its_root_its_nodes_or_its_header(
    root: Any, nodes: Any, headers: dict[str, str], info: tuple[str, str]
) -> None:
    assert identify(root, nodes, headers) == EngineInfo(*info)


@pytest.mark.parametrize("root", [None, "<html>", [], {}, {"version": "3"}, {"version": {"number": 3}}])
@pytest.mark.parametrize("nodes", [None, {}, {"nodes": []}, {"nodes": {"a": 1}}, {"nodes": {"a": {"version": "x"}}}])
def test_what_is_no_search_engine_is_none(root: Any, nodes: Any) -> None:
    assert identify(root, nodes, {"server": "nginx"}) is None


@pytest.mark.parametrize(
    ("product", "version", "member"),
    [
        ("elasticsearch", "7.10.2", OpenSearchEngine),
        ("elasticsearch", "7.17.0", OpenSearchEngine),
        ("elasticsearch", "8.19.0", ElasticsearchEngine),
        ("elasticsearch", "9.1.0", ElasticsearchEngine),
        ("elasticsearch", "9.2.0-SNAPSHOT", ElasticsearchEngine),
        ("elasticsearch", "", ElasticsearchEngine),
        ("opensearch", "2.19.1", OpenSearchEngine),
        ("opensearch", "3.6.0", OpenSearchEngine),
    ],
)
def test_each_supported_engine_has_its_client(product: str, version: str, member: type) -> None:
    assert choose(EngineInfo(product, version)) is member


@pytest.mark.parametrize(
    ("product", "version"),
    [("elasticsearch", "6.8.0"), ("elasticsearch", "7.9.3"), ("elasticsearch", "10.0.0"), ("opensearch", "1.3.0")],
)
def test_another_engine_is_refused_by_its_name(product: str, version: str) -> None:
    with pytest.raises(BackendError, match=rf"{version} is not supported; supported are Elasticsearch 7\.10"):
        choose(EngineInfo(product, version))


def test_an_outcome_holds_the_reason_with_its_innermost_cause() -> None:
    error = {
        "type": "mapper_parsing_exception",
        "reason": "failed to parse field [popularity]",
        "caused_by": {"type": "x", "reason": "outer", "caused_by": {"type": "y", "reason": "For input:\n'a'"}},
    }
    assert bulk_outcome({"index": {"_id": "A", "status": 400, "error": error}}) == BulkOutcome(
        "A", 400, "mapper_parsing_exception: failed to parse field [popularity] (For input: 'a')"
    )
    assert bulk_outcome({"index": {"_id": "A", "status": 201}}).stored


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ({"error": {"type": "t", "reason": "r"}, "status": 400}, "t: r"),
        ({"error": "plain words"}, "plain words"),
        ("<html>\n</html>", "<html> </html>"),
        (None, "None"),
        ({"type": "t", "reason": "x" * 1000}, ("t: " + "x" * 1000)[:500]),
    ],
)
def test_a_reason_is_one_bounded_line(error: Any, text: str) -> None:
    assert reason_of(error) == text


def test_an_address_is_shown_without_its_credentials() -> None:
    assert shown("https://user:p%40ss@host:9200/es?token=secret#x") == "https://host:9200/es"
    assert shown("redis://:secret@127.0.0.1:6379/0") == "redis://127.0.0.1:6379/0"
    assert shown_all(["http://a:1@b", "http://c"]) == "http://b, http://c"
