"""``POST /_sessionrank/events``."""

import io
import json
import time
from typing import Any

import pytest

from proxy.deadline import Deadline
from proxy.sessions.base import Appended, Event, Record
from proxy.sessions.memory import MemorySessions
from proxy.settings import ProxySettings
from sessionrank.errors import BackendTimeout, StoreError
from tests.support.fake_backend import FakeBackend
from tests.support.own_endpoints import RELEASE, OwnEndpoints, own_endpoints, vector_of

PATH = "/_sessionrank/events"
GOOD = {"session": "visit-1", "type": "view", "sku": "A1"}


class Watched(MemorySessions):
    """Counts writes; fails for the digests that a test names."""

    def __init__(self) -> None:
        super().__init__(cap=20, ttl=1000)
        self.writes: list[int] = []
        self.failing: set[str] = set()

    def append(self, digest: str, events: Any, deadline: Deadline) -> Appended:
        if digest in self.failing:
            raise StoreError("the store is down")
        self.writes.append(len(events))
        return super().append(digest, events, deadline)


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def app(store: Watched) -> OwnEndpoints:
    return own_endpoints(store=store)


def kept(app: OwnEndpoints, session: str = "visit-1") -> Record | None:
    digest = app.services.hasher.digest(session, Deadline(30))
    return app.services.store.read(digest, [], Deadline(30))[0]


def events_of(app: OwnEndpoints, session: str = "visit-1") -> tuple[Event, ...]:
    record = kept(app, session)
    assert record is not None
    return record.events


def one_status(app: OwnEndpoints, **fields: Any) -> tuple[int, str]:
    answer = app.client.post(PATH, json=[{**GOOD, **fields}])
    assert answer.status_code == 200
    item = answer.json["items"][0]
    return item["status"], item.get("error", {}).get("reason", "")


@pytest.mark.parametrize("body", [GOOD, [GOOD], {"events": [GOOD]}])
def test_one_event_a_list_and_an_object_with_a_list_are_taken(app: OwnEndpoints, body: Any) -> None:
    before = int(time.time() * 1000)
    answer = app.client.post(PATH, json=body)
    assert answer.status_code == 200
    assert answer.json["items"] == [{"status": 201, "result": "created"}]
    assert answer.json["errors"] is False
    assert answer.json["took"] >= 0
    (event,) = events_of(app)
    assert (event.sku, event.type, event.id) == ("A1", "view", b"")
    assert before <= event.time <= int(time.time() * 1000)


@pytest.mark.parametrize("mimetype", ["application/x-ndjson", "application/ndjson"])
def test_lines_are_taken_one_by_one_and_a_broken_one_spoils_only_itself(app: OwnEndpoints, mimetype: str) -> None:
    lines = [json.dumps(GOOD), "", "{broken", json.dumps({**GOOD, "sku": "B2"}), "[" * 5000]
    answer = app.client.post(PATH, data="\r\n".join(lines), content_type=mimetype + "; charset=utf-8")
    assert [item["status"] for item in answer.json["items"]] == [201, 400, 201, 400]
    assert answer.json["errors"] is True
    assert "not JSON" in answer.json["items"][1]["error"]["reason"]
    assert {event.sku for event in events_of(app)} == {"A1", "B2"}


def test_a_beacon_and_a_body_without_a_type_are_read_as_json(app: OwnEndpoints) -> None:
    for headers in ({"Content-Type": "text/plain;charset=UTF-8"}, {}):
        assert app.client.post(PATH, data=json.dumps(GOOD), headers=headers).json["errors"] is False


def test_nothing_to_add_is_nothing_added(app: OwnEndpoints) -> None:
    for answer in (app.client.post(PATH, json=[]), app.client.post(PATH, data="", content_type="application/x-ndjson")):
        assert (answer.status_code, answer.json["items"], answer.json["errors"]) == (200, [], False)


