"""Tiles and the frame of pages: whatever a catalogue holds, nothing of it becomes HTML or a request to odd places."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from models.pages.page import escaped, page, shortened
from models.pages.tile import Tile, image_url, initials

HOSTILE = "</span><script>alert(1)</script>\" onload='x' \x1b[31m\u202e\x00 &amp; \ud800"


class Elements(HTMLParser):
    """All elements of a document with their attributes, and all of its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def names(self) -> set[str]:
        return {name for name, _ in self.found}


def test_a_hostile_product_is_shown_as_the_text_that_it_is() -> None:
    made = Tile(HOSTILE, HOSTILE, HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),)).html()
    read = Elements(made)
    assert read.names() == {"figure", "span", "div", "svg", "rect", "circle", "text", "figcaption", "dl", "dt", "dd"}
    assert not {name for _, attributes in read.found for name in attributes if name.startswith("on")}
    assert read.text.count("<script>alert(1)</script>") == 5
    assert all(character.isprintable() or character == "\n" for character in made)
    made.encode()


def test_a_picture_from_the_web_is_loaded_late_and_tells_nobody_where_it_is_shown() -> None:
    read = Elements(Tile("1", "Mug", "https://shop.example/mug.png?a=1&b=2").html())
    (attributes,) = [attributes for name, attributes in read.found if name == "img"]
    assert attributes == {
        "src": "https://shop.example/mug.png?a=1&b=2",
        "alt": "",
        "loading": "lazy",
        "decoding": "async",
        "referrerpolicy": "no-referrer",
    }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)//http://x",
        "java\nscript:alert(1)",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "file:///etc/passwd",
        "//shop.example/mug.png",
        "mug.png",
        "http:mug.png",
        "https://",
        'https://x/" onerror="alert(1)',
        "https://x/a b.png",
        "https://x/\x00.png",
        "https://[x/",
        "https://x/" + "a" * 3000,
    ],
)
def test_other_addresses_give_the_generated_tile_alone(address: str) -> None:
    assert image_url(address) == ""
    assert "<img" not in Tile("1", "Mug", address).html()


def test_a_generated_tile_keeps_its_colour_and_others_have_others() -> None:
    def colour(sku: str) -> str:
        (first, *_) = re.findall(r"hsl\((\d+) ", Tile(sku, "Mug").html())
        return str(first)

    assert colour("22423") == colour("22423")
    assert len({colour(str(sku)) for sku in range(22000, 22050)}) > 25


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("red mug", "RM"),
        ("MUG", "M"),
        ("  3 tier – cake stand", "3T"),
        ("…'!", "?"),
        ("", "?"),
        ("żółty kubek", "ŻK"),
        ("<b>", "B"),
    ],
)
def test_initials_are_of_the_first_two_words(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_tile_without_a_name_is_called_by_its_id_once() -> None:
    read = Elements(Tile("22423").html())
    assert read.text.split() == ["2", "22423"]


def test_a_page_loads_nothing_but_pictures_and_escapes_its_title() -> None:
    made = page(HOSTILE, "<p>x</p>", style="p { color: red }")
    read = Elements(made)
    assert "script" not in read.names()
    assert "link" not in read.names()
    (policy,) = [each["content"] for _, each in read.found if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'"
    assert "<title>&lt;/span&gt;&lt;script&gt;" in made


def test_text_is_one_printable_line_without_marks_of_html() -> None:
    assert (
        escaped(" a\n<b>\t\"c\" 'd' & \x1b ")
        == "a &lt;b&gt; &quot;c&quot; &#x27;d&#x27; &amp; \N{REPLACEMENT CHARACTER}"
    )
    assert shortened("a  long\nname", 6) == "a lon…"
    assert shortened("a long", 6) == "a long"
