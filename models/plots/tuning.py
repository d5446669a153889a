"""Plots of a sweep, from its saved trials: score by parameter, parallel coordinates, learning curves."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sessionrank.writing import replacing

from ..tuning.results import DONE, Trial, best_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_figure", "draw_sweep", "parallel_figure", "parameters_figure"]

_SCORE = "Recall@10"
_GREY = "0.72"
_BEST = "#d62728"
_COLOURS = "viridis"


def draw_sweep(trials: Sequence[Trial], folder: Path, *, title: str, log: Collection[str] = ()) -> list[Path]:
    """Write the three plots as PNG into ``folder``; parameters named in ``log`` get a logarithmic axis."""
    figures = {
        "parameters.png": parameters_figure(trials, title=title, log=log),
        "parallel.png": parallel_figure(trials, title=title, log=log),
        "curves.png": curves_figure(trials, title=title),
    }
    for name, figure in figures.items():
        with replacing(folder / name) as partial:
            figure.savefig(partial, format="png", dpi=120)
    return [folder / name for name in figures]


def parameters_figure(trials: Sequence[Trial], *, title: str, log: Collection[str] = ()) -> Figure:
    """One panel a parameter: the last score of each trial; those stopped early in grey, as they had fewer epochs."""
    scored = _scored(trials)
    names = _names(scored)
    columns = min(3, max(1, len(names)))
    rows = max(1, math.ceil(len(names) / columns))
    figure = _figure(4.2 * columns, 3.1 * rows + 0.8)
    for place, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, place + 1)
        if name in log and not _texts(scored, name):
            _logarithmic(axes, [trial.parameters[name] for trial in scored])
        _scatter(axes, scored, name)
        axes.set_xlabel(name)
        if place % columns == 0:
            axes.set_ylabel(_SCORE)
    if names:
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(f"{title}: {_SCORE} by parameter, {_counted(scored)}")
    return figure


def _scatter(axes: Axes, scored: Sequence[Trial], name: str) -> None:
    best = best_of(scored)
    kinds = _texts(scored, name)
    # Many trials share a value: moved a little to the sides, by their number and not by chance, they all show.
    spread = _step(scored, name) * 0.25

    def place(trial: Trial) -> Any:
        value = trial.parameters[name]
        at = float(kinds.index(str(value))) if kinds else float(value)
        return at + spread * (((trial.number * 0.618) % 1) - 0.5)

    for done, style in ((False, _style(_GREY, 14)), (True, _style("#1f77b4", 24))):
        some = [trial for trial in scored if (trial.state == DONE) == done]
        if some:
            axes.scatter([place(t) for t in some], [t.score or 0.0 for t in some], label=_label(done), **style)
    if best is not None:
        axes.scatter([place(best)], [best.score or 0.0], marker="*", s=170, color=_BEST, label="the best", zorder=3)
    if kinds:
        axes.set_xticks(range(len(kinds)), kinds)
        axes.set_xlim(-0.5, len(kinds) - 0.5)
    axes.grid(alpha=0.25)


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.set_xlim(min(values) / 1.2, max(values) * 1.2)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _style(colour: str, size: float) -> dict[str, Any]:
    return {"color": colour, "s": size, "linewidths": 0, "alpha": 0.85}


def _label(done: bool) -> str:
    return "all epochs" if done else "ended early"


def _step(scored: Sequence[Trial], name: str) -> float:
    """The distance between the values of a parameter with few of them; 0 where they are spread anyway."""
    if _texts(scored, name):
        return 1.0
    values = sorted({float(trial.parameters[name]) for trial in scored})
    return min(np.diff(values)) if 1 < len(values) <= 25 and len(scored) > 2 * len(values) else 0.0


def _texts(scored: Sequence[Trial], name: str) -> list[str]:
    """The values of a parameter in order, where they are not numbers to be placed on a scale: names, or only two."""
    values = {trial.parameters[name] for trial in scored}
    if len(values) <= 2 or any(isinstance(value, (str, bool)) for value in values):
        return sorted(map(str, values))
    return []


def parallel_figure(trials: Sequence[Trial], *, title: str, log: Collection[str] = ()) -> Figure:
    """One line a trial through all its parameters to its score, coloured by it; the best thick."""
    scored = sorted(_scored(trials), key=lambda trial: (trial.state == DONE, trial.score))
    names = [*_names(scored), _SCORE]
    figure = _figure(1.9 * len(names) + 1.5, 5.2)
    axes = figure.add_subplot()
    scales = [_Scale.of(scored, name, log=name in log) for name in names]
    heights = np.array([[scale.height(trial) for scale in scales] for trial in scored])
    shades = _shades(scored)
    best = best_of(scored)
    for trial, line, shade in zip(scored, heights, shades, strict=True):
        if trial is best:
            axes.plot(line, color=_BEST, linewidth=2.8, zorder=4)
        elif trial.state == DONE:
            axes.plot(line, color=shade, linewidth=1.3, alpha=0.9, zorder=3)
        else:
            axes.plot(line, color=_GREY, linewidth=0.6, alpha=0.5, zorder=1)
    for at, scale in enumerate(scales):
        axes.axvline(at, color="0.3", linewidth=0.8, zorder=2)
        for height, text in scale.ticks:
            axes.annotate(
                text, (at, height), xytext=(4, 0), textcoords="offset points", fontsize=8, va="center", zorder=5,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(names) - 0.6)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"{title}: settings and {_SCORE}, {_counted(scored)} (grey: ended early; red: the best)")
    return figure


class _Scale:
    """One axis of the parallel coordinates: a trial's height on it from 0 to 1, and what is written along it."""

    def __init__(self, values: dict[int, float], ticks: list[tuple[float, str]]) -> None:
        self._values = values
        low, high = min(values.values(), default=0.0), max(values.values(), default=1.0)
        self._low, self._width = low, (high - low) or 1.0
        self.ticks = [((value - low) / self._width, text) for value, text in ticks]

    @classmethod
    def of(cls, scored: Sequence[Trial], name: str, *, log: bool) -> _Scale:
        if name != _SCORE and (kinds := _texts(scored, name)):
            places = {trial.number: float(kinds.index(str(trial.parameters[name]))) for trial in scored}
            return cls(places, [(float(at), text) for at, text in enumerate(kinds)])
        raw = {t.number: float((t.score or 0.0) if name == _SCORE else t.parameters[name]) for t in scored}
        low, high = min(raw.values(), default=0.0), max(raw.values(), default=1.0)
        if log and low > 0:
            marks = np.geomspace(low, high, 5)
            return cls({k: math.log(v) for k, v in raw.items()}, [(math.log(m), f"{m:.2g}") for m in marks])
        # What was tried itself, where that is not too much to write: 4.75 is no number of noise items.
        tried = sorted(set(raw.values()))
        evenly = tried if len(tried) <= 19 and name != _SCORE else np.linspace(low, high, 5).tolist()
        return cls(raw, [(mark, f"{mark:.3g}") for mark in evenly])

    def height(self, trial: Trial) -> float:
        return (self._values[trial.number] - self._low) / self._width


