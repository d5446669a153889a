"""What every session reader must hold: the same sessions from each format, and clear refusals."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from models.readers.base import MAX_LINE, Reader
from models.readers.online_retail import COLUMNS
from models.readers.registry import READERS, make_reader
from sessionrank.errors import ConfigurationError, DataError

SESSIONS = {"7": ["a", "b", "c"], "8": ["b", "b", "é", "a"], "9": ["c", "a"]}


def _write_sessions_txt(path: Path, sessions: dict[str, list[str]], encoding: str) -> None:
    path.write_text("".join(f"{name} {' '.join(items)}\n" for name, items in sessions.items()), encoding)


def _write_online_retail(path: Path, sessions: dict[str, list[str]], encoding: str) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for name, items in sessions.items():
            rows.writerows([name, item, "x", 1, "12/1/2010 8:26", 1, name, "UK"] for item in items)


WRITERS: dict[str, Callable[[Path, dict[str, list[str]], str], None]] = {
    "online-retail": _write_online_retail,
    "sessions-txt": _write_sessions_txt,
}


@pytest.fixture(params=sorted(READERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _file(name: str, tmp_path: Path, sessions: dict[str, list[str]] = SESSIONS) -> Path:
    path = tmp_path / "data"
    WRITERS[name](path, sessions, READERS[name]().encoding)
    return path


def test_it_reads_sessions_in_order_and_leaves_out_short_ones(name: str, tmp_path: Path) -> None:
    read = make_reader(name).read(_file(name, tmp_path))
    assert tuple(read.sessions) == (("a", "b", "c"), ("b", "b", "é", "a"))
    assert read.dropped == {"sessions of fewer than 3 items": 1}
    assert read.items == 4


def test_length_limits_are_inclusive_and_zero_means_no_limit(name: str, tmp_path: Path) -> None:
    path = _file(name, tmp_path)
    assert tuple(make_reader(name, min_length=1, max_length=3).read(path).sessions) == (("a", "b", "c"), ("c", "a"))
    assert make_reader(name, min_length=1, max_length=3).read(path).dropped == {"sessions of more than 3 items": 1}
    assert len(make_reader(name, min_length=2, max_length=0).read(path).sessions) == 3


def test_a_gzipped_file_reads_the_same(name: str, tmp_path: Path) -> None:
    path = _file(name, tmp_path)
    packed = tmp_path / "data.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, other = make_reader(name).read(packed), make_reader(name).read(path)
    assert (tuple(one.sessions), one.dropped) == (tuple(other.sessions), other.dropped)


def test_another_encoding_can_be_named_and_a_wrong_one_is_said(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    WRITERS[name](path, SESSIONS, "utf-16")
    assert make_reader(name, encoding="utf-16").read(path).sessions[1][2] == "é"
    WRITERS[name](path, SESSIONS, "iso-8859-1")
    with pytest.raises(DataError, match="--encoding"):
        make_reader(name, encoding="utf-8").read(path)
    with pytest.raises(ConfigurationError, match="unknown encoding"):
        make_reader(name, encoding="klingon")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8b not gzip really"])
def test_a_file_without_sessions_is_a_data_error(name: str, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(DataError):
        make_reader(name).read(path)


def test_missing_files_folders_and_broken_gzip_are_data_errors(name: str, tmp_path: Path) -> None:
    broken = tmp_path / "data.gz"
    broken.write_bytes(gzip.compress(_file(name, tmp_path).read_bytes())[:-20])
    for path, why in ((tmp_path / "missing", "no such file"), (tmp_path, "cannot be read"), (broken, "broken gzip")):
        with pytest.raises(DataError, match=why):
            make_reader(name).read(path)


def test_when_the_limits_leave_nothing_it_says_what_was_dropped(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 sessions of fewer than 50 items"):
        make_reader(name, min_length=50).read(_file(name, tmp_path))


def test_a_line_without_end_is_refused_before_it_fills_the_memory(name: str, tmp_path: Path) -> None:
    path = _file(name, tmp_path)
    with path.open("ab") as file:
        file.write(b"x" * (MAX_LINE + 1))
    with pytest.raises(DataError, match="longer than"):
        make_reader(name).read(path)


@pytest.mark.parametrize(("least", "most"), [(0, 10), (5, 4), (-1, 0)])
def test_limits_that_cannot_work_are_refused(name: str, least: int, most: int) -> None:
    with pytest.raises(ConfigurationError):
        make_reader(name, min_length=least, max_length=most)


def test_unknown_readers_and_options_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="online-retail, sessions-txt"):
        make_reader("parquet")
    with pytest.raises(ConfigurationError, match="sessions-txt has no option --group-by"):
        make_reader("sessions-txt", group_by="invoice")


def test_all_members_are_readers_with_a_writer_in_this_suite() -> None:
    assert all(issubclass(member, Reader) for member in READERS.values())
    assert WRITERS.keys() == READERS.keys()
