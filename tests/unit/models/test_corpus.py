"""A text becomes sentences of clean words, wherever its blocks end and however long its lines are."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.words.corpus import read_corpus, sentences
from sessionrank.errors import DataError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The King's crown; the QUEEN’s!", [["the", "king's", "crown", "the", "queen's"]]),
        ("One two. Three four?Five", [["one", "two"], ["three", "four", "five"]]),
        ('He said "stop." Then (left.) Gone', [["he", "said", "stop"], ["then", "left"], ["gone"]]),
        ("wrapped\nline\n\nnext\n  \nlast", [["wrapped", "line"], ["next"], ["last"]]),
        ("in 1984 it cost 3.50 or so_called x2y", [["in", "it", "cost", "or", "so", "called", "x", "y"]]),
        ("ﬁne Ｗide E\u0301te\u0301 İstanbul", [["fine", "wide", "été", "i̇stanbul"]]),
        ("हिन्दी शब्द। दूसरा", [["हिन्दी", "शब्द"], ["दूसरा"]]),
        ("слово Слово… да", [["слово", "слово"], ["да"]]),
        ("我们 在。 这里", [["我们", "在"], ["这里"]]),
        ("'quoted' rock'n'roll -- o'", [["quoted", "rock'n'roll", "o"]]),
        ("a " + "b" * 65 + " " + "c" * 64, [["a", "c" * 64]]),
        ("", []),
        (" \n\n 123 . \n", []),
    ],
)
def test_words_are_letters_in_lower_case_and_sentences_end_where_they_do(text: str, expected: list[list[str]]) -> None:
    assert list(sentences([text])) == expected


def test_where_a_block_ends_changes_nothing() -> None:
    text = "One two, three. Four\n\nfive e\u0301t\u0301e six!  Seven eight's nine.\n \nTen end"
    whole = list(sentences([text]))
    assert [len(sentence) for sentence in whole] == [3, 1, 3, 3, 2]
    for size in range(1, len(text)):
        assert list(sentences(text[at : at + size] for at in range(0, len(text), size))) == whole, size


def test_a_sentence_that_never_ends_is_cut() -> None:
    made = list(sentences(["word " * 2500]))
    assert [len(sentence) for sentence in made] == [1000, 1000, 500]


def test_a_text_without_line_ends_is_read_in_flat_memory() -> None:
    def blocks(block: str, times: int) -> Iterator[str]:
        for _ in range(times):
            yield block

    list(sentences(["what is made once, such as the pattern"]))
    for block in ("some words of a text " * 500, "x" * 65536, " " * 65536):
        tracemalloc.start()
        words = sum(len(sentence) for sentence in sentences(blocks(block, 40)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert words == (100_000 if "words" in block else 0)
        assert peak < 1_500_000


def test_a_file_is_read_plain_and_packed_up_to_the_words_asked_for(tmp_path: Path) -> None:
    text = "Ένα δύο. Alone. Three four five. Six seven."
    (tmp_path / "t.txt").write_text(text, encoding="utf-16")
    (tmp_path / "t.txt.gz").write_bytes(gzip.compress(text.encode()))
    whole = read_corpus(tmp_path / "t.txt", most_words=100, encoding="utf-16")
    assert list(whole.sentences) == [("ένα", "δύο"), ("three", "four", "five"), ("six", "seven")]
    assert not whole.cut
    told: list[int] = []
    some = read_corpus(tmp_path / "t.txt.gz", most_words=4, on_words=told.append)
    assert list(some.sentences) == list(whole.sentences)[:2]
    assert some.cut
    assert not read_corpus(tmp_path / "t.txt.gz", most_words=7).cut
    assert told == []


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("word " * 120_000)
    told: list[int] = []
    read_corpus(tmp_path / "t.txt", most_words=10**9, on_words=told.append)
    assert told == [50_000, 100_000]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("1 2 3. Alone. 4")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00\x80words and words")
    with pytest.raises(DataError, match="no sentence of two words"):
        read_corpus(tmp_path / "none.txt", most_words=10)
    with pytest.raises(DataError, match="not utf-8 text"):
        read_corpus(tmp_path / "bytes.txt", most_words=10)
