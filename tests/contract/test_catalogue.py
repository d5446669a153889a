"""Every catalogue format gives the same products, and fails in the same words."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.catalogue.base import LINE_LIMIT, Row
from indexer.catalogue.registry import FORMATS, open_catalogue
from sessionrank.errors import ConfigurationError, DataError

PRODUCTS = [
    {
        "sku": f"{number:05d}",
        "name": f'Boot "{number}", naïve & 長靴',
        "target": "men" if number % 2 else "women",
        **({"image": f"https://x.example/{number}.jpg?w=200"} if number % 3 else {}),
        "note": "two\nlines\tand, more",
    }
    for number in range(20)
]
COLUMNS = ["sku", "name", "target", "image", "note"]


def _delimited(rows: list[dict[str, str]], columns: list[str], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json_lines(rows: list[dict[str, str]], _columns: list[str]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


WRITERS: dict[str, Callable[[list[dict[str, str]], list[str]], str]] = {
    ".csv": lambda rows, columns: _delimited(rows, columns, ","),
    ".jsonl": _json_lines,
    ".tsv": lambda rows, columns: _delimited(rows, columns, "\t"),
}

each_format = pytest.mark.parametrize("suffix", sorted(FORMATS))
each_packing = pytest.mark.parametrize("packing", ["", ".gz", ".GZ"])


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content) if path.name.lower().endswith(".gz") else content)
    return path


def text_of(suffix: str, rows: list[dict[str, str]] | None = None, columns: list[str] | None = None) -> str:
    return WRITERS[suffix](PRODUCTS if rows is None else rows, columns or COLUMNS)


def read(path: Path, encoding: str = "utf-8-sig") -> list[Row]:
    return list(open_catalogue(path, encoding=encoding).rows())


def test_every_format_has_a_writer_here() -> None:
    assert WRITERS.keys() == FORMATS.keys()


@each_packing
@each_format
def test_the_same_twenty_products_come_from_every_format(tmp_path: Path, suffix: str, packing: str) -> None:
    path = save(tmp_path / f"catalog{suffix.upper()}{packing}", text_of(suffix).encode())
    assert read(path) == [Row(number, product) for number, product in enumerate(PRODUCTS, start=1)]


@each_format
def test_a_byte_order_mark_and_blank_lines_do_not_count(tmp_path: Path, suffix: str) -> None:
    text = text_of(suffix, [PRODUCTS[1]]) + "\n\n" + text_of(suffix, [PRODUCTS[2]]).splitlines(keepends=True)[-1]
    if suffix != ".jsonl":
        text = text_of(suffix, [PRODUCTS[1]]) + "\r\n\r\n"
    rows = read(save(tmp_path / f"c{suffix}", text.encode("utf-8-sig")))
    assert rows[0] == Row(1, PRODUCTS[1])
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


@each_format
def test_another_encoding_is_read_when_named_and_refused_when_not(tmp_path: Path, suffix: str) -> None:
    row = {"sku": "1", "name": "Café"}
    path = save(tmp_path / f"c{suffix}", text_of(suffix, [row], ["sku", "name"]).encode("iso-8859-1"))
    assert read(path, encoding="iso-8859-1") == [Row(1, row)]
    with pytest.raises(DataError, match=r"not utf-8 text .*--encoding"):
        read(path)


@each_format
def test_an_unknown_encoding_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ConfigurationError, match="--encoding klingon"):
        open_catalogue(tmp_path / f"c{suffix}", encoding="klingon")


@each_packing
@each_format
def test_a_missing_file_is_named(tmp_path: Path, suffix: str, packing: str) -> None:
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / f"none{suffix}{packing}")


@each_format
@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_catalogue_is_refused(tmp_path: Path, suffix: str, content: str) -> None:
    with pytest.raises(DataError, match="the catalogue is empty"):
        read(save(tmp_path / f"c{suffix}", content.encode()))


@each_format
def test_a_catalogue_of_a_header_alone_is_empty(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match="the catalogue is empty"):
        read(save(tmp_path / f"c{suffix}", text_of(suffix, []).encode()))


@each_format
def test_a_catalogue_without_a_sku_column_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match=r"no (column )?sku .*found 'id'"):
        read(save(tmp_path / f"c{suffix}", text_of(suffix, [{"id": "1", "name": "x"}], ["id", "name"]).encode()))


@each_format
def test_a_broken_gzip_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"c{suffix}.gz"
    path.write_bytes(gzip.compress(text_of(suffix).encode() * 50)[:200])
    with pytest.raises(DataError, match="broken gzip file"):
        read(path)


@each_format
def test_a_file_of_one_endless_line_is_refused_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"c{suffix}.gz", b"x" * (LINE_LIMIT + 10))
    with pytest.raises(DataError, match="line 1 is longer than"):
        read(path)


def test_an_unknown_suffix_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.csv, \.jsonl, \.tsv"):
        open_catalogue(tmp_path / "catalog.xlsx")


def test_delimited_rows_of_another_width_carry_their_problem(tmp_path: Path) -> None:
    rows = read(save(tmp_path / "c.csv", b"sku,name\n1\n2,b,c\n3,c\n"))
    assert [row.problem for row in rows] == [
        "1 columns where the header has 2",
        "3 columns where the header has 2",
        None,
    ]


def test_a_quote_that_never_ends_is_one_rejected_row(tmp_path: Path) -> None:
    rows = read(save(tmp_path / "c.csv", b'sku,name\n1,a\n2,"' + b"x\n" * 100_000))
    assert rows[0] == Row(1, {"sku": "1", "name": "a"})
    assert rows[1].problem is not None
    assert rows[1].problem.startswith("lines 3 to ")


@pytest.mark.parametrize(
    ("header", "word"),
    [("sku,,name", "column 2 .* has no name"), ("sku,a,a", "'a' stands twice"), ("sku;name", "found")],
)
def test_a_header_that_cannot_work_is_refused(tmp_path: Path, header: str, word: str) -> None:
    with pytest.raises(DataError, match=word):
        read(save(tmp_path / "c.csv", f"{header}\n1,2,3\n".encode()))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"sku": "1", "name": NaN}', "NaN is no JSON number"),
        ('{"sku": "1", "name": "\\ud800"}', "surrogate"),
        ('{"sku": "1", "n": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"sku": "1", "n": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_a_json_line_that_cannot_be_read_carries_its_problem(tmp_path: Path, line: str, word: str) -> None:
    first, bad, last = read(save(tmp_path / "c.jsonl", f'{{"sku": "0"}}\n{line}\n{{"sku": "2"}}\n'.encode()))
    assert (first.problem, last.problem) == (None, None)
    assert bad.number == 2
    assert bad.problem is not None
    assert word in bad.problem


def test_json_values_keep_their_types_and_nulls_are_absent(tmp_path: Path) -> None:
    (row,) = read(save(tmp_path / "c.jsonl", b'{"sku": 5, "price": 1.5, "tags": ["a"], "image": null, "target": ""}'))
    assert row.values == {"sku": 5, "price": 1.5, "tags": ["a"]}
