"""What is read of a catalogue, in each of its formats, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from models.catalogue import Catalogue, read_catalogue
from sessionrank.errors import DataError

SKUS = {"1", "2", "3"}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.csv", "sku,name,price\n1,Mug,2.5\n1,second,9\n9,not asked for,1\n2,,\n"),
        ("c.csv.gz", "\ufeffsku,name,price\r\n1, Mug ,2.5\r\n\r\n2\r\n"),
        ("c.tsv", " sku\tname \tprice\n1\tMug\t2.5\textra\n2\t\t\n"),
        ("c.jsonl", '{"sku": "1", "name": "Mug", "price": 2.5}\n\n{"sku": "2", "name": null, "price": null}\n'),
    ],
)
def test_every_format_gives_the_same_texts_of_the_products_asked_for(tmp_path: Path, name: str, text: str) -> None:
    read = read_catalogue(written(tmp_path, name, text), skus=SKUS)
    assert read.columns == ("name", "price")
    assert set(read.rows) == {"1", "2"}
    assert read.text("1", "name") == "Mug"
    assert read.text("1", "price") == "2.5"
    assert read.text("2", "name") == read.text("3", "name") == read.text("1", "colour") == ""


def test_an_empty_catalogue_says_nothing_of_anything() -> None:
    assert Catalogue().text("1", "name") == ""


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("c.csv", "id,title\n1,Mug\n", "no column colour and name and sku; there are: id, title"),
        ("c.csv", "sku,name\n", "no column colour; there are: sku, name"),
        ("c.csv", "", "no column colour and name and sku; there are: none"),
        ("c.jsonl", '{"sku": "1"}\n', "no column colour and name; there are: sku"),
        ("c.jsonl", '{"sku": "1"}\n[1]\n', "line 2 is not a JSON object"),
        ("c.jsonl", "{\n", "line 1 is not JSON"),
        ("c.jsonl", "[" * 100_000, "line 1 is not JSON"),
        ("c.csv", 'sku,name\n1,"' + "a" * 200_000 + '"\n', "is not CSV"),
        ("c.csv", "x" * (16 * 1024 * 1024 + 2), "is this a catalogue"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, name: str, text: str, line: str) -> None:
    with pytest.raises(DataError, match=line):
        read_catalogue(written(tmp_path, name, text), skus=SKUS, needs=("name", "colour"))
