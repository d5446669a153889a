"""``sessionrank model plot data``: a look at the sessions before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sessionrank.console import out, print_json, printable

from ..plots.data import lengths_figure, popularity_figure
from ..plots.writing import write_figures
from ..summary import summary
from ..targets import check_folder
from .data_options import data_options, read_data, take_reader

__all__ = ["plot_data"]


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="The folder to write to.")
@data_options()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def plot_data(data: Path, folder: Path, as_json: bool, **options: Any) -> None:
    """Draw how often the products of DATA are seen (popularity) and how long its sessions are (session-lengths).

    Each picture is written as PNG and as SVG; the same data give the same files. What the options leave out is not
    drawn either.

    \b
    Examples:
      sessionrank model plot data sessions.npz --out plots
      sessionrank model plot data OnlineRetail.csv.gz --group-by invoice --min-length 1 --out plots
      sessionrank model plot data events.parquet --max-length-percentile 100 --out plots --json
    """
    reader = take_reader(data, options)
    check_folder("--out", folder)
    read, origin = read_data(data, reader)
    sessions = read.sessions
    figures = {"popularity": popularity_figure(sessions.support), "session-lengths": lengths_figure(sessions.lengths)}
    files = write_figures(folder, figures)
    if as_json:
        print_json({"files": [str(file) for file in files], **summary(sessions), "data": origin})
        return
    for file in files:
        out.print(printable(str(file)), markup=False)
