"""``.npz`` files: opened without pickles, and whatever is wrong with one ends in one line; written in one step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from sessionrank.errors import DataError
from sessionrank.writing import replacing, told_in_one_line

__all__ = ["opened", "save"]

#: Longest part of an error of another library that is shown.
_LONGEST_REASON = 200


@contextmanager
def opened(path: Path | str, *, missing: str, otherwise: str) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The arrays of the file, by name; each is read when it is asked for, so that the block has to do the asking.

    Args:
        missing, otherwise: what is said behind the file's name when there is none, and when it is something else.

    Raises:
        DataError: there is no such file, or reading it failed, in whatever way.
    """
    try:
        # Opened here, because numpy leaves a file open that it cannot read.
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as parts, np.errstate(all="raise"):
            yield _Arrays(parts)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: {missing}") from error
    except Exception as error:  # a damaged file fails in more ways than zipfile, zlib, numpy and json name
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        if "pickle" in reason:  # what numpy says here is how to run what the file brings along
            reason = "it is no .npz, or holds objects"
        raise DataError(f"{path}: {otherwise}: {reason or type(error).__name__}") from error


def save(path: Path | str, meta: Mapping[str, Any], **arrays: NDArray[Any]) -> None:
    """Write arrays by name, and ``meta`` as a JSON text; a reader sees the old file or the whole new one.

    Raises:
        ConfigurationError: it cannot be written (a full disk, for example); nothing is left behind then.
    """
    with told_in_one_line(str(path)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    with replacing(Path(path)) as partial, partial.open("wb") as file:
        np.savez(file, **arrays, meta=np.array(json.dumps(meta, sort_keys=True)))  # type: ignore[arg-type]


class _Arrays(Mapping[str, NDArray[Any]]):
    """What numpy gives, except that a member of the file that is no array is an error and not its bytes."""

    def __init__(self, parts: NpzFile) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> NDArray[Any]:
        found = self._parts[name]
        if not isinstance(found, np.ndarray):
            raise ValueError(f"its part {name} is no array")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts.files)

    def __len__(self) -> int:
        return len(self._parts.files)
