"""The gift shop's data as a shop would hand it over."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from demo.online_retail import SPLIT, Basket, Line, read_lines, shop_of
from demo.steps import DATA
from sessionrank.errors import DataError

NO_PRODUCTS = ("POST", "D", "C2", "DOT", "M", "BANK CHARGES", "S", "AMAZONFEE", "gift_0001_40", "B", "CRUK")
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def line(sku: str, *, invoice: str = "1", quantity: int = 1, month: int = 3, price: float = 2.0, **more: str) -> Line:
    values = {"description": f"THING {sku}", "customer": "7", "country": "France", **more}
    return Line(invoice=invoice, sku=sku, quantity=quantity, time=datetime(2011, month, 1), price=price, **values)


def test_lines_without_a_product_a_price_or_a_description_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_bytes(
        (
            HEADER
            + "536365,85123a,CAF\xc9  SET ,6,12/1/2010 8:26,2.55,17850,France\n"
            + "".join(
                f"536365,{code},X,1,12/1/2010 8:26,1,17850,France\n"
                for code in (
                    "POST",
                    "D",
                    "C2",
                    "DOT",
                    "M",
                    "BANK CHARGES",
                    "S",
                    "AMAZONFEE",
                    "gift_0001_40",
                    "B",
                    "CRUK",
                )
            )
            + "536366,22423,,3,12/1/2010 8:26,1,17850,France\n"
            + "536366,22423,damaged,3,12/1/2010 8:26,0,17850,France\n"
        ).encode("iso-8859-1")
    )
    assert list(read_lines(path)) == [
        Line("536365", "85123A", "CAFÉ SET", 6, datetime(2010, 12, 1, 8, 26), 2.55, "17850", "France")
    ]


@pytest.mark.parametrize(
    "content",
    [
        "sku,name\n1,x\n",
        HEADER + "1,22423,X,1,2010-12-01,1,7,France\n",
        HEADER + "1,22423,X,many,1/1/2010 1:00,1,7,F\n",
    ],
)
def test_another_file_is_a_data_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(content)
    with pytest.raises(DataError, match="line 2 is not one of Online Retail"):
        list(read_lines(path))


def test_a_product_has_its_most_frequent_name_and_its_median_price() -> None:
    shop = shop_of(
        [
            line("22423", description="CAKESTAND", price=1.0, month=4),
            line("22423", description="REGENCY CAKESTAND", price=9.0, month=2),
            line("22423", description="REGENCY CAKESTAND", price=2.0, month=3),
            line("10001"),
        ]
    )
    (first, second) = shop.products
    assert (first.sku, second.sku) == ("10001", "22423")
    assert (second.name, second.price, second.first_sold) == ("REGENCY CAKESTAND", 2.0, "2011-02-01")


def test_a_cancelled_order_counts_neither_as_sale_nor_as_interest() -> None:
    shop = shop_of(
        [
            line("22423", quantity=80_995),
            line("22423", quantity=-80_995, invoice="C2"),
            line("22423", quantity=5, invoice="3"),
            line("22423", quantity=-2, invoice="C4"),
            line("10001", quantity=80_995, customer="8"),
        ]
    )
    assert [(order.sku, order.quantity) for order in shop.orders] == [("22423", 5), ("10001", 80_995)]
    assert shop.sessions == {"7": ["22423"], "8": ["10001"]}


def test_what_comes_after_the_split_is_for_the_visits_and_teaches_nothing() -> None:
    before, after = SPLIT.month - 1, SPLIT.month
    shop = shop_of(
        [
            line("10001", month=before),
            line("10002", month=before, customer=""),
            line("10003", month=after, invoice="9"),
            line("10001", month=after, invoice="9"),
            line("10003", month=after, invoice="9"),
            line("10004", month=after, invoice="10", customer=""),
        ]
    )
    assert shop.sessions == {"7": ["10001"]}
    assert [order.sku for order in shop.orders] == ["10001", "10002"]
    assert shop.baskets == [Basket("9", "7", "France", "2011-10-01T00:00:00", ("10003", "10001"))]
    assert [product.sku for product in shop.products] == ["10001", "10002", "10003", "10004"]


def test_the_shipped_file_is_a_shop_of_thousands_of_products() -> None:
    shop = shop_of(read_lines(DATA))
    names = {product.sku: product.name for product in shop.products}
    assert names["22423"] == "REGENCY CAKESTAND 3 TIER"
    assert 3_500 < len(names) < 3_940
    assert not any("POSTAGE" in name or "Manual" in name for name in names.values())
    assert max(order.quantity for order in shop.orders) < 20_000
    assert {sku for basket in shop.baskets for sku in basket.skus} <= names.keys()
