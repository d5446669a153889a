"""Algorithms side by side: each figure as a dot on its interval, best on top, the controls in grey."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..evaluation.report import TITLES, best_first, main_part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_evaluation", "evaluation_figure"]

_PANELS = ("recall", "mrr", "coverage", "popularity_bias")
_PERCENT = ("recall", "coverage")
#: Floors that know nothing of who asks.
_CONTROLS = ("popularity", "random")
_COLOUR, _OTHER, _GREY = "#1f5fa8", "#e08214", "0.55"
#: What a panel shows, below it.
_MEANINGS = {
    "recall": "share of the answers that are found",
    "mrr": "1 / place of the answer, on average",
    "coverage": "share of the catalogue that is shown",
    "popularity_bias": "popularity of what is shown\n(1: of what was chosen)",
}


def draw_evaluation(run: dict[str, Any], path: Path) -> None:
    """Write the figure of a run as PNG."""
    evaluation_figure(run).savefig(path, format="png", dpi=130)


def evaluation_figure(run: dict[str, Any]) -> Figure:
    """One row an algorithm, one panel a metric, for the first k of a run as its file has it."""
    # Imported here: matplotlib takes half a second to load. Its object interface draws without a display (Agg).
    from matplotlib.figure import Figure

    k = run["ks"][0]
    ranked = best_first(run, k)[::-1]
    figure = Figure(figsize=(13.5, 2.2 + 0.48 * len(ranked)), layout="constrained")
    panels = figure.subplots(1, len(_PANELS), sharey=True, width_ratios=[1.5, 1.1, 1, 1])
    for axes, metric in zip(panels, _PANELS, strict=True):
        _panel(axes, run, ranked, metric, k)
    panels[0].set_yticks(range(len(ranked)), [_shortened(one["label"]) for one in ranked])
    for label, one in zip(panels[0].get_yticklabels(), ranked, strict=True):
        label.set_color(_GREY if _is_control(one) else "black")
    panels[0].set_ylim(-0.6, len(ranked) - 0.4)
    _explain(figure, run)
    return figure


def _panel(axes: Axes, run: dict[str, Any], ranked: list[dict[str, Any]], metric: str, k: int) -> None:
    factor = 100 if metric in _PERCENT else 1
    part = main_part(run)
    for row, one in enumerate(ranked):
        control = _is_control(one)
        for name in run["parts"]:
            found = one["parts"][name]["metrics"][f"{metric}@{k}"]
            if found["mean"] is None:
                continue
            if name == part:
                _claimed(axes, found, row, factor, _GREY if control else _COLOUR)
                _write_beside(axes, found, row, factor, metric)
            else:
                _beside(axes, found, row + 0.27, factor, _GREY if control else _OTHER)
    _mark(axes, ranked, metric, k, part, factor)
    axes.set_title(f"{TITLES[metric]}@{k}{', %' if metric in _PERCENT else ''}", fontsize=11, loc="left")
    axes.set_xlabel(_MEANINGS[metric], fontsize=9, color="0.35")
    axes.grid(axis="x", alpha=0.25)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    # Shares start at nothing, or differences would look larger than they are; room on the right for the numbers.
    axes.set_xlim(0.0, 1.2 * (axes.get_xlim()[1] or 1.0))


def _claimed(axes: Axes, found: dict[str, Any], row: float, factor: float, colour: str) -> None:
    """The figure that counts: its interval, its mean, and below it each draw by itself."""
    draws = [factor * value for value in _numbers(found["draws"])]
    axes.plot(draws, [row - 0.24] * len(draws), "|", color=colour, alpha=0.35, markersize=5, clip_on=False)
    axes.plot([factor * found["low"], factor * found["high"]], [row, row], color=colour, linewidth=2.2)
    axes.plot(factor * found["mean"], row, "o", color=colour, markersize=7, zorder=3, clip_on=False)


def _beside(axes: Axes, found: dict[str, Any], height: float, factor: float, colour: str) -> None:
    axes.plot([factor * found["low"], factor * found["high"]], [height, height], color=colour, linewidth=1)
    axes.plot(
        factor * found["mean"], height, "o", color=colour, markersize=4,
        markerfacecolor="white", zorder=3, clip_on=False,
    )  # fmt: skip


def _write_beside(axes: Axes, found: dict[str, Any], row: int, factor: float, metric: str) -> None:
    digits = 1 if metric in _PERCENT else (2 if metric == "popularity_bias" else 3)
    axes.annotate(
        f"{factor * found['mean']:.{digits}f}", (factor * max(found["high"], *_numbers(found["draws"])), row),
        xytext=(7, 0), textcoords="offset points", va="center", fontsize=9, color="0.25",
        bbox={"boxstyle": "round,pad=0.08", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )  # fmt: skip


def _numbers(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None] or [0.0]


def _mark(axes: Axes, ranked: list[dict[str, Any]], metric: str, k: int, part: str, factor: float) -> None:
    """A line where the panel has a natural level: what popularity alone finds, or the popularity of the answers."""
    level = 1.0 if metric == "popularity_bias" else None
    if metric in ("recall", "mrr"):
        known = [one for one in ranked if one["algorithm"].get("algorithm") == "popularity"]
        level = known[0]["parts"][part]["metrics"][f"{metric}@{k}"]["mean"] if known else None
    if level is not None:
        axes.axvline(factor * level, color=_GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0)


def _explain(figure: Figure, run: dict[str, Any]) -> None:
    from matplotlib.lines import Line2D

    part = main_part(run)
    seeds = run["seeds"]
    draws = f"mean over {len(seeds)} draws" if len(seeds) > 1 else f"draw {seeds[0]}"
    figure.suptitle(
        f"{_plain(run['data']['name'])} · protocol {run['protocol']['name']} · {draws} · "
        f"{run['algorithms'][0]['parts'][part]['cases_a_draw']:,} cases a draw",
        fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    handles = [Line2D([], [], marker="o", color=_COLOUR, linewidth=2.2, markersize=7, label=f"{part}, 95 % interval")]
    if len(run["parts"]) > 1:
        other = next(name for name in run["parts"] if name != part)
        handles.append(
            Line2D([], [], marker="o", color=_OTHER, markerfacecolor="white", linewidth=1, markersize=4, label=other)
        )
    handles += [
        Line2D([], [], marker="|", color=_COLOUR, alpha=0.5, linewidth=0, markersize=6, label=f"each draw ({part})"),
        Line2D([], [], marker="o", color=_GREY, linewidth=2.2, markersize=7, label="controls"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False, fontsize=9)


def _is_control(one: dict[str, Any]) -> bool:
    return one["algorithm"].get("algorithm") in _CONTROLS


def _shortened(label: str, most: int = 46) -> str:
    label = _plain(label)
    return label if len(label) <= most else label[: most - 1] + "…"


def _plain(text: str) -> str:
    """Text from outside, not to be taken for mathematics by matplotlib."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text).replace("$", r"\$")
