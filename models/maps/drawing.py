"""What both kinds of map show, decided before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .colouring import Categories, Scale
from .coordinates import Coordinates

__all__ = ["Drawing"]


@dataclass(frozen=True)
class Drawing:
    """A map of items; all texts are as they came, each picture makes them safe for itself."""

    coordinates: Coordinates
    #: Names of the items, empty where there are none.
    names: Sequence[str]
    #: The column that gives the colours, and its values.
    column: str
    values: Sequence[str]
    colours: Categories | Scale
    title: str
    #: How the map was made.
    caption: str
