"""The reader on the real file: the published counts of protocol "fast-forward"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.readers.online_retail import OnlineRetail
from sessionrank.errors import ConfigurationError, DataError

DATA = Path(__file__).parents[3] / "demo" / "data" / "OnlineRetail.csv.gz"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def test_the_real_file_gives_the_sessions_and_products_of_the_protocol() -> None:
    read = OnlineRetail().read(DATA)
    assert (len(read.sessions), read.items) == (4234, 3684)
    assert read.dropped["rows with a missing value"] == 135_080
    assert min(len(session) for session in read.sessions) == 3


def test_grouped_by_invoice_a_session_is_one_purchase(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    rows = [("1", "a", "7"), ("1", "b", "7"), ("2", "c", "7"), ("3", "d", "8"), ("1", "e", "7")]
    path.write_text(HEADER + "".join(f"{inv},{sku},Thing,1,12/1/2010 8:26,2.5,{who},UK\n" for inv, sku, who in rows))
    assert tuple(OnlineRetail(min_length=1).read(path).sessions) == (("a", "b", "c", "e"), ("d",))
    assert tuple(OnlineRetail(min_length=1, group_by="invoice").read(path).sessions) == (
        ("a", "b", "e"),
        ("c",),
        ("d",),
    )
    with pytest.raises(ConfigurationError, match="customer or invoice"):
        OnlineRetail(group_by="country")


def test_rows_with_any_missing_value_are_dropped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    good = "1,a,Thing,1,12/1/2010 8:26,2.5,7,UK\n"
    path.write_text(HEADER + good + "1,b,,1,12/1/2010 8:26,2.5,7,UK\n1,c,Thing,1,12/1/2010 8:26,2.5,,UK\n1,d\n" + good)
    read = OnlineRetail(min_length=1).read(path)
    assert tuple(read.sessions) == (("a", "a"),)
    assert read.dropped == {"rows with a missing value": 3}


def test_another_file_is_refused_by_the_columns_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("sku,name\n1,x\n")
    with pytest.raises(DataError, match="no column InvoiceNo, StockCode"):
        OnlineRetail().read(path)


def test_a_field_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(HEADER + '1,"' + "x\n" * 100_000)
    with pytest.raises(DataError, match="is not CSV"):
        OnlineRetail().read(path)


def test_times_are_utc_and_each_invoice_of_a_customer_is_a_visit(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    rows = [("536365", "12/1/2010 8:26"), ("536365", "12/1/2010 8:26"), ("C536379", "1/2/2011 17:05")]
    path.write_text(HEADER + "".join(f"{inv},s{n},Thing,1,{when},2.5,7,UK\n" for n, (inv, when) in enumerate(rows)))
    read = OnlineRetail().read(path, names=True).sessions
    assert read.times is not None
    assert read.visits is not None
    assert read.times.tolist() == [1_291_191_960, 1_291_191_960, 1_293_987_900]
    assert (np.diff(read.visits) != 0).tolist() == [False, True]
    assert read.names == ("7",)
    by_invoice = OnlineRetail(min_length=1, group_by="invoice").read(path, names=True).sessions
    assert by_invoice.visits is None
    assert by_invoice.names == ("536365", "C536379")


def test_rows_with_a_date_that_is_none_are_dropped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(
        HEADER + "".join(f"1,{n},Thing,1,{when},2.5,7,UK\n" for n, when in enumerate(["1/2/2011 8:00", "x"]))
    )
    read = OnlineRetail(min_length=1).read(path)
    assert tuple(read.sessions) == (("0",),)
    assert read.dropped == {"rows with an unreadable time": 1}


def test_customers_come_by_number_and_cancellations_are_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    rows = [("1", "a", "9"), ("2", "b", "8"), ("C3", "a", "9"), ("4", "c", "8")]
    path.write_text(HEADER + "".join(f"{inv},{sku},Thing,1,12/1/2010 8:26,2.5,{who},UK\n" for inv, sku, who in rows))
    read = OnlineRetail(min_length=1).read(path, names=True).sessions
    assert read.names == ("8", "9")
    assert tuple(read) == (("b", "c"), ("a", "a"))
    assert read.returned is not None
    assert read.returned.tolist() == [False, False, False, True]
    assert OnlineRetail(min_length=1, group_by="invoice").read(path, names=True).sessions.names == ("1", "2", "C3", "4")


def test_products_only_leaves_out_cancellations_and_codes_that_are_no_products(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    rows = [
        ("1", "22423", "6"),
        ("1", "85123a", "006"),
        ("1", "POST", "1"),
        ("1", "123456", "1"),
        ("1", "84029GBX", "1"),
        ("C2", "22423", "1"),
        ("3", "22423", "-6"),
        ("3", "22423", "0"),
        ("3", "84029GB", "1"),
    ]
    path.write_text(
        HEADER + "".join(f"{invoice},{sku},Thing,{n},12/1/2010 8:26,2.5,7,UK\n" for invoice, sku, n in rows)
    )
    read = OnlineRetail(products_only=True).read(path)
    assert tuple(read.sessions) == (("22423", "85123A", "84029GB"),)
    assert read.dropped == {"rows of cancellations": 3, "rows with a code that is no product": 3}
    assert len(OnlineRetail().read(path).sessions[0]) == 9
