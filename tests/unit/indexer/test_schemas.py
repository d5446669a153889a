from typing import Any

import pytest
from marshmallow import ValidationError

from indexer.schemas import ProductSchema, StrictProductSchema, explain, path_suffix

GOOD = {"sku": "A1", "name": "Red boot"}


def refused(schema: ProductSchema, **values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        schema.load({**GOOD, **values})
    return explain(caught.value)


def test_further_columns_are_kept_as_they_are() -> None:
    assert ProductSchema().load({**GOOD, "price": 3.5, "tags": ["a"]}) == {**GOOD, "price": 3.5, "tags": ["a"]}


@pytest.mark.parametrize("missing", ["sku", "name"])
def test_sku_and_name_are_needed(missing: str) -> None:
    row = {key: value for key, value in GOOD.items() if key != missing}
    with pytest.raises(ValidationError) as caught:
        ProductSchema().load(row)
    assert explain(caught.value) == f"{missing} is missing"


@pytest.mark.parametrize(("given", "kept"), [(" A1 ", "A1"), (17, "17"), ("01111", "01111"), ("Ä/1", "Ä/1")])
def test_a_sku_is_a_text_without_outer_white_space(given: Any, kept: str) -> None:
    assert ProductSchema().load({**GOOD, "sku": given})["sku"] == kept


@pytest.mark.parametrize("sku", ["  ", "a\nb", "a\x00b", "x" * 513, "ä" * 257, True, 1.5, ["A"], {}, "\ud800"])
def test_a_sku_that_could_be_no_document_id_is_refused(sku: Any) -> None:
    assert refused(ProductSchema(), sku=sku).startswith("sku ")


@pytest.mark.parametrize("name", ["   ", 5, ["x"]])
def test_a_name_must_be_a_text_with_something_in_it(name: Any) -> None:
    assert refused(ProductSchema(), name=name).startswith("name ")


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/a/b.jpg",
        "https://x.example/b.PNG?w=200#top",
        "http://x.example/b.webp",
        "img/b.jpeg",
        "https://x.example/f_auto,b_rgb:f5f5f5/boot.jpg",
    ],
)
def test_an_image_is_judged_by_the_path_of_its_url(url: str) -> None:
    assert ProductSchema().load({**GOOD, "image": url})["image"] == url


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/a.gif",
        "https://x.example/page?file=a.jpg",
        "https://x.example/#a.jpg",
        "https://x.jpg",
        "https://x.jpg/",
        "https://x.example/.jpg",
        "jpg",
        7,
    ],
)
def test_an_image_that_is_no_picture_is_refused(url: Any) -> None:
    assert refused(ProductSchema(), image=url).startswith("image ")


def test_strict_images_are_those_of_the_notebook() -> None:
    assert StrictProductSchema().load({**GOOD, "image": "https://x.example/a.png"})
    assert "image does not end in one of .jpg, .png" in refused(StrictProductSchema(), image="https://x.example/a.webp")
    assert ProductSchema().load({**GOOD, "image": "https://x.example/a.webp"})


def test_all_problems_of_a_row_stand_in_one_line() -> None:
    assert refused(ProductSchema(), target=5, image="x") == (
        "target must be a text; image does not end in one of .jpeg, .jpg, .png, .webp"
    )


def test_a_suffix_is_found_in_the_path_alone() -> None:
    assert path_suffix("https://x.example/a.b/c.Jpg?x=.png") == ".jpg"
    assert path_suffix("https://x.example/a.b/c") == ""
