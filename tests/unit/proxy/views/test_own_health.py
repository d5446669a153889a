"""``/_sessionrank/health/…`` and ``/_sessionrank/metrics``."""

from pathlib import Path

import pytest

from proxy.deadline import Deadline
from proxy.sessions.memory import MemorySessions
from sessionrank.errors import BackendUnreachable, StoreError
from tests.support.fake_backend import FakeBackend, FakeResponse
from tests.support.own_endpoints import own_endpoints

READY = "/_sessionrank/health/ready"


class Down(MemorySessions):
    """A store that does not answer."""

    def ping(self, deadline: Deadline) -> None:
        raise StoreError("the store is down")

    def value(self, key: str, deadline: Deadline) -> bytes | None:
        raise StoreError("the store is down")


def test_a_process_that_answers_is_live_whatever_else_is_down() -> None:
    app = own_endpoints(store=Down(cap=1, ttl=1), backend=FakeBackend())
    answer = app.client.get("/_sessionrank/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "live"})


def test_ready_names_each_part() -> None:
    answer = own_endpoints().client.get(READY)
    ok = {"status": "ok"}
    assert (answer.status_code, answer.json) == (200, {"status": "ready", "engine": ok, "store": ok, "release": ok})


@pytest.mark.parametrize(
    ("engine", "store", "bad", "status", "strict_status"),
    [
        ([BackendUnreachable("no node")] * 2, MemorySessions(cap=1, ttl=1), "engine", 503, 503),
        ([FakeResponse(status=500), FakeResponse({}, status=404)], MemorySessions(cap=1, ttl=1), "engine", 503, 503),
        ([FakeResponse(status=405), FakeResponse({"catalog-20250101120000abc123": {}})], Down(cap=1, ttl=1),
         "store", 200, 503),
        ([FakeResponse(), FakeResponse({}, status=404)], MemorySessions(cap=1, ttl=1), "release", 200, 503),
    ],
)  # fmt: skip
def test_what_fails_is_named_and_only_the_engine_stops_searches(
    engine: list[FakeResponse], store: MemorySessions, bad: str, status: int, strict_status: int
) -> None:
    for query, expected in (("", status), ("?strict=true", strict_status)):
        answer = own_endpoints(store=store, backend=FakeBackend(list(engine))).client.get(READY + query)
        assert answer.status_code == expected
        assert answer.json["status"] == ("unavailable" if bad == "engine" else "plain")
        assert answer.json[bad]["status"] == "error"
        assert answer.json[bad]["reason"]


def test_metrics_are_prometheus_text() -> None:
    answer = own_endpoints().client.get("/_sessionrank/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert b"# TYPE python_info gauge" in answer.data


def test_with_several_workers_metrics_are_what_all_of_them_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    answer = own_endpoints().client.get("/_sessionrank/metrics")
    assert answer.status_code == 200
    # What this process counts for itself is not among it.
    assert b"python_info" not in answer.data