def test_good_and_bad_events_are_answered_in_their_order(app: OwnEndpoints) -> None:
    batch = [GOOD, {**GOOD, "type": "stare"}, 7, {**GOOD, "id": "e1"}, {**GOOD, "id": "e1"}, None, {}]
    answer = app.client.post(PATH, json=batch)
    assert [item["status"] for item in answer.json["items"]] == [201, 400, 400, 201, 200, 400, 400]
    assert answer.json["items"][4] == {"status": 200, "result": "duplicate"}
    assert answer.json["errors"] is True
    assert len(events_of(app)) == 2


def test_a_repeated_event_id_is_a_duplicate_in_a_later_batch_too(app: OwnEndpoints) -> None:
    assert one_status(app, id="e1") == (201, "")
    assert one_status(app, id="e1") == (200, "")
    assert one_status(app, id="e2") == (201, "")


def test_a_session_is_written_once_a_batch(app: OwnEndpoints, store: Watched) -> None:
    app.client.post(PATH, json=[{**GOOD, "session": f"s{i % 3}"} for i in range(12)])
    assert store.writes == [4, 4, 4]


def test_a_session_that_cannot_be_written_fails_alone(app: OwnEndpoints, store: Watched) -> None:
    store.failing.add(app.services.hasher.digest("bad", Deadline(30)))
    answer = app.client.post(PATH, json=[GOOD, {**GOOD, "session": "bad"}, {**GOOD, "sku": "B2"}])
    assert [item["status"] for item in answer.json["items"]] == [201, 503, 201]
    assert answer.json["items"][1]["error"] == {
        "type": "store_exception",
        "reason": "the session store does not answer",
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"session": ""}, "session"),
        ({"session": "x" * 10_000}, "session"),
        ({"session": "a\nb"}, "session"),
        ({"session": 5}, "session"),
        ({"session": None}, "session"),
        ({"type": "VIEW"}, "type"),
        ({"sku": ""}, "sku"),
        ({"sku": "é" * 257}, "sku"),
        ({"sku": "a\x00b"}, "sku"),
        ({"sku": "a\x85b"}, "sku"),
        ({"sku": ["a"]}, "sku"),
        ({"id": ""}, "id"),
        ({"id": "x" * 513}, "id"),
        ({"ts": "yesterday"}, "ts"),
        ({"ts": True}, "ts"),
        ({"ts": 1.5}, "ts"),
        ({"ts": 1_700_000_000}, "ts"),
        ({"ts": 10**30}, "ts"),
        ({"ts": -1}, "ts"),
        ({"ts": "2999-01-01T00:00:00Z"}, "ts"),
        ({"ts": {}}, "ts"),
        ({"query_id": "x" * 257}, "query_id"),
        ({"position": "3"}, "position"),
        ({"position": -1}, "position"),
        ({"sessoin": "x"}, "sessoin"),
        ({"y" * 5000: "x"}, "y" * 100),
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(app: OwnEndpoints, fields: dict[str, Any], named: str) -> None:
    status, reason = one_status(app, **fields)
    assert status == 400
    assert reason.startswith(f"[{named}]")
    assert len(reason) < 300
    assert kept(app) is None


@pytest.mark.parametrize("field", ["session", "type", "sku"])
def test_a_field_that_is_missing_is_named(app: OwnEndpoints, field: str) -> None:
    answer = app.client.post(PATH, json={key: value for key, value in GOOD.items() if key != field})
    assert answer.json["items"][0]["error"]["reason"].startswith(f"[{field}]")


def test_texts_that_are_no_unicode_are_refused(app: OwnEndpoints) -> None:
    for field in ("session", "sku", "id", "query_id"):
        body = json.dumps({**GOOD, field: "a"}).replace(f'"{field}": "a"', f'"{field}": "\\ud800"')
        answer = app.client.post(PATH, data=body, content_type="application/x-ndjson")
        assert answer.json["items"][0]["status"] == 400


