"""What every session reader must hold: the same sessions from each format, and clear refusals."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from models.readers.base import MAX_LINE, Reader
from models.readers.guess import guess_reader
from models.readers.registry import READERS, make_reader
from models.sessions import encoded
from sessionrank.errors import ConfigurationError, DataError
from tests.support.session_files import FORMATS, SESSIONS, TEXTS, write_sessions

every_format = pytest.mark.parametrize(("name", "suffix"), FORMATS)
every_text = pytest.mark.parametrize(("name", "suffix"), TEXTS)
#: Options under which all readers keep the same.
SAME = {"min_length": 3, "max_length": 0, "max_length_percentile": 100}


def _encoding(name: str) -> str:
    return "iso-8859-1" if name == "online-retail" else "utf-8"


def _file(name: str, suffix: str, tmp_path: Path) -> Path:
    return write_sessions(name, tmp_path / f"data{suffix}", encoding=_encoding(name))


@every_format
def test_it_reads_sessions_in_order_and_leaves_out_short_ones(name: str, suffix: str, tmp_path: Path) -> None:
    read = make_reader(name, **SAME).read(_file(name, suffix, tmp_path))
    assert tuple(read.sessions) == (("a", "b", "c"), ("b", "b", "é", "a"))
    assert read.dropped == {"sessions of fewer than 3 items": 1}
    assert read.items == 4


@every_format
def test_items_have_codes_in_the_order_in_which_they_appear(name: str, suffix: str, tmp_path: Path) -> None:
    """So that models made from equal sessions are equal, whichever file they were read from."""
    read = make_reader(name, min_length=4, max_length_percentile=100).read(_file(name, suffix, tmp_path)).sessions
    plain = encoded([("b", "b", "é", "a")])
    assert read.items == plain.items == ("b", "é", "a")
    assert np.array_equal(read.codes, plain.codes)
    assert read.codes.dtype == np.int32
    assert read.offsets.dtype == np.int64


@every_format
def test_length_limits_are_inclusive_and_zero_means_no_limit(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    read = make_reader(name, **{**SAME, "min_length": 1, "max_length": 3}).read(path)
    assert tuple(read.sessions) == (("a", "b", "c"), ("c", "a"))
    assert read.dropped == {"sessions of more than 3 items": 1}
    assert len(make_reader(name, **{**SAME, "min_length": 2}).read(path).sessions) == 3


@every_format
def test_rare_items_are_taken_out_before_lengths_are_looked_at(name: str, suffix: str, tmp_path: Path) -> None:
    read = make_reader(name, min_count=2, **SAME).read(_file(name, suffix, tmp_path))
    assert tuple(read.sessions) == (("a", "b", "c"), ("b", "b", "a"))
    assert read.dropped["items seen fewer than 2 times"] == 1


@every_format
def test_the_ids_of_sessions_are_kept_only_when_asked_for(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    assert make_reader(name, **SAME).read(path).sessions.names is None
    if name != "prepared":
        assert make_reader(name, **SAME).read(path, names=True).sessions.names == ("7", "8")


@every_text
def test_a_gzipped_file_reads_the_same(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    packed = tmp_path / f"data{suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    one, other = make_reader(name).read(packed), make_reader(name).read(path)
    assert (tuple(one.sessions), one.dropped) == (tuple(other.sessions), other.dropped)


@every_text
def test_another_encoding_can_be_named_and_a_wrong_one_is_said(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"data{suffix}"
    write_sessions(name, path, encoding="utf-16")
    assert make_reader(name, encoding="utf-16", **SAME).read(path).sessions[1][2] == "é"
    write_sessions(name, path, encoding="iso-8859-1")
    with pytest.raises(DataError, match="--encoding"):
        make_reader(name, encoding="utf-8", **SAME).read(path)
    with pytest.raises(ConfigurationError, match="unknown encoding"):
        make_reader(name, encoding="klingon")


@every_format
@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8b not gzip really", b"PAR1 not Parquet", b"PK\x03\x04"])
def test_a_file_without_sessions_is_a_data_error(name: str, suffix: str, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"data{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        make_reader(name).read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@every_format
def test_a_file_that_ends_too_early_is_a_data_error(name: str, suffix: str, tmp_path: Path) -> None:
    whole = _file(name, suffix, tmp_path)
    content = whole.read_bytes() if (name, suffix) not in TEXTS else gzip.compress(whole.read_bytes())
    cut = tmp_path / (f"cut{suffix}" if (name, suffix) not in TEXTS else f"cut{suffix}.gz")
    for length in (len(content) - 20, len(content) // 2, 30):
        cut.write_bytes(content[:length])
        with pytest.raises(DataError):
            make_reader(name).read(cut)


@every_format
def test_missing_files_and_folders_are_data_errors(name: str, suffix: str, tmp_path: Path) -> None:
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    with pytest.raises(DataError, match="no such file"):
        make_reader(name).read(tmp_path / f"missing{suffix}")
    with pytest.raises(DataError):
        make_reader(name).read(folder)


@every_text
@pytest.mark.parametrize(
    ("other", "what"), [("parquet", r"Parquet file.*\.parquet"), ("npz", "npz"), ("gz", r"gzip.*\.gz")]
)
def test_a_file_of_another_format_is_told_by_its_content(
    name: str, suffix: str, tmp_path: Path, other: str, what: str
) -> None:
    path = tmp_path / f"data{suffix}"
    if other == "gz":
        path.write_bytes(gzip.compress(b"0 a b c\n"))
    else:
        made = _file("events" if other == "parquet" else "prepared", f".{other}", tmp_path)
        path.write_bytes(made.read_bytes())
    with pytest.raises(DataError, match=what):
        make_reader(name).read(path)


@every_format
def test_when_the_limits_leave_nothing_it_says_what_was_dropped(name: str, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no session is left.*3 sessions of fewer than 50 items"):
        make_reader(name, min_length=50, max_length=0).read(_file(name, suffix, tmp_path))


@every_text
def test_a_line_without_end_is_refused_before_it_fills_the_memory(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    with path.open("ab") as file:
        file.write(b"x" * (MAX_LINE + 1))
    with pytest.raises(DataError, match="longer than"):
        make_reader(name).read(path)


@every_text
def test_a_nul_byte_is_no_text(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    path.write_bytes(path.read_bytes() + b"10 a\0b c d\n")
    with pytest.raises(DataError, match="NUL"):
        make_reader(name).read(path)


@every_text
def test_an_endless_id_is_left_out_and_counted(name: str, suffix: str, tmp_path: Path) -> None:
    sessions = {**SESSIONS, "91": ["a", "x" * 513, "b", "c"]}
    path = write_sessions(name, tmp_path / f"data{suffix}", sessions, encoding=_encoding(name))
    read = make_reader(name, **SAME).read(path)
    assert read.sessions[2] == ("a", "b", "c")
    assert sum(count for reason, count in read.dropped.items() if "unusable" in reason) == 1


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize(
    "limits",
    [
        {"min_length": 0, "max_length": 10},
        {"min_length": 5, "max_length": 4},
        {"min_length": -1, "max_length": 0},
        {"max_length_percentile": 0},
        {"max_length_percentile": 101},
        {"max_length_percentile": float("nan")},
        {"min_count": 0},
    ],
)
def test_limits_that_cannot_work_are_refused(name: str, limits: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        make_reader(name, **limits)


@every_format
def test_a_share_of_the_sessions_is_left_out_whatever_the_limits_are(name: str, suffix: str, tmp_path: Path) -> None:
    """So that what is learned and what it is measured on never share a session."""
    many = {str(number): [*"abc"[: number % 3 + 1], f"own{number}"] for number in range(10, 40)}
    path = write_sessions(name, tmp_path / f"data{suffix}", many, encoding=_encoding(name))
    everything = {**SAME, "min_length": 1, "leave_out_share": 0.2}
    kept = make_reader(name, **everything).read(path)
    held = make_reader(name, **everything, only_left_out=True).read(path)
    assert (len(kept.sessions), len(held.sessions)) == (24, 6)
    assert kept.dropped == {"sessions in the share of 0.2": 6}
    assert held.dropped == {"sessions outside the share of 0.2": 24}
    assert sorted([*kept.sessions, *held.sessions]) == sorted(map(tuple, many.values()))
    long = make_reader(name, **{**everything, "min_length": 4}).read(path)
    assert set(long.sessions) == {session for session in kept.sessions if len(session) == 4}
    other = make_reader(name, **everything, only_left_out=True, share_seed=2).read(path)
    assert set(other.sessions) != set(held.sessions)


@every_format
def test_a_part_by_date_needs_times(name: str, suffix: str, tmp_path: Path) -> None:
    path = _file(name, suffix, tmp_path)
    early = {**SAME, "min_length": 1, "until": "2010-12-02"}
    if name == "online-retail":
        assert len(make_reader(name, **early).read(path).sessions) == 3
        with pytest.raises(DataError, match=r"no session is left.*9 events before 2010-12-02"):
            make_reader(name, **SAME, after="2010-12-02").read(path)
    elif name == "events":
        # A second for each place in a session, from 22:13:20 on.
        for moment in ("2023-11-14T22:13:22", "2023-11-14T23:13:22+01:00"):
            cut = {**SAME, "min_length": 1}
            before, after = make_reader(name, **cut, until=moment), make_reader(name, **cut, after=moment)
            assert tuple(before.read(path).sessions) == (("a", "b"), ("b", "b"), ("c", "a"))
            assert tuple(after.read(path).sessions) == (("c",), ("é", "a"))
            assert after.read(path).dropped == {
                f"events before {moment}": 6,
                "sessions with no event in that time": 1,
            }
            assert before.read(path).dropped == {f"events at or after {moment}": 3}
    else:
        with pytest.raises(DataError, match="this data has none: take a reader that gives times, or leave out") as told:
            make_reader(name, **early).read(path)
        assert str(path) in str(told.value)


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"after": "October"}, "'October' is not an ISO date"),
        ({"until": "2011-13-01"}, "is not an ISO date"),
        ({"after": "2011-10-01", "until": "2011-10-01T00:00+00:00"}, "nothing lies between 2011-10-01 and"),
        ({"leave_out_share": 1}, "from 0 to below 1, not 1"),
        ({"leave_out_share": -0.1}, "from 0 to below 1"),
        ({"leave_out_share": float("nan")}, "from 0 to below 1"),
        ({"leave_out_share": 0.1, "share_seed": -1}, "at least 0"),
    ],
)
def test_parts_that_cannot_be_are_refused(name: str, part: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        make_reader(name, **part)


@every_format
def test_the_reader_is_told_from_the_file_where_it_can_be(name: str, suffix: str, tmp_path: Path) -> None:
    guessed = guess_reader(_file(name, suffix, tmp_path))
    # Pairs look like events; they have to be named.
    assert guessed == ("events" if name == "pairs" else name)


def test_what_cannot_be_told_is_sessions_txt(tmp_path: Path) -> None:
    assert guess_reader(tmp_path / "missing") == "sessions-txt"
    packed = tmp_path / "retail.gz"
    packed.write_bytes(gzip.compress(_file("online-retail", ".csv", tmp_path).read_bytes()))
    assert guess_reader(packed) == "online-retail"
    packed.write_bytes(b"no gzip")
    assert guess_reader(packed) == "sessions-txt"


def test_unknown_readers_and_options_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="events, online-retail, pairs, prepared, sessions-txt"):
        make_reader("parquet")
    with pytest.raises(ConfigurationError, match="sessions-txt has no option --group-by"):
        make_reader("sessions-txt", group_by="invoice")
    with pytest.raises(ConfigurationError, match="prepared has no option --encoding"):
        make_reader("prepared", encoding="utf-8")


def test_all_members_are_readers_with_a_writer_in_this_suite() -> None:
    assert all(issubclass(member, Reader) for member in READERS.values())
    assert {name for name, _ in FORMATS} == READERS.keys()
