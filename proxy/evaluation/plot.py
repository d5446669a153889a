"""The figures of an evaluation as a picture: the MRR of each order, and what each part of the searches gains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionrank.errors import ConfigurationError
from sessionrank.writing import replacing, told_in_one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SUFFIXES", "check_plot", "draw_evaluation", "evaluation_figure"]

SUFFIXES = (".png", ".svg")
_ORDER, _CONTROL, _PLAIN, _HARM = "#1f5fa8", "0.65", "0.35", "#c0392b"


def check_plot(path: Path) -> None:
    """Raises :class:`ConfigurationError` where no picture could be drawn there."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigurationError(f"--plot: {path} must end in {' or '.join(SUFFIXES)}")
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "--plot needs matplotlib, which is missing: install it with `pip install 'sessionrank[models]'`"
        ) from error


def draw_evaluation(document: Mapping[str, Any], path: Path) -> None:
    """Write the picture. Raises :class:`ConfigurationError` where it cannot be written."""
    figure = evaluation_figure(document)
    with told_in_one_line(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, partial.open("wb") as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=130)


def evaluation_figure(document: Mapping[str, Any]) -> Figure:
    """MRR by order on the left; on the right, for the first strategy, the difference in each part of the searches."""
    # Imported here: matplotlib takes half a second to load. Its object interface draws without a display (Agg).
    from matplotlib.figure import Figure

    measured = {name: one for name, one in document["strategies"].items() if not one["control"]}
    first = next(iter(measured))
    slices = measured[first]["slices"]
    height = 1.8 + 0.34 * max(len(slices), len(document["strategies"]) + 2)
    figure = Figure(figsize=(12.5, height), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
    _orders(left, document)
    _slices(right, slices, first)
    protocol = document["protocol"]
    figure.suptitle(
        f"{_plain(protocol['log']['name'])} · {_plain(protocol['index'])} · {protocol['cases']:,} searches of "
        f"{protocol['visitors']:,} visitors, intervals 95 %",
        fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def _orders(axes: Axes, document: Mapping[str, Any]) -> None:
    rows = [] if document["raw"] is None else [("without popularity", document["raw"]["mrr"], _CONTROL)]
    rows.append(("plain", document["plain"]["mrr"], _PLAIN))
    rows += [
        (name, one["metrics"]["mrr"], _CONTROL if one["control"] else _ORDER)
        for name, one in document["strategies"].items()
    ]
    for at, (_, found, colour) in enumerate(rows):
        axes.barh(at, found["mean"], color=colour, height=0.62)
        _interval(axes, found, at)
        axes.annotate(
            f"{found['mean']:.3f}", (found["high"] or found["mean"], at), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=9,
        )  # fmt: skip
    _finish(axes, [name for name, _, _ in rows], "MRR of the clicked hit")
    axes.set_xlim(0.0, 1.15 * axes.get_xlim()[1])
    axes.axvline(document["plain"]["mrr"]["mean"], color=_PLAIN, linewidth=1, linestyle=(0, (4, 3)), zorder=0)


def _slices(axes: Axes, slices: list[dict[str, Any]], name: str) -> None:
    for at, part in enumerate(slices):
        found = part["difference"]
        axes.barh(at, found["mean"], color=_HARM if part["harmed"] else _ORDER, height=0.62)
        _interval(axes, found, at)
    labels = [f"{part['by']}: {part['part']} ({part['cases']:,})" for part in slices]
    _finish(axes, labels, f"MRR of {_plain(name)} above plain, by part of the searches")
    axes.axvline(0.0, color=_PLAIN, linewidth=1)


def _interval(axes: Axes, found: Mapping[str, float | None], at: int) -> None:
    if found["low"] is not None and found["high"] is not None:
        axes.plot([found["low"], found["high"]], [at, at], color="black", linewidth=1.4)


def _finish(axes: Axes, labels: list[str], title: str) -> None:
    axes.set_yticks(range(len(labels)), [_plain(label) for label in labels], fontsize=9)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(axis="x", alpha=0.25)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _plain(text: str) -> str:
    """Text from outside, not to be taken for mathematics by matplotlib."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text).replace("$", r"\$")
