"""Texts out of catalogues, what they are in numbers, and vectors files completed with what comes of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.coldstart.base import ContentModel
from models.coldstart.completion import complete
from models.coldstart.features import TextFeatures, terms
from models.coldstart.texts import read_texts
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile


def test_columns_are_joined_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("sku,name,brand,price\nA,Red  boot,Acme,3\nB,,Acme,4\nC,,,5\n,nobody,x,1\n")
    assert read_texts(path, columns=["brand", "name"]) == {"A": "Acme Red boot", "B": "Acme", "C": ""}


def test_of_several_rows_of_a_product_the_most_frequent_text_counts_and_never_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    rows = ["1,LANTERN", "1,?", "1,LANTERN", "1,", "1,", "1,", "2,first", "2,second", "3,"]
    path.write_bytes(gzip.compress("\n".join(["StockCode,Description", *rows]).encode()))
    texts = read_texts(path, columns=["Description"], sku_column="StockCode")
    assert texts == {"1": "LANTERN", "2": "first", "3": ""}


def test_ids_that_no_index_would_take_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    rows = [{"sku": sku, "name": "x"} for sku in ("A", "A\x00", "\ud800", "B" * 600, "", "é")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_texts(path, columns=["name"]) == {"A": "x", "é": "x"}


def test_texts_in_another_encoding_are_read_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("sku,name\nA,Frühstück\n".encode("iso-8859-1"))
    assert read_texts(path, columns=["name"], encoding="iso-8859-1") == {"A": "Frühstück"}
    with pytest.raises(DataError, match="give its encoding with --catalogue-encoding"):
        read_texts(path, columns=["name"])
    with pytest.raises(DataError, match="utf-8"):
        read_texts(path, columns=["name"])


def test_what_is_no_catalogue_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("sku,name\n,x\n")
    with pytest.raises(DataError, match="no row names a product in column sku"):
        read_texts(path, columns=["name"])
    with pytest.raises(DataError, match="no column brand; there are: sku, name"):
        read_texts(path, columns=["brand"])
    with pytest.raises(ConfigurationError, match="--columns"):
        read_texts(path, columns=[])
    with pytest.raises(ConfigurationError, match="unknown encoding"):
        read_texts(path, columns=["name"], encoding="latin-99")


def test_terms_are_words_neighbours_and_pieces_without_regard_to_case() -> None:
    assert terms("Red BOX") == terms("red box")
    assert {"w:red", "w:box", "b:red box", "c:<re", "c:red", "c:<red>"} <= set(terms("Red BOX"))
    assert terms("") == terms(" -- ") == []
    # What is the same letter in another spelling is the same term.
    assert terms("ﬁne") == terms("fine")
    assert len(terms("x " * 10**6)) < 10_000


def test_rows_have_length_one_and_rare_words_weigh_more() -> None:
    features = TextFeatures.fit(["red box", "red box", "red box", "red cup", "red cup"])
    dense = features.rows(["red cup", "nothing of it", ""]).toarray()
    np.testing.assert_allclose(np.linalg.norm(dense, axis=1), [1, 0, 0], atol=1e-6)
    assert dense[0, features.columns["w:cup"]] > dense[0, features.columns["w:red"]]


def test_a_term_of_one_text_alone_is_no_column_and_their_number_is_bounded() -> None:
    texts = ["red box", "red cup", "blue cup"]
    assert "w:blue" not in TextFeatures.fit(texts).columns
    assert len(TextFeatures.fit(texts, most=3).columns) == 3


class FirstLetter(ContentModel):
    """Knows texts that start with a or b."""

    def vectors_for(self, texts: Sequence[str]) -> NDArray[np.float32]:
        known = {"a": (1.0, 0.0), "b": (0.0, 1.0)}
        return np.array([known.get(text[:1], (0.0, 0.0)) for text in texts], dtype=np.float32).reshape(-1, 2)


def _first_letter() -> FirstLetter:
    return FirstLetter({"method": "first letter"})


@pytest.fixture
def trained() -> VectorsFile:
    return VectorsFile.build(["1", "2"], np.array([[3.0, 4.0], [1.0, 1.0]]), [7, 9], {"algorithm": "word2vec"})


def test_completing_keeps_every_trained_byte_and_adds_with_support_nought(trained: VectorsFile, tmp_path: Path) -> None:
    done = complete(
        trained,
        _first_letter(),
        {"2": "boot", "longer-id": "apple", "3": "what?", "1": "", "4": "box"},
    )
    done.vectors.save(tmp_path / "v.npz")
    file = VectorsFile.load(tmp_path / "v.npz")
    assert file.ids.tolist() == ["1", "2", "longer-id", "4"]
    assert file.vectors[:2].tobytes() == trained.vectors.tobytes()
    assert file.vectors[2:].tolist() == [[1, 0], [0, 1]]
    assert file.support.tolist() == [7, 9, 0, 0]
    assert file.lengths == pytest.approx([5.0, 2**0.5, *[(5.0 + 2**0.5) / 2] * 2]), "what was added is of mean length"
    assert (done.added, done.without) == (2, 1)
    assert file.meta["algorithm"] == "word2vec"
    assert file.meta["cold_start"] == {"method": "first letter", "added": 2, "without": 1}


def test_with_nothing_to_add_the_vectors_stay_and_the_file_says_so(trained: VectorsFile) -> None:
    for texts in ({}, {"1": "a"}, {"9": "zzz"}):
        done = complete(trained, _first_letter(), texts)
        assert done.vectors.ids.tolist() == ["1", "2"]
        assert done.vectors.lengths.tolist() == trained.lengths.tolist()
        assert done.vectors.meta["cold_start"]["added"] == 0
