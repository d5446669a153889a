"""Plots of runs: what is drawn is what the file says, also where it has gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.algorithms.popularity import Popularity
from models.algorithms.random import Random
from models.evaluation.document import run_document
from models.evaluation.draws import gather
from models.evaluation.report import best_first, columns, markdown, shown
from models.evaluation.run import Subject, measure
from models.plots.epochs import epochs_figure
from models.plots.evaluation import draw_evaluation, evaluation_figure
from models.protocols.registry import make_protocol

ORIGIN = {"data": {"name": "a_b$c$.txt", "sha256": "0" * 64, "sessions": 40, "items": 6, "events": 200}}


def run(*subjects: Subject, part: tuple[str, ...] = ("validation", "test")) -> dict[str, Any]:
    sessions = [[f"i{(row * place) % 6}" for place in range(1, 6)] for row in range(1, 41)]
    material = gather(make_protocol("leave-last-out"), sessions, (1, 2), part)
    return run_document(material, [measure(one, material, (3,)) for one in subjects], (3,), ORIGIN)


SUBJECTS = (Subject("random", Random()), Subject("popular $x$", Popularity()))


def test_the_best_stands_on_top_with_its_figure_beside_it() -> None:
    said = run(*SUBJECTS)
    figure = evaluation_figure(said)
    recall = figure.axes[0]
    labels = [label.get_text() for label in recall.get_yticklabels()]
    order = [one["label"] for one in best_first(said, 3)]
    assert [label.replace("\\$", "$") for label in reversed(labels)] == order
    best = best_first(said, 3)[0]["parts"]["test"]["metrics"]["recall@3"]["mean"]
    assert f"{100 * best:.1f}" in {text.get_text() for text in recall.texts}
    assert [axes.get_title(loc="left").partition("@")[0] for axes in figure.axes] == [
        "Recall", "MRR", "Coverage", "Popularity bias",
    ]  # fmt: skip


@pytest.mark.parametrize("part", [("validation",), ("test",)])
def test_one_part_alone_is_drawn_and_told(part: tuple[str, ...], tmp_path: Path) -> None:
    said = run(*SUBJECTS, part=part)
    draw_evaluation(said, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert f"Recall@3 {part[0]}, %" in markdown(said)


def test_a_figure_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    said = run(*SUBJECTS)
    nothing = {"mean": None, "low": None, "high": None, "draws": [None, None]}
    for one in said["algorithms"]:
        for figures in one["parts"].values():
            figures["metrics"]["popularity_bias@3"] = dict(nothing)
    draw_evaluation(said, tmp_path / "plot.png")
    assert "| – |" in markdown(said)
    assert shown("popularity_bias@3", nothing) == "–"


def test_figures_are_shown_with_their_interval() -> None:
    figure = {"mean": 0.254, "low": 0.241, "high": 0.267}
    assert shown("recall@10", figure) == "25.4 ± 1.3"
    assert shown("recall@10", figure, full=True) == "25.4 (24.1–26.7)"
    assert shown("mrr", figure) == "0.254 ± 0.013"


def test_what_each_training_seed_gave_is_told() -> None:
    sessions = [["a", "b", "c", "d"]] * 9
    material = gather(make_protocol("leave-last-out"), sessions, (1,))
    measured = measure(Subject("random", Random(seed=4)), material, (1,), training_seeds=2)
    said = run_document(material, [measured], (1,), ORIGIN)
    first, second = said["algorithms"][0]["by_training_seed"]["test"]["recall@1"]
    assert f"by training seed, %: {100 * first:.1f} (seed 4), {100 * second:.1f} (seed 5)." in markdown(said)


def test_the_hit_rate_has_a_column_where_cases_have_several_answers() -> None:
    said = run(*SUBJECTS)
    assert "hit_rate" not in columns(said, 3)
    said["algorithms"][0]["parts"]["test"]["metrics"]["hit_rate@3"]["mean"] = 1
    assert "hit_rate" in columns(said, 3)


def test_curves_of_algorithms_with_and_without_loss_are_drawn_together() -> None:
    said = run(*SUBJECTS)
    said["algorithms"][0]["epochs"] = [{"epoch": at, "loss": 8.0 / at, "recall@3": 0.1 * at} for at in (1, 2, 3)]
    assert [line.get_ydata().tolist() for line in epochs_figure(said).axes[1].lines] == [
        pytest.approx([1, 1 / 2, 1 / 3])
    ]
    said["algorithms"][1]["epochs"] = [{"epoch": 1, "loss": None, "recall@3": 0.5}]
    figure = epochs_figure(said)
    assert len(figure.axes[0].lines) == 2
    assert len(figure.axes[1].lines) == 1
    said["algorithms"][0].pop("epochs")
    assert len(epochs_figure(said).axes) == 1
