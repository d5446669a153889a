"""Files for the Embedding Projector, read back by its rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.catalogue import Catalogue
from models.projector import meta_lines, vector_lines
from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

Run = Callable[..., Ran]
#: Ids that would break lines, columns or terminals.
IDS = ["22423", "tab\there", "line\r\nend", " ", "\ud800\x1b[2J", "last"]


def vectors_file() -> VectorsFile:
    chance = np.random.default_rng(1)
    return VectorsFile.build(IDS, chance.normal(size=(6, 4)), [10, 20, 30, 40, 50, 60], {})


def as_the_projector_reads(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows: blank lines are passed over, the first line is a header when it has a tab."""
    lines = [line for line in text.split("\n") if line.strip()]
    if "\t" in lines[0]:
        return lines[0].split("\t"), [line.split("\t") for line in lines[1:]]
    return ["label"], [[line] for line in lines]


def test_vectors_come_back_as_the_same_numbers() -> None:
    file = vectors_file()
    read = [[float(cell) for cell in line.split("\t")] for line in "".join(vector_lines(file)).splitlines()]
    assert np.array_equal(np.array(read, dtype=np.float32), file.vectors)


def test_without_a_catalogue_there_is_one_column_and_no_header() -> None:
    header, rows = as_the_projector_reads("".join(meta_lines(vectors_file())))
    assert header == ["label"]
    assert rows == [["22423"], ["tab here"], ["line end"], ["(blank)"], ["\ufffd\ufffd[2J"], ["last"]]


def test_with_a_catalogue_there_is_a_header_and_the_name_comes_first() -> None:
    catalogue = Catalogue(
        ("price", "name", "support", "a\tb", ""),
        {
            "22423": {"name": "Cake\tstand\n3 tier", "price": "12.75", "support": "yes", "a\tb": "x", "": "y"},
            " ": {"name": ""},
        },
    )
    header, rows = as_the_projector_reads("".join(meta_lines(vectors_file(), catalogue)))
    assert header == ["name", "sku", "price", "support", "a b", "column 6", "support (7)"]
    assert rows[0] == ["Cake stand 3 tier", "22423", "12.75", "yes", "x", "y", "10"]
    assert rows[1] == ["tab here", "tab here", "", "", "", "", "20"]
    assert rows[3] == ["(blank)", "", "", "", "", "", "40"]
    assert len(rows) == len(IDS)
    assert {len(row) for row in rows} == {len(header)}


def test_a_catalogue_without_names_labels_by_id() -> None:
    header, rows = as_the_projector_reads("".join(meta_lines(vectors_file(), Catalogue(("price",), {}))))
    assert header == ["sku", "price", "support"]
    assert rows[-1] == ["last", "", "60"]


def test_vectors_of_one_number_are_refused() -> None:
    with pytest.raises(DataError, match="two numbers and more"):
        list(vector_lines(VectorsFile.build(["a"], np.ones((1, 1)), [1], {})))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    VectorsFile.build(["1", "2"], np.eye(2), [3, 4], {}).save("v.npz")
    Path("c.csv").write_text("sku,name\n2,Mug\n")
    return lambda *words: run_model(capsys, *words)


def test_both_files_are_written_into_a_new_folder(run: Run) -> None:
    ran = run("export", "v.npz", "--out", "a/projector", "--catalogue", "c.csv")
    assert ran.code == 0
    assert ran.err == "2 items: a/projector/vectors.tsv, a/projector/meta.tsv\n"
    assert Path("a/projector/vectors.tsv").read_bytes() == b"1\t0\n0\t1\n"
    assert Path("a/projector/meta.tsv").read_bytes() == b"name\tsku\tsupport\n1\t1\t3\nMug\t2\t4\n"
    assert run("export", "v.npz", "--out", "a/projector").code == 0
    assert Path("a/projector/meta.tsv").read_bytes() == b"1\n2\n"
    assert len(list(Path("a/projector").iterdir())) == 2


def test_what_cannot_be_exported_is_one_line_and_leaves_what_was_there(run: Run) -> None:
    VectorsFile.build(["1"], np.ones((1, 1)), [1], {}).save("one.npz")
    Path("p").mkdir()
    Path("p/vectors.tsv").write_text("old")
    Path("p/meta.tsv").write_text("sku\tname\n1\tMug\n")
    assert "two numbers and more" in run("export", "one.npz", "--out", "p").error
    assert "is read by this command" in run("export", "v.npz", "--out", "p", "--catalogue", "p/meta.tsv").error
    assert "it is not a folder" in run("export", "v.npz", "--out", "c.csv").error
    assert "no such vectors file" in run("export", "none.npz", "--out", "p").error
    assert "no such file" in run("export", "v.npz", "--out", "p", "--catalogue", "none.csv").error
    assert Path("p/vectors.tsv").read_text() == "old"
    assert Path("p/meta.tsv").read_text() == "sku\tname\n1\tMug\n"
    assert len(list(Path("p").iterdir())) == 2
