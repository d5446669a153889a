"""The fingerprints of product names and of searches for them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionrank.exact import fingerprint


@pytest.mark.parametrize(
    "text", ["white metal lantern", "White  METAL\tLantern", "  white metal\nlantern ", "white\u00a0metal lantern"]
)
def test_case_and_spaces_make_no_difference(text: str) -> None:
    assert fingerprint(text) == fingerprint("WHITE METAL LANTERN") is not None


def test_case_is_folded_as_unicode_says() -> None:
    assert fingerprint("GROSSE STRASSE") == fingerprint("große Straße")


@pytest.mark.parametrize("text", ["white metal lanterns", "metal white lantern", "whitemetal lantern", "white metal"])
def test_other_words_are_another_name(text: str) -> None:
    assert fingerprint(text) not in (None, fingerprint("white metal lantern"))


@pytest.mark.parametrize("text", ["", " \t", "lantern", "  lantern "])
def test_a_name_of_one_word_or_none_has_no_fingerprint(text: str) -> None:
    assert fingerprint(text) is None


@given(st.lists(st.text(st.characters(exclude_categories=[])), min_size=2))
def test_any_text_of_two_words_has_one_of_sixteen_hex_digits(words: list[str]) -> None:
    text = " ".join(words)
    found = fingerprint(text)
    assert (found is None) == (len(text.casefold().split()) < 2)
    assert found is None or re.fullmatch("[0-9a-f]{16}", found)
    assert found == fingerprint(text)


def test_the_fingerprint_stays_what_it_is_because_it_stands_in_stores() -> None:
    assert fingerprint("White Metal Lantern") == "2db5af6139852671"
