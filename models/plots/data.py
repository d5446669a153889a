"""Pictures of sessions: how often products are seen, and how long sessions are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["lengths_figure", "popularity_figure"]

_INK, _FAINT, _FILL, _ACCENT = "#1c1d1f", "#63666b", "#c9d8ea", "#2a5d9c"
#: From this ratio of the longest session to the median on, a linear axis would show one line and a crowd of dots.
_SKEWED = 10
#: Points of a curve; more cannot be told apart, and would make the SVG large.
_POINTS = 2000
#: Sessions drawn one by one beyond the whiskers.
_OUTLIERS = 2000


def popularity_figure(support: NDArray[np.int64]) -> Figure:
    """Events of each item, the most popular first, on a logarithmic axis.

    Args:
        support: how often each item is seen; those never seen are not drawn.
    """
    counts = np.sort(support[support > 0])[::-1]
    figure, axes = _figure(9, 5.4)
    ranks = np.unique(np.linspace(1, counts.size, min(counts.size, _POINTS)).round().astype(np.int64))
    axes.fill_between(ranks, counts[ranks - 1], 0.8, color=_FILL, linewidth=0)
    axes.plot(ranks, counts[ranks - 1], color=_ACCENT, linewidth=2, marker="o" if counts.size == 1 else None)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.8)
    axes.set_xlim(1 - 0.012 * counts.size, counts.size + max(0.1, 0.012 * counts.size))
    axes.set_xlabel("products, the most popular first (rank)")
    axes.set_ylabel("events of the product")
    _plain_numbers(axes.xaxis)
    _plain_numbers(axes.yaxis)
    _title(axes, f"Product popularity: {counts.size:,} products, {counts.sum():,} events", _shares(counts))
    return figure


def _shares(counts: NDArray[np.int64]) -> str:
    top = max(1, counts.size // 100)
    share = 100 * counts[:top].sum() / counts.sum()
    first = "The first has" if top == 1 else f"The first {top:,} have"
    return f"{first} {share:.0f} % of all events, {(counts == 1).sum():,} seen only once"


def lengths_figure(lengths: NDArray[np.int64]) -> Figure:
    """A box plot of the items in each session; the axis is logarithmic when the lengths are skewed.

    Args:
        lengths: items in each session; empty sessions are not drawn.
    """
    lengths = np.sort(lengths[lengths > 0])
    low, middle, high = np.percentile(lengths, [25, 50, 75])
    reach = 1.5 * (high - low)
    inside = lengths[(lengths >= low - reach) & (lengths <= high + reach)]
    beyond = lengths[(lengths < low - reach) | (lengths > high + reach)]
    figure, axes = _figure(9, 3.6)
    box = {"q1": low, "med": middle, "q3": high, "whislo": inside[0], "whishi": inside[-1], "fliers": _thinned(beyond)}
    _draw_box(axes, box)
    if lengths[-1] > _SKEWED * middle:
        axes.set_xscale("log")
    axes.set_yticks([])
    axes.set_ylim(0.55, 1.55)
    axes.set_xlabel("items in a session")
    _plain_numbers(axes.xaxis)
    # The most telling first: those that would cover one before are left out.
    _draw_numbers(axes, [middle, lengths[-1], lengths[0], high, low, inside[-1]])
    told = f"Half have at most {_number(middle)} items, 95 % at most {_number(np.percentile(lengths, 95))}"
    _title(axes, f"Session lengths: {lengths.size:,} sessions, {lengths.sum():,} events", told)
    return figure


def _draw_numbers(axes: Axes, places: Sequence[float]) -> None:
    """Write ``places`` above the box, but for those too near to one that is there already."""
    near = 0.045
    taken: list[float] = []
    for place in places:
        across = float(axes.transAxes.inverted().transform(axes.transData.transform((place, 1)))[0])
        if all(abs(across - other) > near for other in taken):
            taken.append(across)
            text = _number(place)
            axes.annotate(
                text, (place, 1.29), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=11, color=_INK
            )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"


def _thinned(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Different lengths, at most so many that a picture can hold them; the longest stays."""
    different = np.unique(lengths)
    step = -(-different.size // _OUTLIERS) or 1
    return different[::-1][::step]


def _draw_box(axes: Axes, box: dict[str, Any]) -> None:
    line = {"color": _ACCENT, "linewidth": 1.6}
    axes.bxp(
        [box],
        orientation="horizontal",
        widths=0.5,
        patch_artist=True,
        boxprops={"facecolor": _FILL, "edgecolor": _ACCENT, "linewidth": 1.6},
        medianprops={"color": _INK, "linewidth": 2.4},
        whiskerprops=line,
        capprops=line,
        flierprops={"marker": "o", "markersize": 4, "markerfacecolor": _ACCENT, "markeredgewidth": 0, "alpha": 0.35},
    )


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    # Imported here, because it takes long. The object interface keeps no state and opens no window.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("constrained", w_pad=0.15, h_pad=0.12)
    axes = figure.subplots()
    axes.grid(axis="both", color="#e4e6e9", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    axes.tick_params(labelsize=12, colors=_FAINT)
    axes.xaxis.label.set(fontsize=13, color=_INK)
    axes.yaxis.label.set(fontsize=13, color=_INK)
    return figure, axes


def _title(axes: Axes, title: str, caption: str) -> None:
    axes.set_title(title, loc="left", fontsize=16, color=_INK, pad=30)
    axes.text(0, 1.03, caption, transform=axes.transAxes, va="bottom", fontsize=11.5, color=_FAINT)


def _plain_numbers(axis: Any) -> None:
    """Whole numbers as people write them, also on a logarithmic axis: 10,000 instead of 10⁴."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = axis.get_view_interval()
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    elif high < 100 * low:  # so few powers of ten that the numbers between them are needed
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 12 * low else range(1, 10)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 or value == 0 else ""))
    axis.set_minor_formatter(NullFormatter())
