"""One column of a block of rows, whatever format the rows are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import DataError

from .ids import Ids

__all__ = ["Column", "check_columns", "no_column"]

#: Characters of the list of columns in an error.
_NAMED = 400


class Column(Protocol):
    """One column of a block of rows."""

    def codes(self, ids: Ids) -> NDArray[np.int32]:
        """The codes of its ids."""

    def seconds(self) -> NDArray[np.float64]:
        """Its times as seconds since 1970, NaN where they cannot be read."""


def no_column(path: Path | str, missing: Mapping[str, str], there: Sequence[str]) -> DataError:
    """The error for columns that a file does not have, by the options that name them."""
    names = ", ".join(there)[:_NAMED] or "none"
    options = ", ".join(missing)
    return DataError(f"{path}: no column {', '.join(missing.values())}; there are: {names}; say which with {options}")


def check_columns(path: Path | str, wanted: Mapping[str, str], there: Sequence[str]) -> None:
    """Raise :class:`DataError` unless each of the ``wanted`` columns (by their options) is there, and once."""
    if missing := {option: name for option, name in wanted.items() if name not in there}:
        raise no_column(path, missing, there)
    if twice := [name for name in wanted.values() if there.count(name) > 1]:
        raise DataError(f"{path}: column {twice[0]} stands there twice; which one is meant?")
