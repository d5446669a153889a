"""What the player sends, and what it makes of answers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests_mock import Mocker

from demo import player as player_module
from demo.player import Answer, Hit, Player
from sessionrank.errors import BackendError, BackendUnreachable

URL = "http://127.0.0.1:9999"
SEARCH = f"{URL}/demo-catalog/_search"
EVENTS = f"{URL}/_sessionrank/events"


@pytest.fixture
def player() -> Iterator[Player]:
    player = Player(URL + "/", "demo-catalog")
    yield player
    player.close()


def answer(*hits: dict[str, Any]) -> dict[str, Any]:
    return {"hits": {"total": {"value": len(hits)}, "hits": list(hits)}}


HIT = {"_id": "20970", "_source": {"name": "PINK BAG"}}


def test_views_go_out_as_one_batch_whose_repetition_changes_nothing(player: Player, requests_mock: Mocker) -> None:
    requests_mock.post(EVENTS, json={"errors": False, "items": []})
    player.view("visit-1", ["a", "b"])
    assert requests_mock.last_request is not None
    assert requests_mock.last_request.json() == {
        "events": [
            {"session": "visit-1", "type": "view", "sku": "a", "id": "visit-1-0"},
            {"session": "visit-1", "type": "view", "sku": "b", "id": "visit-1-1"},
        ]
    }


@pytest.mark.parametrize("body", ['{"errors": true, "items": []}', "not JSON", "[]", "{}"])
def test_refused_events_are_an_error(player: Player, requests_mock: Mocker, body: str) -> None:
    requests_mock.post(EVENTS, text=body)
    with pytest.raises(BackendError, match="events"):
        player.view("visit-1", ["a"])


def test_a_visitor_asks_with_a_session_and_reads_the_reasons(player: Player, requests_mock: Mocker) -> None:
    why = {"rank_before": 72, "rank_after": 1, "cosine": 0.93, "nearest_viewed": "a", "score": 3.1}
    requests_mock.post(
        SEARCH,
        json=answer({**HIT, "_sessionrank": why}),
        headers={"X-Sessionrank": "personalised; window=100; moved=9"},
    )
    found = player.search("bag", size=100, session_id="visit-1", explain=True)
    assert found == Answer((Hit("20970", "PINK BAG", 72, 0.93),), "personalised; window=100; moved=9")
    sent = requests_mock.last_request
    assert sent is not None
    assert sent.headers["X-Session-Id"] == "visit-1"
    assert sent.headers["X-Sessionrank-Explain"] == "true"
    assert "X-Sessionrank" not in sent.headers
    assert sent.json() == {"query": {"match": {"name": "bag"}}, "_source": ["name"], "size": 100}


def test_nobody_has_no_session_and_off_asks_for_the_engine_itself(player: Player, requests_mock: Mocker) -> None:
    requests_mock.post(SEARCH, json=answer(HIT))
    assert player.search("bag", size=10).hits == (Hit("20970", "PINK BAG"),)
    plain = requests_mock.last_request
    assert plain is not None
    assert not {name.lower() for name in plain.headers} & {"x-session-id", "x-sessionrank", "x-sessionrank-explain"}
    player.search("bag", size=10, off=True)
    assert requests_mock.last_request is not None
    assert requests_mock.last_request.headers["X-Sessionrank"] == "off"


def test_an_answer_that_came_plain_is_asked_for_again_but_not_for_ever(
    player: Player, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_module, "_PAUSE", 0)
    plain = {"json": answer(HIT), "headers": {"X-Sessionrank": "plain; reason=store-timeout"}}
    personal = {"json": answer(HIT), "headers": {"X-Sessionrank": "personalised; window=100; moved=1"}}
    requests_mock.post(SEARCH, [plain, plain, personal])
    assert player.search_as("visit-1", "bag", size=100).outcome.startswith("personalised")
    assert requests_mock.call_count == 3
    requests_mock.post(SEARCH, [plain])
    assert player.search_as("visit-1", "bag", size=100).outcome == "plain; reason=store-timeout"
    assert requests_mock.call_count == 3 + 5


@pytest.mark.parametrize("body", ["<html>", "{}", '{"hits": {"hits": [{"_id": "1"}]}}', '{"hits": []}'])
def test_an_answer_that_is_none_is_an_error(player: Player, requests_mock: Mocker, body: str) -> None:
    requests_mock.post(SEARCH, text=body)
    with pytest.raises(BackendError, match="something else than hits"):
        player.search("bag", size=10)


def test_an_error_of_the_proxy_and_a_lost_connection_are_told_apart(player: Player, requests_mock: Mocker) -> None:
    requests_mock.post(SEARCH, status_code=502, text="engine down")
    with pytest.raises(BackendError, match="answered 502: engine down"):
        player.search("bag", size=10)
    requests_mock.post(SEARCH, exc=requests.ConnectionError)
    with pytest.raises(BackendUnreachable):
        player.search("bag", size=10)


def test_ready_is_only_what_answers_200(player: Player, requests_mock: Mocker) -> None:
    ready = f"{URL}/_sessionrank/health/ready"
    requests_mock.get(ready, [{"exc": requests.ConnectionError}, {"status_code": 503}, {"status_code": 200}])
    assert [player.is_ready() for _ in range(3)] == [False, False, True]


def test_curl_lines_stay_one_argument_each_whatever_the_word(player: Player) -> None:
    for _, line in player.curl_lines("it's; rm -rf $HOME", "visit-1", "a/b"):
        words = shlex.split(line)
        assert words[:2] == ["curl", "-s"]
        assert words[2].startswith(URL)
        assert all(flag in ("-H", "-d") for flag in words[3::2])
    similar = player.curl_lines("bag", "visit-1", "a/b")[-1][1]
    assert "/_sessionrank/items/a%2Fb/similar" in similar
