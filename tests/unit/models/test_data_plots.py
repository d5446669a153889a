"""The plots of data say what the data are, whatever their size."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from models.plots.data import lengths_figure, popularity_figure
from models.plots.writing import write_figures

SKEWED = np.array([1, 2, 2, 3, 3, 3, 4, 4, 5, 900])


def _drawn(figure: Figure) -> Figure:
    figure.savefig(io.BytesIO(), format="svg")
    return figure


def test_popularity_is_drawn_by_rank_on_a_logarithmic_axis_with_the_counts_in_the_title() -> None:
    (axes,) = _drawn(popularity_figure(np.array([3, 0, 1000, 1, 20]))).axes
    assert axes.get_yscale() == "log"
    assert axes.get_xscale() == "linear"
    assert axes.get_title(loc="left") == "Product popularity: 4 products, 1,024 events"
    assert axes.lines[0].get_xydata().tolist() == [[1, 1000], [2, 20], [3, 3], [4, 1]]  # type: ignore[union-attr]
    assert axes.get_xlabel() == "products, the most popular first (rank)"
    assert axes.get_ylabel() == "events of the product"
    assert "The first has 98 % of all events, 1 seen only once" in [text.get_text() for text in axes.texts]


def test_lengths_are_drawn_as_a_box_whose_axis_is_logarithmic_only_when_they_are_skewed() -> None:
    (axes,) = _drawn(lengths_figure(SKEWED)).axes
    assert axes.get_xscale() == "log"
    assert axes.get_title(loc="left") == "Session lengths: 10 sessions, 927 events"
    assert axes.get_xlabel() == "items in a session"
    texts = [text.get_text() for text in axes.texts]
    assert {"1", "3", "900"} <= set(texts)
    assert "Half have at most 3 items, 95 % at most 497" in texts
    assert _drawn(lengths_figure(SKEWED[:-1])).axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("counts", [[1], [7, 7], [5] * 3000, list(range(1, 20_000))])
def test_data_of_any_size_can_be_drawn(counts: list[int]) -> None:
    for draw in (popularity_figure, lengths_figure):
        figure = _drawn(draw(np.array(counts)))
        assert f"{sum(counts):,} events" in figure.axes[0].get_title(loc="left")


def test_a_long_tail_stays_a_small_file(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    many = chance.zipf(1.3, 500_000).clip(max=10**6)
    written = write_figures(tmp_path, {"popularity": popularity_figure(many), "lengths": lengths_figure(many)})
    assert [path.name for path in written] == ["popularity.png", "popularity.svg", "lengths.png", "lengths.svg"]
    assert all(path.stat().st_size < 1_500_000 for path in written)


def test_files_are_the_same_each_time_and_name_no_day(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        write_figures(folder, {"lengths": lengths_figure(SKEWED)})
    for name in ("lengths.png", "lengths.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    tree = ElementTree.parse(tmp_path / "one" / "lengths.svg")
    assert not [element for element in tree.iter() if element.tag.endswith("}date")]