def curves_figure(trials: Sequence[Trial], *, title: str) -> Figure:
    """The score of every trial after each epoch; those that ran through in colour, the best thick."""
    scored = sorted(_scored(trials), key=lambda trial: (trial.state == DONE, trial.score))
    figure = _figure(8.5, 5.2)
    axes = figure.add_subplot()
    best = best_of(scored)
    for trial, shade in zip(scored, _shades(scored), strict=True):
        line: dict[str, Any] = {"color": _GREY, "linewidth": 0.8, "alpha": 0.8, "zorder": 1}
        if trial is best:
            line = {"color": _BEST, "linewidth": 2.6, "zorder": 4, "label": f"the best, trial {trial.number}"}
        elif trial.state == DONE:
            line = {"color": shade, "linewidth": 1.4, "alpha": 0.95, "zorder": 3}
        # A curve of one point is a dot, or it would not be seen.
        marker = "o" if len(trial.curve) == 1 else None
        axes.plot(
            [point.epoch for point in trial.curve],
            [point.score for point in trial.curve],
            marker=marker,
            markersize=3,
            **line,
        )
    axes.set_xlabel("epoch")
    axes.set_ylabel(_SCORE)
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.25)
    if best is not None:
        axes.legend(loc="lower right", frameon=False)
    axes.set_title(f"{title}: learning curves, {_counted(scored)} (grey: ended early)")
    return figure


def _figure(width: float, height: float) -> Figure:
    # Imported here: matplotlib takes half a second to load. Its object interface draws without a display (Agg).
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _scored(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.score is not None]


def _names(scored: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in scored for name in trial.parameters))


def _counted(scored: Sequence[Trial]) -> str:
    done = sum(trial.state == DONE for trial in scored)
    return f"{len(scored)} trials, {done} through all epochs"


def _shades(scored: Sequence[Trial]) -> list[Any]:
    """A colour for each trial by its score among those that ran through."""
    from matplotlib import colormaps

    ended = [trial.score or 0.0 for trial in scored if trial.state == DONE] or [0.0]
    low, width = min(ended), (max(ended) - min(ended)) or 1.0
    return [colormaps[_COLOURS](min(1.0, max(0.0, ((trial.score or 0.0) - low) / width))) for trial in scored]
