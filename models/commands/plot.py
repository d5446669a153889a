"""``sessionrank model plot``: the group; each plot is a command in a file of its own."""

from __future__ import annotations

import click

from sessionrank.cli import LazyGroup

__all__ = ["COMMANDS", "plot"]

COMMANDS: dict[str, tuple[str, str, str]] = {
    "data": ("sessionrank.models.commands.plot_data:plot_data", "models", "Product popularity and session lengths."),
}


@click.group(cls=LazyGroup, registry=COMMANDS)
def plot() -> None:
    """Pictures of data and results, as PNG and SVG.

    \b
    Examples:
      sessionrank model plot data sessions.txt --out plots
    """