@pytest.mark.parametrize(
    ("ts", "milliseconds"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000_000),
        ("2023-11-14T22:13:20.5Z", 1_700_000_000_500),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123),
    ],
)
def test_times_are_milliseconds_or_iso_8601(app: OwnEndpoints, ts: Any, milliseconds: int) -> None:
    assert one_status(app, ts=ts) == (201, "")
    assert [event.time for event in events_of(app)] == [milliseconds]


def test_a_clock_that_is_a_little_ahead_is_forgiven(app: OwnEndpoints) -> None:
    now = int(time.time() * 1000)
    assert one_status(app, ts=now + 60_000)[0] == 201
    assert one_status(app, ts=now + 3_600_000)[0] == 400


@pytest.mark.parametrize("body", [b"", b"{", b'"text"', b"5", b'{"events": {}}', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_holds_no_events_is_refused_in_the_engines_shape(app: OwnEndpoints, body: bytes) -> None:
    answer = app.client.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["status"] == 400
    assert answer.json["error"]["root_cause"][0]["type"] == answer.json["error"]["type"] == "parse_exception"
    assert answer.json["error"]["reason"]


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "application/cbor"}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}]
)
def test_a_format_that_is_not_read_is_415(app: OwnEndpoints, headers: dict[str, str]) -> None:
    assert app.client.post(PATH, data=b"[]", headers=headers).status_code == 415


@pytest.mark.parametrize("mimetype", ["application/json", "application/x-ndjson"])
def test_more_than_a_thousand_events_are_refused_and_none_of_them_kept(app: OwnEndpoints, mimetype: str) -> None:
    text = "\n".join([json.dumps(GOOD)] * 1001)
    body = text if "nd" in mimetype else "[" + text.replace("\n", ",") + "]"
    answer = app.client.post(PATH, data=body, content_type=mimetype)
    assert answer.status_code == 400
    assert "1000" in answer.json["error"]["reason"]
    assert kept(app) is None


def test_a_thousand_events_are_taken(app: OwnEndpoints) -> None:
    answer = app.client.post(PATH, json=[{**GOOD, "session": f"s{i % 100}"} for i in range(1000)])
    assert [item["status"] for item in answer.json["items"]] == [201] * 1000


def test_a_body_over_the_limit_is_413_whether_or_not_it_says_how_long_it_is() -> None:
    app = own_endpoints(settings=ProxySettings(max_body_bytes=1024))
    body = json.dumps([{**GOOD, "id": "x" * 500}] * 3).encode()
    announced = app.client.post(PATH, data=body, content_type="application/json")
    streamed = app.client.post(
        PATH,
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert "1024" in answer.json["error"]["reason"]
    assert kept(app) is None


def test_other_methods_are_405_with_the_allowed_ones(app: OwnEndpoints) -> None:
    answer = app.client.get(PATH)
    assert (answer.status_code, answer.json["status"]) == (405, 405)
    assert "POST" in answer.headers["Allow"]


def test_new_events_about_unknown_products_are_kept_and_counted(app: OwnEndpoints, store: Watched) -> None:
    store.publish(RELEASE, {"A1": vector_of(1, 0)})
    answer = app.client.post(PATH, json=[GOOD, {**GOOD, "sku": "zzz", "id": "1"}, {**GOOD, "sku": "zzz", "id": "1"}])
    assert answer.json["unknown_skus"] == 1
    assert "zzz" in [event.sku for event in events_of(app)]


@pytest.mark.parametrize("backend", [FakeBackend([BackendTimeout("slow")])])
def test_events_are_taken_as_well_when_no_release_is_at_hand_to_count_by(backend: FakeBackend) -> None:
    app = own_endpoints(backend=backend)
    answer = app.client.post(PATH, json=GOOD)
    assert answer.json["items"] == [{"status": 201, "result": "created"}]
    assert "unknown_skus" not in answer.json
    assert backend.timeouts[0] <= 0.2
