"""Figures as files: PNG to look at, SVG to print, the same bytes for the same figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sessionrank.writing import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_figures"]

_DOTS_PER_INCH = 150


def write_figures(folder: Path, figures: Mapping[str, Figure]) -> list[Path]:
    """Write each figure as ``<name>.png`` and ``<name>.svg`` into ``folder``.

    Raises:
        ConfigurationError: a file cannot be written.
    """
    import matplotlib

    written = []
    # Without the salt the ids inside an SVG are random, and without an empty date it names the day.
    with matplotlib.rc_context({"svg.hashsalt": "sessionrank"}):
        for name, figure in figures.items():
            for suffix, metadata in (("png", {}), ("svg", {"Date": None})):
                target = folder / f"{name}.{suffix}"
                with replacing(target) as partial:
                    figure.savefig(partial, format=suffix, dpi=_DOTS_PER_INCH, metadata=metadata)
                written.append(target)
    return written
