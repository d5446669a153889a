"""The search that a logged query stands for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.evaluation.query import match_form, target_of, template_form
from sessionrank.errors import DataError

ODD = 'a "quoted" \\ {{query}} ⇒ text'


def test_a_match_on_a_field_asks_for_the_whole_window_and_shows_nothing() -> None:
    body = json.loads(match_form("title").filled(ODD, size=100, item_id="_id"))
    assert body == {"query": {"match": {"title": ODD}}, "size": 100, "_source": False}


def test_where_products_are_named_by_a_field_that_is_shown() -> None:
    body = json.loads(match_form("name").filled("bird", size=7, item_id="sku"))
    assert body["docvalue_fields"] == [{"field": "sku"}]


def test_a_template_is_filled_wherever_it_has_a_place(tmp_path: Path) -> None:
    template = {
        "query": {"bool": {"should": [{"match": {"name": "{{query}}"}}, {"match": {"brand": "by {{query}}"}}]}},
        "from": 20,
        "size": 10,
        "_source": ["name"],
        "track_total_hits": True,
    }
    (tmp_path / "body.json").write_text(json.dumps(template))
    body = json.loads(template_form(tmp_path / "body.json").filled(ODD, size=50, item_id="_id"))
    assert body == {
        "query": {"bool": {"should": [{"match": {"name": ODD}}, {"match": {"brand": f"by {ODD}"}}]}},
        "size": 50,
        "_source": False,
        "track_total_hits": True,
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "no JSON"),
        ("[]", "a JSON object with a query"),
        ('{"size": 1}', "a JSON object with a query"),
        ('{"query": {"match_all": {}}}', "stands nowhere in it"),
        ("[" * 100_000, "no JSON"),
        ("\udcff", "no JSON"),
    ],
)
def test_what_is_no_template_is_told_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "body.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=complaint) as told:
        template_form(tmp_path / "body.json")
    assert "\n" not in str(told.value)


def test_a_template_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        template_form(tmp_path / "none.json")


def test_names_of_indices_are_quoted() -> None:
    assert target_of("shop-ü/..") == "/shop-%C3%BC%2F../_search"
