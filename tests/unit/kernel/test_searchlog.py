"""The log of searches: what is written is read again, and a line that is no search is told by its number."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sessionrank import searchlog
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.searchlog import LoggedEvent, SearchCase, read_log, write_log

CASES = [
    SearchCase((LoggedEvent("a"), LoggedEvent("b", "cart", 1_318_000_000_000)), "hängend \u2028 heart", "c", 5, "7"),
    SearchCase((LoggedEvent("a", "view", 0),), "bird", "é"),
    SearchCase((), "bird", "a", id="8"),
]
GOOD = '{"session": ["a"], "query": "bird", "clicked": "b"}\n'


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "deep/log.jsonl"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    assert write_log(tmp_path / name, iter(CASES)) == 3
    assert read_log(tmp_path / name) == CASES
    first = (tmp_path / name).read_bytes()
    assert write_log(tmp_path / name, CASES) == 3
    assert (tmp_path / name).read_bytes() == first
    assert first.startswith(b"\x1f\x8b") == name.endswith(".gz")
    # Of a gzip file, the moment of writing; it is left open, else a second later the bytes would be others.
    assert not name.endswith(".gz") or first[4:8] == bytes(4)


def test_a_plain_view_is_only_its_product_and_what_is_not_known_is_not_written(tmp_path: Path) -> None:
    write_log(tmp_path / "log.jsonl", [SearchCase((LoggedEvent("a"), LoggedEvent("b", time=3)), "bird", "c")])
    assert (tmp_path / "log.jsonl").read_text() == (
        '{"session": ["a", {"sku": "b", "type": "view", "ts": 3}], "query": "bird", "clicked": "c"}\n'
    )


def test_lines_by_hand_may_be_short_blank_gzipped_and_of_more_fields(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    text = '\n{"session": [{"sku": "a"}], "query": "x", "clicked": "b", "ts": null, "id": null, "page": 2}\r\n \n'
    path.write_bytes(gzip.compress((text + '{"session": [], "query": "x", "clicked": "b", "id": 12}').encode()))
    assert read_log(path) == [SearchCase((LoggedEvent("a"),), "x", "b"), SearchCase((), "x", "b", id="12")]


def test_a_log_in_another_encoding_is_to_be_written_in_utf_8_for_no_option_tells_it(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes('{"session": [], "query": "café", "clicked": "b"}\n'.encode("latin-1"))
    with pytest.raises(DataError, match=r"log\.jsonl: not utf-8 text \(byte 29\); write it in utf-8$"):
        read_log(tmp_path / "log.jsonl")


def test_the_latest_events_of_an_endless_session_are_taken(tmp_path: Path) -> None:
    events = tuple(LoggedEvent(str(number)) for number in range(1003))
    write_log(tmp_path / "log.jsonl", [SearchCase(events, "x", "b")])
    (case,) = read_log(tmp_path / "log.jsonl")
    assert case.session == events[3:]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2 is no search with session, query and clicked"),
        ("[1]", "it is no JSON object"),
        ("[" * 100_000, "line 2 is no search"),
        ('{"query": "x", "clicked": "b"}', "line 2 is no search: session is missing"),
        ('{"session": [], "clicked": "b"}', "query is missing"),
        ('{"session": [], "query": "x"}', "clicked is missing"),
        ('{"session": [{"type": "view"}], "query": "x", "clicked": "b"}', "sku is missing"),
        ('{"session": "a b", "query": "x", "clicked": "b"}', "session is no list"),
        ('{"session": [3], "query": "x", "clicked": "b"}', "neither a text nor an object"),
        ('{"session": [""], "query": "x", "clicked": "b"}', "a text is missing"),
        ('{"session": [], "query": " ", "clicked": "b"}', "a text is missing"),
        ('{"session": [], "query": 5, "clicked": "b"}', "a text is missing"),
        ('{"session": [], "query": "x", "clicked": "\\ud800"}', "surrogates not allowed"),
        ('{"session": [], "query": "x", "clicked": "' + "b" * 513 + '"}', "longer than 512 bytes"),
        ('{"session": [], "query": "x", "clicked": "b", "ts": "2011-10-01"}', "no number of milliseconds"),
        ('{"session": [], "query": "x", "clicked": "b", "ts": -1}', "no number of milliseconds"),
        ('{"session": [], "query": "x", "clicked": "b", "ts": true}', "no number of milliseconds"),
        ('{"session": [], "query": "x", "clicked": "b", "id": [1]}', "neither a text nor a whole number"),
        ('{"session": [], "query": "x", "clicked": "b", "more": "' + "y" * (1 << 20) + '"}', "longer than"),
    ],
)
def test_a_line_that_is_no_search_is_told_by_its_number(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(GOOD + line + "\n")
    with pytest.raises(DataError) as raised:
        read_log(path)
    assert told in str(raised.value)
    assert "line 2" in str(raised.value)
    assert len(str(raised.value)) < 300 + len(str(path))


def test_an_empty_log_is_refused_with_an_example_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n\n")
    with pytest.raises(DataError, match="no search stands in it") as raised:
        read_log(path)
    path.write_text(str(raised.value).partition("such as ")[2])
    assert len(read_log(path)) == 1
    with pytest.raises(DataError, match="no such file"):
        read_log(tmp_path / "missing.jsonl")


def test_a_log_of_more_searches_than_memory_should_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchlog, "MOST_CASES", 2)
    path = tmp_path / "log.jsonl"
    path.write_text(GOOD * 2 + "\n")
    assert len(read_log(path)) == 2
    path.write_text(GOOD * 3)
    with pytest.raises(DataError, match="more than 2 searches"):
        read_log(path)


def test_nothing_is_written_when_a_case_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_log(path, CASES)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write_log(path, (CASES[1 // number] for number in (1, 0)))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["log.jsonl"]
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_log(path / "under-a-file.jsonl", CASES)
