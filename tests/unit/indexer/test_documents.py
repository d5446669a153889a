import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.catalogue.base import Row
from indexer.documents import Product, Reject, products, read_definition
from indexer.popularity.column import from_column
from indexer.popularity.counts import from_counts
from indexer.schemas import ProductSchema
from sessionrank.errors import DataError


def made(rows: list[Row], popularity: Any = None) -> list[Product | Reject]:
    return list(products(rows, ProductSchema(), popularity or from_column("popularity")))


def row(number: int, sku: str = "A", **values: Any) -> Row:
    return Row(number, {"sku": sku, "name": "Boot", **values})


def test_a_row_becomes_a_document_with_its_popularity_as_a_number() -> None:
    (product,) = made([row(1, popularity="12", colour="red")])
    assert product == Product(1, "A", {"sku": "A", "name": "Boot", "popularity": 12.0, "colour": "red"})


def test_popularity_of_another_source_wins_over_the_column() -> None:
    (product,) = made([row(1, popularity="12")], from_counts({"A": 3.0}))
    assert isinstance(product, Product)
    assert product.document["popularity"] == 3.0


def test_a_product_without_popularity_has_no_such_field() -> None:
    (product,) = made([row(1)])
    assert isinstance(product, Product)
    assert "popularity" not in product.document


def test_a_column_called_popularity_does_not_stand_in_for_the_chosen_one() -> None:
    (product,) = made([row(1, popularity="many")], from_column("sold"))
    assert isinstance(product, Product)
    assert "popularity" not in product.document


@pytest.mark.parametrize("value", ["many", "nan", "inf", "1e39", True, [1]])
def test_a_popularity_that_is_no_number_rejects_the_row(value: Any) -> None:
    (reject,) = made([row(1, popularity=value)])
    assert isinstance(reject, Reject)
    assert reject.reason.startswith("popularity is not a number")


def test_of_two_rows_with_one_sku_the_later_is_rejected() -> None:
    first, second, third = made([row(1), row(2, " A "), row(3, "B")])
    assert isinstance(first, Product)
    assert second == Reject(2, "sku A stood in an earlier row", {"sku": " A ", "name": "Boot"})
    assert isinstance(third, Product)


def test_a_bad_row_does_not_take_the_sku_away_from_a_good_one() -> None:
    bad, good = made([Row(1, {"sku": "A"}), row(2)])
    assert isinstance(bad, Reject)
    assert isinstance(good, Product)


def test_a_row_that_could_not_be_read_keeps_its_number_and_problem() -> None:
    assert made([Row(7, {"line": "x"}, "not JSON")]) == [Reject(7, "not JSON", {"line": "x"})]


def test_memory_grows_with_the_skus_and_not_with_the_rows() -> None:
    def rows(n: int) -> Iterator[Row]:
        for number in range(n):
            yield row(number, f"P{number % 1000:04d}", description="x" * 500, popularity="3")

    def peak(n: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in products(rows(n), ProductSchema(), from_column("popularity"))) == n
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1000)
    assert peak(30_000) < 1.5 * peak(3_000)


def test_the_loading_body_has_no_replicas_no_refreshes_and_our_record() -> None:
    body = read_definition().loading_body({"release": "r"})
    assert body["settings"]["index"] == {
        "auto_expand_replicas": False,
        "number_of_replicas": 0,
        "refresh_interval": -1,
    }
    assert body["mappings"]["_meta"] == {"sessionrank": {"release": "r"}}
    assert body["mappings"]["properties"]["popularity"] == {"type": "float"}
    assert body["mappings"]["properties"]["sku"] == {"type": "keyword"}


def test_serving_settings_put_back_what_the_load_had_changed() -> None:
    assert read_definition().serving_settings() == {"index": {"auto_expand_replicas": "0-1", "refresh_interval": None}}


def definition(tmp_path: Path, content: Any) -> Any:
    path = tmp_path / "mapping.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_definition(path)


def test_a_mapping_file_adds_to_ours_and_wins(tmp_path: Path) -> None:
    given = {
        "settings": {"index.number_of_replicas": 2, "index": {"number_of_shards": 3, "refresh_interval": "5s"}},
        "mappings": {"properties": {"name": {"type": "text", "analyzer": "english"}}, "_meta": {"mine": 1}},
    }
    made = definition(tmp_path, given)
    body = made.loading_body({"release": "r"})
    assert body["mappings"]["properties"]["name"] == {"type": "text", "analyzer": "english"}
    assert body["mappings"]["properties"]["popularity"] == {"type": "float"}
    assert body["mappings"]["_meta"] == {"mine": 1, "sessionrank": {"release": "r"}}
    assert body["settings"]["index"]["number_of_shards"] == 3
    assert made.serving_settings() == {
        "index": {"auto_expand_replicas": False, "refresh_interval": "5s", "number_of_replicas": 2}
    }


def test_a_mapping_file_may_be_the_mappings_alone(tmp_path: Path) -> None:
    assert definition(tmp_path, {"dynamic": "strict"}).mappings["dynamic"] == "strict"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ({"properties": {"popularity": {"type": "integer"}}}, "popularity must be mapped as float"),
        ({"mappings": {"properties": {"sku": "keyword"}}}, "sku must be mapped as keyword"),
        ({"mappings": {"properties": []}}, "properties"),
        ({"settings": []}, "settings"),
        ({"settings": {"index": 3}}, "settings"),
        ({"_meta": []}, "_meta"),
    ],
)
def test_a_mapping_file_that_cannot_work_is_refused_in_one_line(tmp_path: Path, content: Any, word: str) -> None:
    with pytest.raises(DataError, match=word) as caught:
        definition(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.json: no such file"):
        read_definition(tmp_path / "none.json")
