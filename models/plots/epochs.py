"""Recall and loss after each epoch: whether more of them would have helped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_epochs", "epochs_figure"]

_COLOURS = ("#1f5fa8", "#e08214", "#1b7837", "#762a83", "#b2182b", "#4d4d4d")


def draw_epochs(run: dict[str, Any], path: Path) -> None:
    """Write the figure of a run as PNG."""
    epochs_figure(run).savefig(path, format="png", dpi=130)


def epochs_figure(run: dict[str, Any]) -> Figure:
    """Recall on what validates above, loss against that of the first epoch below, one line an algorithm."""
    from matplotlib.figure import Figure

    k = run["ks"][0]
    curves = [one for one in run["algorithms"] if one.get("epochs")]
    losses = any(point["loss"] for one in curves for point in one["epochs"])
    figure = Figure(figsize=(8.5, 6.4 if losses else 4.2), layout="constrained")
    panels = figure.subplots(2 if losses else 1, 1, sharex=True, squeeze=False, height_ratios=[3, 2] if losses else [1])
    for one, colour in zip(curves, _cycled(len(curves)), strict=True):
        points = one["epochs"]
        at = [point["epoch"] for point in points]
        recall = [100 * point[f"recall@{k}"] for point in points]
        label = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one["label"]).replace("$", r"\$")
        panels[0, 0].plot(at, recall, "o-", color=colour, markersize=3.5, linewidth=1.6, label=label[:60])
        best = max(range(len(at)), key=recall.__getitem__)
        panels[0, 0].annotate(
            f"{recall[best]:.1f}", (at[best], recall[best]), xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=9, color=colour,
        )  # fmt: skip
        first = points[0]["loss"]
        if losses and first:
            told = [(point["epoch"], point["loss"] / first) for point in points if point["loss"]]
            panels[1, 0].plot(*zip(*told, strict=True), "o-", color=colour, markersize=3.5, linewidth=1.6)
    _finish(panels[0, 0], f"Recall@{k} on validation, %")
    if losses:
        _finish(panels[1, 0], "loss, of the first epoch's")
    panels[-1, 0].set_xlabel("epoch")
    panels[-1, 0].locator_params(axis="x", integer=True)
    panels[0, 0].legend(loc="lower right", frameon=False, fontsize=9)
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in run["data"]["name"]).replace(
        "$", r"\$"
    )
    figure.suptitle(f"{name} · protocol {run['protocol']['name']} · by epoch", fontsize=12, x=0.01, ha="left")
    return figure


def _cycled(count: int) -> list[str]:
    return [_COLOURS[at % len(_COLOURS)] for at in range(count)]


def _finish(axes: Axes, title: str) -> None:
    axes.set_ylabel(title)
    axes.grid(alpha=0.25)
    axes.margins(y=0.12)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
