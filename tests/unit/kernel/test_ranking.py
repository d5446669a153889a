"""What a release says of how its hits are ordered, as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessionrank.errors import DataError
from sessionrank.ranking import NOTHING_HELPS, Ranking

SOUND = {"format_version": 1, "strategy": "mix", "weights": {"engine": 1.0}, "measured": {}}


def test_it_comes_back_as_it_was_written() -> None:
    ranking = Ranking("mix", {"engine": 0.5, "seen": -1.0}, {"cases": 750, "mrr": 0.383, "slices": [{"name": "long"}]})
    assert Ranking.from_json(ranking.to_json()) == ranking
    assert Ranking.from_json(ranking.to_json().encode()) == ranking, "as the store hands it over"
    assert json.loads(ranking.to_json())["format_version"] == 1


def test_equal_rankings_give_equal_bytes_in_whatever_order_they_were_made() -> None:
    one, other = Ranking("mix", {"a": 1.0, "b": 2.0}), Ranking("mix", {"b": 2.0, "a": 1.0})
    assert one.to_json() == other.to_json()


def test_where_nothing_helps_the_order_stays_the_engines() -> None:
    assert Ranking.from_json(NOTHING_HELPS.to_json()) == Ranking("none", {}, {})


def test_whole_numbers_are_weights_as_well() -> None:
    read = Ranking.from_json(json.dumps({**SOUND, "weights": {"engine": 1, "seen": -1000}}))
    assert read.weights == {"engine": 1.0, "seen": -1000.0}
    assert all(isinstance(weight, float) for weight in read.weights.values())


WRONG: list[dict[str, Any]] = [
    {"format_version": 2},
    {"format_version": None},
    {"format_version": "1" * 1000},
    {"strategy": 5},
    {"strategy": None},
    {"weights": [["engine", 1.0]]},
    {"weights": {"engine": "1"}},
    {"weights": {"engine": True}},
    {"weights": {"engine": None}},
    {"weights": {"engine": [1.0]}},
    {"weights": {"engine": float("nan")}},
    {"weights": {"engine": float("-inf")}},
    {"weights": {"engine": 1000.5}},
    {"weights": {"engine": 10**400}},
    {"measured": []},
    {"measured": "much"},
]


@pytest.mark.parametrize("changes", WRONG, ids=lambda changes: str(changes)[:40])
def test_a_part_that_is_something_else_is_refused_in_one_line(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="not a ranking") as caught:
        Ranking.from_json(json.dumps({**SOUND, **changes}))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("missing", ["format_version", "strategy", "weights", "measured"])
def test_a_part_that_is_missing_is_refused(missing: str) -> None:
    with pytest.raises(DataError, match=f"not a ranking.*{missing}"):
        Ranking.from_json(json.dumps({name: part for name, part in SOUND.items() if name != missing}))


@pytest.mark.parametrize(
    "garbage", ["", "{", "[]", "1", "null", '"mix"', "[" * 100_000, "1" * 10_000, b"\xff\xfe", b"\x80mix", b""]
)
def test_garbage_in_the_store_is_refused(garbage: str | bytes) -> None:
    with pytest.raises(DataError, match="not a ranking") as caught:
        Ranking.from_json(garbage)
    assert "\n" not in str(caught.value)
