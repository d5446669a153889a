"""Text files, plain and gzipped, and their errors."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import bounded_lines, check_encoding, open_text, sha256_of, suffix_of


@pytest.mark.parametrize(("name", "suffix"), [("a.csv", ".csv"), ("a.CSV.gz", ".csv"), ("a.b.tsv", ".tsv"), ("x", "")])
def test_the_format_is_told_by_the_suffix_before_gz(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_plain_and_gzipped_texts_read_alike(tmp_path: Path) -> None:
    text = "\ufeffsku,name\r\n1,Été\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.csv", "a.csv.gz"):
        with open_text(tmp_path / name) as file:
            assert file.read() == "sku,name\r\n1,Été\r\n"


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"name\nCaf\xe9\n")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"x" * 1000)[:-10])
    (tmp_path / "no.csv.gz").write_bytes(b"plain")
    for name, told in (
        ("latin.csv", "--encoding iso-8859-1"),
        ("cut.csv.gz", "broken gzip"),
        ("no.csv.gz", "broken gzip"),
        ("none.csv", "no such file"),
        (".", "cannot be read"),
    ):
        with pytest.raises(DataError, match=told), open_text(tmp_path / name) as file:
            file.read()


def test_the_encoding_is_told_by_the_option_that_there_is_or_must_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"name\nCaf\xe9\n")
    for option, told in (
        ("--orders-encoding", r"give its encoding with --orders-encoding, such as --orders-encoding iso-8859-1$"),
        ("", r"latin\.csv: not utf-8 text \(byte 8\); write it in utf-8$"),
    ):
        with pytest.raises(DataError, match=told), open_text(tmp_path / "latin.csv", option=option) as file:
            file.read()


def test_a_line_that_never_ends_is_refused_before_it_is_read(tmp_path: Path) -> None:
    text = io.StringIO("short\n" + "x" * 1000)
    lines = bounded_lines("c.csv", text, limit=10, expected="a catalogue")
    assert next(lines) == "short\n"
    with pytest.raises(DataError, match=r"c\.csv: line 2 is longer than 10 characters; is this a catalogue\?"):
        next(lines)
    assert len(text.read()) == 1000 - 11
    assert list(bounded_lines("c.csv", io.StringIO("a\r\n\nb"), limit=3, expected="x")) == ["a\r\n", "\n", "b"]


def test_the_hash_is_that_of_the_bytes_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a.csv.gz").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
    with pytest.raises(DataError, match="cannot be read: No such file"):
        sha256_of(tmp_path / "none")


@pytest.mark.parametrize("encoding", ["klingon", "hex"])
def test_an_encoding_that_is_none_of_texts_is_refused(encoding: str) -> None:
    with (
        pytest.raises(ConfigurationError, match=f"unknown encoding '{encoding}'"),
        open_text("a.txt", encoding=encoding),
    ):
        pass


@pytest.mark.parametrize("encoding", ["klingon", "hex", "undefined", "utf\0"])
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown encoding"):
        check_encoding(encoding)
