"""A map as a page to move about in, by plotly: one file that loads nothing, so that it works offline."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.console import printable
from sessionrank.writing import replacing

from ..pages.page import escaped, page, shortened
from .colouring import Categories, Scale
from .drawing import Drawing

__all__ = ["save_html"]

#: plotly's script stands in the page; nothing may be loaded or sent.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_STYLE = """\
html, body { height: 100%; }
body { margin: 0; display: flex; flex-direction: column; background: #fff; color: #1c1d1f;
  font: 15px/1.4 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
header { padding: .8rem 1.2rem 0; }
h1 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .1rem 0 0; color: #63666b; font-size: .85rem; overflow-wrap: anywhere; }
main { flex: 1; min-height: 24rem; }"""
_HOW = "Scroll to zoom, drag to move, point at an item to see what it is."
_BUTTONS = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]
_LONGEST = 60


def save_html(drawing: Drawing, path: Path) -> None:
    """Write the page; pointing at an item shows its name, its id and its value in the column."""
    # Imported here: only this needs it, and it takes a second to load.
    from plotly.graph_objects import Figure  # type: ignore[import-untyped]

    figure = Figure(data=_traces(drawing), layout=_layout(drawing))
    plot = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        config={
            "displaylogo": False,
            "scrollZoom": True,
            "responsive": True,
            "modeBarButtons": [_BUTTONS],
            "toImageButtonOptions": {"filename": "map", "scale": 2},
        },
        div_id="map",
    )
    how = f"{_HOW} Click a group in the legend to hide it." if isinstance(drawing.colours, Categories) else _HOW
    head = f"<header><h1>{escaped(drawing.title)}</h1><p>{escaped(drawing.caption)}</p><p>{how}</p></header>"
    with replacing(path) as partial:
        made = page(drawing.title, f"{head}\n<main>{plot}</main>", style=_STYLE, policy=_POLICY)
        partial.write_text(made, encoding="utf-8")


def _traces(drawing: Drawing) -> list[dict[str, Any]]:
    if isinstance(drawing.colours, Scale):
        return _scale_traces(drawing, drawing.colours)
    # The grey ones are drawn first, below the others, and stand last in the legend.
    ranked = enumerate(drawing.colours.groups)
    return [
        {
            **_points(drawing, group.rows, {"color": group.colour, "opacity": 0.85}),
            "name": f"{_text(group.label)} ({group.rows.size:,})",
            "legendrank": rank + 1,
        }
        for rank, group in reversed(list(ranked))
    ]


def _scale_traces(drawing: Drawing, colours: Scale) -> list[dict[str, Any]]:
    there = ~np.isnan(colours.shades)
    bar = {
        "title": {"text": _text(drawing.column)},
        "tickvals": [place for place, _ in colours.ticks],
        "ticktext": [label for _, label in colours.ticks],
        "outlinewidth": 0,
        "len": 0.6,
        "y": 1,
        "yanchor": "top",
    }
    shaded = {"color": colours.shades[there], "colorscale": "Viridis", "cmin": 0, "cmax": 1, "colorbar": bar}
    traces = [_points(drawing, np.flatnonzero(~there), {"color": "#dcdee1"})] if not there.all() else []
    return [*traces, _points(drawing, np.flatnonzero(there), shaded)]


def _points(drawing: Drawing, rows: NDArray[np.int64], marker: dict[str, Any]) -> dict[str, Any]:
    n = len(drawing.coordinates.ids)
    places = np.round(drawing.coordinates.places[rows], 3)
    return {
        # Not WebGL: it needs the right to evaluate code, and hardware that not every screen has.
        "type": "scatter",
        "mode": "markers",
        "x": places[:, 0],
        "y": places[:, 1],
        "marker": {"size": 6 if n < 5000 else 4, **marker},
        "text": [_hover(drawing, row) for row in rows.tolist()],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": isinstance(drawing.colours, Categories),
    }


def _hover(drawing: Drawing, row: int) -> str:
    sku, name = drawing.coordinates.ids[row], drawing.names[row]
    lines = [f"<b>{_text(name or sku)}</b>", *([_text(sku)] if name else [])]
    return "<br>".join([*lines, f"{_text(drawing.column)}: {_text(drawing.values[row] or 'no value')}"])


def _layout(drawing: Drawing) -> dict[str, Any]:
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    return {
        "template": "plotly_white",
        "margin": {"l": 20, "r": 20, "t": 40, "b": 20},
        "dragmode": "pan",
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": "#fff", "font": {"color": "#1c1d1f", "size": 13}},
        "xaxis": hidden,
        "yaxis": {**hidden, "scaleanchor": "x"},
        "legend": {"title": {"text": _text(drawing.column)}, "itemsizing": "constant", "font": {"size": 13}},
    }


def _text(text: str) -> str:
    """Text from outside for a figure: plotly reads a few HTML tags, and of the entities only these three."""
    return html.escape(printable(shortened(text, _LONGEST)), quote=False)
