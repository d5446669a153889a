"""What ``index load`` and ``index status`` find out or show without a server."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from indexer.catalogue.base import with_column
from indexer.catalogue.registry import open_catalogue
from indexer.commands.status import _foreign, _in_store, _lines, _table
from indexer.rejects import check_writable
from indexer.release_store import ReleaseStore
from sessionrank import keys
from sessionrank.errors import ConfigurationError, DataError, StoreError
from sessionrank.ranking import Ranking
from tests.support.fake_redis import fake_store

RELEASES = ["20260101000000abcdef", "20260202000000abcdef"]


def numbers(path: Path, column: str) -> list[int]:
    opened = open_catalogue(path)
    return [row.number for row in with_column(opened, opened.rows(), column)]


def test_a_header_without_the_column_is_refused_before_its_first_row(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("sku,name,sold\n1,x,\n2,y,\n")
    opened = open_catalogue(path)
    with pytest.raises(DataError, match=r"no column 'nix' \(found: 'sku', 'name', 'sold'\)"):
        next(with_column(opened, opened.rows(), "nix"))
    assert numbers(path, "sold") == [1, 2]


def test_without_a_header_one_row_must_have_the_column(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"sku": "1", "name": "x"}\n{"sku": "2", "name": "y", "sold": 3}\n')
    assert numbers(path, "sold") == [1, 2]
    with pytest.raises(DataError, match=r"no column 'nix' \(found: 'sku', 'name', 'sold'\)"):
        numbers(path, "nix")


def test_a_place_where_rejects_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for place in (tmp_path, tmp_path / "none" / "r.jsonl", tmp_path / "file" / "r.jsonl"):
        with pytest.raises(DataError, match="the rejects cannot be written here"):
            check_writable(place)


def test_asking_whether_rejects_can_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("option", ["foo=bar", "socket_timeout=x"])
def test_an_option_that_the_driver_does_not_take_is_told_in_one_line(option: str) -> None:
    with pytest.raises(ConfigurationError, match="SESSIONRANK_REDIS_URL") as caught:
        ReleaseStore.connect(f"redis://:hunter2@127.0.0.1:1/0?{option}")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_releases_and_headings_are_whole_however_narrow_the_terminal_is(width: int) -> None:
    row = {"state": "published before", "documents": 1234567, "vectors": 1234567, "vectors_whole": False}
    row |= {"covisits": 1234567, "covisits_whole": True}
    created = "2026-01-01T01:02:03+00:00"
    table = _table([{**row, "release": each, "served": False, "created": created} for each in RELEASES])
    screen = io.StringIO()
    Console(file=screen, width=width, soft_wrap=True).print(table)
    shown = screen.getvalue()
    for whole in (*RELEASES, "release", "state", "documents", "vectors", "covisits", "created"):
        assert whole in shown
    assert "…" not in shown
    assert "lengths" not in shown


def test_a_key_that_holds_something_else_is_named_and_the_rest_is_told() -> None:
    redis, store = fake_store()
    release = RELEASES[0]
    record = {"release": release, "buckets": 2, "count": 3, "complete": True, "dimensions": 4, "covisits": 1}
    store.put_record({**record, "covisits_meta": {}, "lengths": 1})
    redis.values[keys.vectors(release, 0)] = {b"a": b"1"}
    redis.values[keys.vectors(release, 1)] = b"a text"
    redis.values[keys.covisits(release, 0)] = {b"a": b"1"}
    redis.values[keys.ranking(release)] = Ranking("covisit").to_json().encode()
    redis.values[keys.lengths(release, 0)] = {b"a": b"1"}
    told = _in_store(store, release, wanted=True)
    assert (told["lengths"], told["lengths_whole"]) == (1, True)
    assert (told["vectors"], told["vectors_whole"], told["covisits"], told["covisits_whole"]) == (None, False, 1, True)
    assert told["ranking"]["strategy"] == "covisit"
    (line,) = told["store_errors"]
    assert line.startswith(f"the key {keys.vectors(release, 1)} at redis://fake holds what no release has there")
    assert list(_lines([{"release": release, **told}], "ok"))[1:] == [f"Release {release}: {line}"]
    for key in (keys.release_info(release), keys.ranking(release)):
        redis.values[key] = {b"a": b"hash"}
    told = _in_store(store, release, wanted=True)
    assert [told[name] for name in ("vectors", "lengths", "covisits", "ranking")] == [None] * 4
    assert [line.split()[2] for line in told["store_errors"]] == [keys.release_info(release), keys.ranking(release)]
    assert not any(line.startswith("Order of") for line in _lines([{"release": release, **told}], "ok"))


def test_beside_keys_that_hold_something_else_the_releases_of_an_index_of_others_are_shown() -> None:
    redis, store = fake_store()
    store.put_record(
        {"release": RELEASES[0], "buckets": 1, "count": 0, "complete": True, "foreign": True, "index": "x"}
    )
    redis.values[keys.release_info(RELEASES[1])] = {b"a": b"hash"}
    redis.values[keys.pointer("x")] = {b"a": b"hash"}
    releases, said = _foreign(store, "x")
    assert [(each["release"], each["served"]) for each in releases] == [(RELEASES[0], False)]
    assert keys.pointer("x") in said
    assert keys.release_info(RELEASES[1]) in said
    with pytest.raises(StoreError, match=keys.release_info(RELEASES[1])):
        store.records()
