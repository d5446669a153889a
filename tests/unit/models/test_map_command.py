"""``model map``: picture, page and coordinates, from vectors and from saved coordinates."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from sessionrank.vectors import VectorsFile
from tests.support.model_run import Ran, run_model

Run = Callable[..., Ran]
EVIL = "</script><script>alert(1)</script>"
BLUE, ORANGE = (0x2F, 0x6D, 0xB5), (0xE8, 0x86, 0x2A)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(3)
    middles = np.eye(6)[:2].repeat(12, axis=0)
    ids = [*(str(100 + row) for row in range(23)), EVIL]
    vectors = middles + chance.normal(scale=0.1, size=middles.shape)
    VectorsFile.build(ids, vectors, range(1, 25), {"algorithm": "word2vec"}).save("v.npz")
    rows = "".join(f"{100 + row},Item {row},{'left' if row < 12 else 'right'},{row * 1.5}\n" for row in range(23))
    Path("c.csv").write_text(f'sku,name,side,price\n{rows}"{EVIL}","$\\frac{{$ <b>{EVIL}",right,\n')
    return lambda *words: run_model(capsys, *words)


def pixels(path: str) -> NDArray[np.int64]:
    """A picture as rows × columns × (red, green, blue) from 0 to 255."""
    return np.asarray(imread(path)[..., :3] * 255).round().astype(np.int64)


def near(picture: NDArray[np.int64], colour: tuple[int, int, int]) -> int:
    """How many pixels have about this colour."""
    return int((np.abs(picture - colour).max(axis=-1) <= 30).sum())


def test_all_three_files_are_written_and_said(run: Run) -> None:
    ran = run("map", "v.npz", "--catalogue", "c.csv", "--colour-by", "side", "--out", "m/map.png",
              "--html", "m/map.html", "--coordinates", "m/map.csv")  # fmt: skip
    assert ran.code == 0, ran.err
    assert re.fullmatch(r"24 items in \d+\.\d s: m/map\.png, m/map\.html, m/map\.csv\n", ran.err)
    assert ran.out == ""
    assert {path.name for path in Path("m").iterdir()} == {"map.png", "map.html", "map.csv"}
    with Path("m/map.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["sku", "x", "y", "support"]
    assert [row[0] for row in rows[1:]] == VectorsFile.load("v.npz").ids.tolist()
    left = np.array([[float(x), float(y)] for _, x, y, _ in rows[1:13]])
    right = np.array([[float(x), float(y)] for _, x, y, _ in rows[13:]])
    assert np.linalg.norm(left.mean(axis=0) - right.mean(axis=0)) > left.std() + right.std()


def test_a_picture_has_the_colours_of_its_groups_and_names_of_items(run: Run) -> None:
    assert run("map", "v.npz", "--coordinates", "m.csv").code == 0
    assert run("map", "m.csv", "--catalogue", "c.csv", "--colour-by", "side", "--out", "sides.png").code == 0
    sides = pixels("sides.png")
    assert near(sides, BLUE) > 100
    assert near(sides, ORANGE) > 100
    assert run("map", "m.csv", "--catalogue", "c.csv", "--colour-by", "price", "--out", "prices.png").code == 0
    assert near(pixels("prices.png"), ORANGE) == 0
    names = run("map", "m.csv", "--catalogue", "c.csv", "--colour-by", "side", "--out", "bare.png", "--labels", 0)
    assert names.code == 0
    assert near(pixels("bare.png"), (0x1C, 0x1D, 0x1F)) < near(sides, (0x1C, 0x1D, 0x1F)) - 500


def test_no_name_is_cut_off_at_the_edge_or_lies_on_another(run: Run) -> None:
    places = [(0, 0), (0, 0.5), (2, 0), (2, 0.5), (1, 0.25), (1, 0.2501)]
    rows = "".join(f"{sku},{x},{y},{9 - sku}\n" for sku, (x, y) in enumerate(places))
    Path("m.csv").write_text(f"sku,x,y,support\n{rows}")
    Path("wide.csv").write_text("sku,name\n" + "".join(f"{sku},{'W' * 30}\n" for sku in range(6)))
    assert run("map", "m.csv", "--catalogue", "wide.csv", "--out", "wide.png").code == 0
    picture = pixels("wide.png")
    for edge in (picture[:5], picture[-5:], picture[:, :5], picture[:, -5:]):
        assert (edge == 255).all()
    # Only the item in the middle has room for such a name, and of the two there the better supported has it.
    assert run("map", "m.csv", "--catalogue", "wide.csv", "--out", "one.png", "--labels", 1).code == 0
    assert np.array_equal(picture, pixels("one.png"))


def test_a_page_works_offline_and_shows_each_item_as_text(run: Run) -> None:
    words = ("map", "v.npz", "--catalogue", "c.csv", "--colour-by", "side", "--html")
    assert run(*words, "map.html").code == 0
    page = Path("map.html").read_text()
    assert not re.search(r"<script[^>]+src|<link|@import", page)
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert "alert(1)</script>" not in page
    data = page[page.rindex("Plotly.newPlot(") :].encode().decode("unicode_escape")
    assert "<b>Item 3</b><br>103<br>side: left" in data
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in data
    assert '"name":"left (12)"' in data
    assert '"name":"right (12)"' in data


def test_without_a_catalogue_ids_are_coloured_by_support(run: Run) -> None:
    assert run("map", "v.npz", "--html", "map.html").code == 0
    page = Path("map.html").read_text()
    assert "24 items by support" in page
    assert "t-SNE of v.npz (word2vec): cosine, perplexity 7.66667, seed 123." in page
    data = page[page.rindex("Plotly.newPlot(") :].encode().decode("unicode_escape")
    assert "<b>103</b><br>support (times seen): 4" in data
    assert '"ticktext":["1",' in data


def test_equal_seeds_give_equal_files_and_a_sample_is_drawn_by_its_seed(run: Run) -> None:
    def coordinates(name: str, *words: object) -> str:
        ran = run("map", "v.npz", "--coordinates", name, *words)
        assert ran.code == 0
        assert ("A sample of 8 of 24 items" in ran.err) == ("--sample" in words)
        return Path(name).read_text()

    assert coordinates("a.csv") == coordinates("b.csv")
    sample = coordinates("c.csv", "--sample", 8)
    assert len(sample.splitlines()) == 9
    assert coordinates("d.csv", "--sample", 8) == sample
    other = coordinates("e.csv", "--sample", 8, "--seed", 4)
    assert [line.split(",")[0] for line in other.splitlines()] != [line.split(",")[0] for line in sample.splitlines()]
    assert run("map", "v.npz", "--sample", 8, "--html", "s.html").code == 0
    assert "8 of 24 items." in Path("s.html").read_text()


def test_items_whose_vector_is_zero_are_left_out_and_counted(run: Run) -> None:
    VectorsFile.build(list("abcdefg"), np.vstack([np.eye(5), np.zeros((2, 5))]), range(7), {}).save("zero.npz")
    ran = run("map", "zero.npz", "--coordinates", "z.csv")
    assert "Left out: 2 items whose vector is zero" in ran.err
    assert len(Path("z.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["v.npz"], "nothing to write: give --out"),
        (["v.npz", "--out", "m.png", "--perplexity", "nan"], "nan is no finite number"),
        (["none.npz", "--out", "m.png"], "none.npz: no such vectors file"),
        (["v.npz", "--out", "m.pdf"], "must end in .png"),
        (["v.npz", "--html", "c.csv/m.html"], "it is not a folder"),
        (["v.npz", "--coordinates", "c.csv", "--catalogue", "c.csv", "--out", "m.png"], "is read by this command"),
        (["c.csv", "--out", "m.png"], "not a file of coordinates"),
        (["bad.csv", "--out", "m.png"], "line 2 is not sku, x, y, support"),
        (["nan.csv", "--out", "m.png"], "numbers that no map can show"),
        (["empty.csv", "--out", "m.png"], "no coordinates"),
        (["v.npz", "--out", "m.png", "--colour-by", "side"], "--colour-by side: say with --catalogue"),
        (
            ["v.npz", "--out", "m.png", "--catalogue", "c.csv", "--colour-by", "hue"],
            "there are: sku, name, side, price",
        ),
        (["four.npz", "--out", "m.png"], "a map needs at least 5 items with a vector, not 4"),
    ],
)
def test_bad_input_is_one_line_before_the_time_is_spent(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    Path("bad.csv").write_text("sku,x,y,support\na,1\n")
    Path("nan.csv").write_text("sku,x,y,support\na,nan,1,1\n")
    Path("empty.csv").write_text("sku,x,y,support\n")
    VectorsFile.build(list("abcd"), np.eye(4), range(4), {}).save("four.npz")
    before = {path.name for path in Path().iterdir()}
    # Whoever came as far as to lay out the items would stumble here.
    monkeypatch.setattr("sessionrank.models.commands.map.tsne", None)
    assert line in run("map", *words).error
    assert {path.name for path in Path().iterdir()} == before


def test_without_the_extra_its_name_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "plotly" else find(name))
    monkeypatch.delitem(sys.modules, "sessionrank.models.commands.map", raising=False)
    line = run("map", "v.npz", "--out", "m.png").error
    assert "needs plotly, which is missing: install it with `pip install 'sessionrank[maps]'`" in line
