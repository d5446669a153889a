from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.popularity.base import finite
from indexer.popularity.counts import Purchase, decayed_counts, from_counts
from indexer.popularity.orders import OrderColumns, purchases
from indexer.popularity.registry import PopularityOptions, choose
from indexer.popularity.seeded import GREATEST, from_seed
from indexer.popularity.sessions import views
from sessionrank.errors import ConfigurationError, DataError

DAY = 86400.0


def write(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_pieces_are_added_up_and_cancellations_do_not_count() -> None:
    counts = decayed_counts([Purchase("A", 2), Purchase("B", 1), Purchase("A", 3), Purchase("A", -4), Purchase("C", 0)])
    assert counts == {"A": 5.0, "B": 1.0}


def test_an_order_counts_half_for_each_half_life_before_the_last_order_of_all() -> None:
    lines = [Purchase("A", 8, 0.0), Purchase("B", 1, 20 * DAY), Purchase("A", 2, 10 * DAY)]
    assert decayed_counts(lines, half_life=10) == pytest.approx({"A": 8 / 4 + 2 / 2, "B": 1})


def test_a_cancellation_does_not_move_the_last_order() -> None:
    lines = [Purchase("A", 8, 0.0), Purchase("A", -8, 10 * DAY)]
    assert decayed_counts(lines, half_life=10) == pytest.approx({"A": 8})


@given(st.permutations([Purchase("A", 1, 0.0), Purchase("A", 2, 5e9), Purchase("B", 3, 1e9), Purchase("A", 4, 9e8)]))
def test_the_order_of_the_lines_does_not_matter_and_nothing_overflows(lines: list[Purchase]) -> None:
    counts = decayed_counts(lines, half_life=0.5)
    assert counts["A"] == pytest.approx(2.0)
    assert counts["B"] == pytest.approx(0.0)


def test_a_product_that_was_never_counted_has_popularity_0() -> None:
    assert from_counts({"A": 2.0})("B", {}) == 0.0


def test_random_popularity_depends_on_seed_and_sku_alone() -> None:
    one, again, other = from_seed(1), from_seed(1), from_seed(2)
    skus = [f"P{i}" for i in range(200)]
    drawn = [one(sku, {}) for sku in skus]
    assert drawn == [again(sku, {}) for sku in reversed(skus)][::-1]
    assert drawn != [other(sku, {}) for sku in skus]
    assert set(drawn) == set(range(GREATEST + 1))


@pytest.mark.parametrize(
    "header", ["sku,quantity,time", "StockCode,Quantity,InvoiceDate", "Product ID,Qty,Order-Date", "item_id,units,ts"]
)
def test_the_usual_names_of_columns_are_guessed(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, "orders.csv", f"{header}\nA,3,2011-01-02T03:04:05Z\n")
    (line,) = purchases(path, OrderColumns(), need_time=True)
    assert line == Purchase("A", 3.0, 1293937445.0)


def test_named_columns_win_over_guesses_and_none_counts_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "orders.tsv", "sku\tcode\tquantity\nA\tX\t9\n")
    assert list(purchases(path, OrderColumns(sku="code", quantity="none"))) == [Purchase("X", 1.0)]


@pytest.mark.parametrize(
    ("text", "time_format", "seconds"),
    [
        ("12/1/2010 8:26", "%m/%d/%Y %H:%M", 1291191960.0),
        ("2010-12-01", None, 1291161600.0),
        ("2010-12-01 01:00:00+01:00", None, 1291161600.0),
        ("1291161600", None, 1291161600.0),
        ("1291161600000", None, 1291161600.0),
    ],
)
def test_times_are_read_in_the_usual_ways(tmp_path: Path, text: str, time_format: str | None, seconds: float) -> None:
    path = write(tmp_path, "orders.csv", f"sku,time\nA,{text}\n")
    (line,) = purchases(path, OrderColumns(time_format=time_format), need_time=True)
    assert line.time == seconds


def test_lines_that_cannot_be_read_are_counted_by_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path, "orders.csv", "sku,quantity,time\nA,1,2011-01-01\nB,x,2011-01-01\n,1,2011-01-01\nC\n\nD,1,no\n"
    )
    skipped: Counter[str] = Counter()
    assert len(list(purchases(path, OrderColumns(), need_time=True, skipped=skipped))) == 1
    assert skipped == {
        "quantity is not a number": 1,
        "sku is empty": 1,
        "too few columns": 1,
        "time cannot be read (is --order-time-format needed?)": 1,
    }


@pytest.mark.parametrize(
    ("text", "columns", "need_time", "word"),
    [
        ("", OrderColumns(), False, "--order-sku"),
        ("a,b\n1,2\n", OrderColumns(), False, "--order-sku"),
        ("sku\nA\n", OrderColumns(), True, "--order-time"),
        ("sku\nA\n", OrderColumns(sku="code"), False, "no column 'code'"),
        ("sku,quantity\nA,x\n", OrderColumns(), False, r"no order line could be read \(quantity is not a number\)"),
        ("sku,quantity\n", OrderColumns(), False, "no order line could be read"),
        ('sku,quantity\n"A' + "x" * 200_000, OrderColumns(), False, "line 2"),
    ],
)
def test_an_order_file_that_cannot_work_is_refused(
    tmp_path: Path, text: str, columns: OrderColumns, need_time: bool, word: str
) -> None:
    with pytest.raises(DataError, match=word):
        list(purchases(write(tmp_path, "orders.csv", text), columns, need_time=need_time))


def test_sessions_have_an_id_first_and_any_white_space_between(tmp_path: Path) -> None:
    path = write(tmp_path, "sessions.txt", "0\tA  B\tA\n\n1 \n2    B\n")
    assert decayed_counts(views(path)) == {"A": 2.0, "B": 2.0}


def test_a_session_file_without_an_item_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no session with an item"):
        list(views(write(tmp_path, "sessions.txt", "1\n2\n")))


def test_each_option_chooses_its_source(tmp_path: Path) -> None:
    orders = write(tmp_path, "orders.csv", "sku,quantity\nA,5\n")
    sessions = write(tmp_path, "sessions.txt", "1 A A\n")
    row = {"sku": "A", "sold": "7", "popularity": "9"}
    assert choose(PopularityOptions(orders=orders))("A", row) == 5.0
    assert choose(PopularityOptions(sessions=sessions))("A", row) == 2.0
    assert choose(PopularityOptions(popularity_column="sold"))("A", row) == 7.0
    assert choose(PopularityOptions(random_popularity=0))("A", row) == from_seed(0)("A", row)
    assert choose(PopularityOptions())("A", row) == 9.0


def test_a_negative_popularity_is_rejected_and_zero_is_not() -> None:
    popularity = choose(PopularityOptions(popularity_column="sold"))
    assert popularity("A", {"sold": "0"}) == 0.0
    with pytest.raises(ValueError, match=r"popularity is negative: -0\.5"):
        popularity("A", {"sold": "-0.5"})


def test_two_sources_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--orders and --random-popularity"):
        choose(PopularityOptions(orders=tmp_path / "x.csv", random_popularity=0))


def test_a_half_life_needs_orders() -> None:
    with pytest.raises(ConfigurationError, match="--half-life needs --orders"):
        choose(PopularityOptions(random_popularity=1, half_life=3.0))


@pytest.mark.parametrize("value", [None, "", "1,5", float("nan"), float("-inf"), 3.5e38, False])
def test_what_the_field_cannot_hold_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match="it is not a number"):
        finite(value, "it")
