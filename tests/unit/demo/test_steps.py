"""Preparing and training: once, and then from what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.steps import PreparedFiles, prepare, train
from sessionrank.errors import ConfigurationError, DataError

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "retail.csv"
    rows = [
        f"{week},{10000 + item},CAF\xc9 {item},{item + 1},{month}/5/2011 8:26,2.5,{17000 + week},France\n"
        for month in (3, 10)
        for week in range(8)
        for item in range(6)
    ]
    path.write_text(HEADER + "".join(rows), encoding="iso-8859-1")
    return path


def test_the_shop_is_written_as_catalogue_orders_sessions_and_baskets(data: Path, tmp_path: Path) -> None:
    files = prepare(tmp_path / "work", data)
    assert not files.reused
    assert files.catalogue.read_text(encoding="utf-8").splitlines()[:2] == [
        "sku,name,price,first_sold",
        "10000,CAFÉ 0,2.5,2011-03-05",
    ]
    assert files.orders.read_text().splitlines()[:2] == ["sku,quantity,time", "10000,1,2011-03-05T08:26:00"]
    assert files.sessions.read_text().splitlines()[0] == "17000 10000 10001 10002 10003 10004 10005"
    assert files.names()["10003"] == "CAFÉ 3"
    assert len(files.baskets()) == 8
    assert files.baskets()[0].skus == ("10000", "10001", "10002", "10003", "10004", "10005")


def test_a_second_start_reuses_the_files_and_other_data_does_not(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    first = prepare(work, data)
    assert prepare(work, data) == PreparedFiles(first.folder, reused=True)
    data.write_text(data.read_text("iso-8859-1") + "9,10000,X,1,3/5/2011 8:26,1,9,France\n", "iso-8859-1")
    other = prepare(work, data)
    assert not other.reused
    assert other.folder != first.folder
    assert sorted(work.iterdir()) == sorted([first.folder, other.folder]), "nothing half-made is left"


def test_data_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("sku,name\n1,x\n")
    for data in (tmp_path / "other.csv", tmp_path / "missing.csv"):
        with pytest.raises(DataError):
            prepare(tmp_path / "work", data)
    assert not (tmp_path / "work").exists()


def test_a_folder_that_cannot_be_made_is_a_configuration_error(data: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        prepare(data / "below-a-file", data)


def test_the_model_is_trained_once_kept_and_trained_again_when_the_kept_one_is_broken(
    data: Path, tmp_path: Path
) -> None:
    files = prepare(tmp_path / "work", data)
    first = train(files)
    assert not first.reused
    assert sorted(first.vectors.ids.tolist()) == [f"{10000 + item}" for item in range(6)]
    assert train(files).reused
    first.path.write_bytes(b"half a file")
    again = train(files)
    assert not again.reused
    assert again.vectors.vectors.tobytes() == first.vectors.vectors.tobytes()


def test_training_that_fails_says_which_command(tmp_path: Path) -> None:
    (tmp_path / "sessions.txt").write_text("")
    with pytest.raises(ConfigurationError, match="`sessionrank model train` ended with exit code 2"):
        train(PreparedFiles(tmp_path, reused=False))
