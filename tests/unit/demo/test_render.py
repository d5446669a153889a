"""What the demo prints."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from demo.online_retail import Basket
from demo.player import Answer, Hit
from demo.render import Played, as_json, beginning, visit_view
from demo.visits import Visit

NAMES = {f"2000{n}": f"PRODUCT {n}" for n in range(10)}
PLAIN = Answer(tuple(Hit(sku, name) for sku, name in NAMES.items()), "plain; reason=no-session")
PERSONAL = Answer(
    tuple(Hit(f"2000{n}", f"PRODUCT {n}", n + 1, None if n == 9 else n / 10) for n in (7, 3, 9, 0, 1, 2, 4, 5, 6, 8)),
    "personalised; window=100; moved=9",
)
VISIT = Visit(
    Basket("570001", "14341", "United Kingdom", "2011-10-25T10:00:00", ("20001", "20002", "20007")),
    ("20001", "20002"),
    ("20007",),
)


def printed(thing: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True)
    console.print(thing)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def view(width: int = 140, visit: Visit = VISIT, answer: Answer = PERSONAL) -> str:
    return printed(visit_view(1, "bag", Played(visit, answer), PLAIN, NAMES, width=width), width)


def row(text: str, place: int) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"│ {place:>2} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_visit_shows_plain_and_personalised_side_by_side_with_cosine_and_rank() -> None:
    text = view()
    assert row(text, 1) == ["1", "20000 PRODUCT 0", "★ 20007 PRODUCT 7", "0.70", "8 ↑"]
    assert row(text, 4) == ["4", "20003 PRODUCT 3", "20000 PRODUCT 0", "0.00", "1 ↓"]
    assert row(text, 8)[1] == "★ 20007 PRODUCT 7"
    assert row(text, 10)[4] == "9 ↓"
    assert row(text, 3)[3] == "–", "no cosine for a product without a vector"


def test_it_says_who_the_visitor_is_what_they_looked_at_and_what_they_bought_later() -> None:
    text = view()
    assert "Visit 1: customer 14341, United Kingdom, 2011-10-25" in text
    assert "looked at: PRODUCT 1, PRODUCT 2" in text
    assert "★ bought later in this visit: PRODUCT 7 (rank 8 → 1)" in text
    assert "X-Sessionrank: personalised; window=100; moved=9" in text


def test_two_orders_print_two_texts() -> None:
    other = Answer(PERSONAL.hits[::-1], PERSONAL.outcome)
    assert view() != view(answer=other)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_every_column_stays_readable_in_a_narrow_terminal(width: int) -> None:
    text = view(width)
    table = [line for line in text.splitlines() if line.startswith(("│", "┃", "┏"))]
    assert max(len(line) for line in table) <= width
    assert "cosine" in text
    assert "was rank" in text
    assert row(text, 1)[3:] == ["0.70", "8 ↑"]


def test_a_short_answer_leaves_places_empty() -> None:
    text = printed(beginning("bag", Answer(PLAIN.hits[:2], ""), PLAIN, width=100), 100)
    assert row(text, 2) == ["2", "20001 PRODUCT 1", "20001 PRODUCT 1"]
    assert row(text, 3) == ["3", "", "20002 PRODUCT 2"]


def test_names_cannot_send_markup_or_escapes_to_the_terminal() -> None:
    evil = Answer((Hit("1", "[red]x[/red]\x1b[2J"),), "plain\x1b[2J")
    text = view(answer=evil) + printed(beginning("\x1b[2J", evil, evil, width=140), 140)
    assert "\x1b" not in text
    assert "[red]x[/red]�[2J" in text


def test_json_holds_the_first_ten_of_each_order() -> None:
    long = Answer(PLAIN.hits * 2, "")
    report = as_json("bag", "http://x", long, long, [Played(VISIT, PERSONAL)])
    assert report["engine"] == report["plain"] == list(NAMES)
    (visit,) = report["visits"]
    assert visit["session"] == "visit-570001"
    assert visit["personalised"][0] == {"sku": "20007", "name": "PRODUCT 7", "cosine": 0.7, "was_rank": 8}
    assert [hit["sku"] for hit in visit["personalised"]] == [hit.sku for hit in PERSONAL.hits]
