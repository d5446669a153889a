"""A map as a PNG picture, by matplotlib."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sessionrank.console import printable
from sessionrank.writing import replacing

from ..pages.page import shortened
from .colouring import Categories, Scale
from .drawing import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

__all__ = ["save_png"]

_INCHES = (13, 8.5)
_DOTS_PER_INCH = 150
_LONGEST_LABEL = 30
#: So many items are tried for a label at most: measuring a text costs a millisecond.
_CANDIDATES = 600
_INK, _FAINT = "#1c1d1f", "#63666b"


def save_png(drawing: Drawing, path: Path, *, labels: int = 24) -> None:
    """Draw the map; up to ``labels`` of its best supported items are named on it, where there is room."""
    # Imported here: only a picture needs it. The object interface keeps no state and opens no window.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained", w_pad=0.2, h_pad=0.2)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    if isinstance(drawing.colours, Categories):
        _draw_groups(axes, drawing, drawing.colours)
    else:
        _draw_scale(axes, drawing, drawing.colours)
    _plain(axes.set_title(_one_line(drawing.title, 90), loc="left", fontsize=16, color=_INK, pad=24))
    caption = _one_line(drawing.caption, 160)
    _plain(axes.text(0, 1.01, caption, transform=axes.transAxes, va="bottom", fontsize=10, color=_FAINT))
    with replacing(path) as partial, warnings.catch_warnings():
        # A name in a script that the font does not have is shown as boxes; that is no reason to say so by the dozen.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support .* natively")
        _draw_labels(axes, canvas, drawing, labels)
        canvas.print_png(partial)  # type: ignore[no-untyped-call]


def _draw_groups(axes: Axes, drawing: Drawing, colours: Categories) -> None:
    places, size = drawing.coordinates.places, _point_size(drawing)
    # The grey ones come last in the legend but lie below the others.
    for height, group in enumerate(reversed(colours.groups)):
        axes.scatter(
            places[group.rows, 0],
            places[group.rows, 1],
            s=size,
            c=group.colour,
            alpha=0.85,
            linewidths=0,
            zorder=2 + height / 100,
        )
    handles = [
        axes.scatter([], [], s=60, c=group.colour, linewidths=0, label=f"group {at}")
        for at, group in enumerate(colours.groups)
    ]
    legend = axes.legend(
        handles=handles, title="column", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=11
    )
    # Set afterwards: matplotlib leaves out labels that begin with an underscore and reads $…$ as mathematics.
    for text, group in zip(legend.get_texts(), colours.groups, strict=True):
        _plain(text).set_text(f"{_one_line(group.label, _LONGEST_LABEL)} ({group.rows.size:,})")
    title = _plain(legend.get_title())
    title.set_text(_one_line(drawing.column, _LONGEST_LABEL))
    title.set_fontsize(12)
    legend.set_alignment("left")


def _draw_scale(axes: Axes, drawing: Drawing, colours: Scale) -> None:
    places, size = drawing.coordinates.places, _point_size(drawing)
    there = ~np.isnan(colours.shades)
    axes.scatter(places[~there, 0], places[~there, 1], s=size, c="#dcdee1", linewidths=0, zorder=2)
    shown = axes.scatter(
        places[there, 0],
        places[there, 1],
        s=size,
        c=colours.shades[there],
        cmap="viridis",
        vmin=0,
        vmax=1,
        linewidths=0,
        zorder=3,
    )
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.5, aspect=24, pad=0.02, anchor=(0.0, 1.0))
    bar.outline.set_visible(False)
    bar.set_ticks([place for place, _ in colours.ticks], labels=[label for _, label in colours.ticks])
    # Beside the bar, along it: above it a long name would be cut off.
    bar.set_label(_one_line(drawing.column, _LONGEST_LABEL), fontsize=12)
    _plain(bar.ax.yaxis.label)


def _draw_labels(axes: Axes, canvas: FigureCanvasAgg, drawing: Drawing, most: int) -> None:
    """Name the best supported items whose names neither cover another name nor leave the picture."""
    from matplotlib.patheffects import withStroke

    # What is where is known only once all else was laid out.
    canvas.figure.draw_without_rendering()
    canvas.figure.set_layout_engine("none")
    axes.set_autoscale_on(False)
    taken: list[Bbox] = []
    # Equal supports keep the order of the file.
    for row in np.argsort(-drawing.coordinates.support, kind="stable").tolist()[:_CANDIDATES]:
        if len(taken) >= most:
            break
        x, y = drawing.coordinates.places[row].tolist()
        name = _one_line(drawing.names[row] or drawing.coordinates.ids[row], _LONGEST_LABEL)
        text = axes.annotate(name, (x, y), (0, 5), textcoords="offset points", ha="center", fontsize=8, color=_INK)
        _plain(text).set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        text.set_zorder(6)
        box = text.get_window_extent().padded(14, 8)
        if box.count_overlaps(taken) or axes.bbox.count_contains(box.get_points()) < 2:
            text.remove()
            continue
        taken.append(box)
        axes.scatter(x, y, s=14, c=_INK, linewidths=0.8, edgecolors="white", zorder=5)


def _point_size(drawing: Drawing) -> float:
    return float(np.clip(40_000 / len(drawing.coordinates.ids), 2, 40))


def _one_line(text: str, length: int) -> str:
    return printable(shortened(text, length))


def _plain(text: Text) -> Text:
    """A text in which a dollar sign is a dollar sign."""
    text.set_parse_math(False)
    return text
