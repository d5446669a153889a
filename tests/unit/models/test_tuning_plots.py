"""Plots of a sweep: what is drawn is what the trials say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from models.plots.tuning import curves_figure, draw_sweep, parallel_figure, parameters_figure
from models.tuning.results import CUT_OFF, DONE, FAILED, STOPPED, Point, Trial


def trial(number: int, *scores: float, state: str = DONE, **parameters: object) -> Trial:
    curve = tuple(Point(epoch, score, None, 1.0) for epoch, score in enumerate(scores, 1))
    return Trial(
        number, state, {"size": 10 + number, "alpha": 0.01 * 10**number, "sg": number % 2, **parameters}, curve
    )


TRIALS = [
    trial(0, 0.1, 0.2, 0.3),
    trial(1, 0.05, state=STOPPED),
    trial(2, 0.2, 0.3, 0.4),
    trial(3, state=FAILED),
    trial(4, 0.1, 0.1, state=CUT_OFF),
]


def test_every_trial_that_reported_has_its_learning_curve_and_the_best_is_named() -> None:
    axes = curves_figure(TRIALS, title="word2vec").axes[0]
    drawn = {tuple(np.asarray(line.get_ydata()).tolist()) for line in axes.lines}
    assert drawn == {(0.1, 0.2, 0.3), (0.05,), (0.2, 0.3, 0.4), (0.1, 0.1)}
    (named,) = [line for line in axes.lines if str(line.get_label()).startswith("the best")]
    assert list(np.asarray(named.get_ydata())) == [0.2, 0.3, 0.4]
    assert named.get_label() == "the best, trial 2"
    assert "4 trials, 2 through all epochs" in axes.get_title()


def test_each_parameter_has_a_panel_with_the_last_score_of_every_trial() -> None:
    figure = parameters_figure(TRIALS, title="word2vec", log={"alpha"})
    assert [axes.get_xlabel() for axes in figure.axes] == ["size", "alpha", "sg"]
    assert [axes.get_xscale() for axes in figure.axes] == ["linear", "log", "linear"]
    early, done, best = (np.asarray(points.get_offsets()).tolist() for points in figure.axes[0].collections)
    assert early == [[11.0, 0.05], [14.0, 0.1]]
    assert done == [[10.0, 0.3], [12.0, 0.4]]
    assert best == [[12.0, 0.4]]


def test_parallel_coordinates_lead_each_trial_through_its_settings_to_its_score() -> None:
    axes = parallel_figure(TRIALS, title="word2vec", log={"alpha"}).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["size", "alpha", "sg", "Recall@10"]
    lines = [np.asarray(line.get_ydata()) for line in axes.lines if len(np.asarray(line.get_ydata())) == 4]
    assert len(lines) == 4
    best = max(lines, key=lambda line: line[-1])
    # Trial 2 of numbers 0 to 4: the middle of size and, on a logarithmic axis, of alpha.
    assert best == pytest.approx([0.5, 0.5, 0.0, 1.0])


def test_settings_that_are_words_are_drawn_as_well() -> None:
    worded = [trial(number, number / 10, kind=kind) for number, kind in enumerate(("one", "two", "three"))]
    parallel_figure(worded, title="x")
    figure = parameters_figure(worded, title="x")
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["one", "three", "two"]


@pytest.mark.parametrize("trials", [TRIALS, TRIALS[:1], [trial(0, state=FAILED)], []])
def test_three_pictures_are_written_however_few_trials_there_are(tmp_path: Path, trials: list[Trial]) -> None:
    written = draw_sweep(trials, tmp_path, title="word2vec", log={"alpha"})
    assert [path.name for path in written] == ["parameters.png", "parallel.png", "curves.png"]
    for path in written:
        assert path.read_bytes().startswith(b"\x89PNG")
    assert math.prod(path.stat().st_size for path in written) > 0
