"""Model files of algorithms that have no vectors: named arrays and a description, in an ``.npz`` without pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from sessionrank.errors import DataError
from sessionrank.npz import opened
from sessionrank.writing import replacing

from .base import Algorithm

__all__ = ["FORMAT_VERSION", "ModelFile"]

FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelFile:
    """The items of a model, its arrays by name, and where it comes from."""

    items: tuple[str, ...]
    arrays: Mapping[str, NDArray[Any]]
    meta: dict[str, Any]

    @classmethod
    def with_matrix(cls, items: tuple[str, ...], meta: dict[str, Any], **matrices: Any) -> ModelFile:
        """A file whose arrays are the parts of sparse matrices (or dense arrays as they are)."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, matrix in matrices.items():
            if isinstance(matrix, sparse.csr_array):
                arrays[f"{name}.data"] = matrix.data
                arrays[f"{name}.indices"] = matrix.indices
                arrays[f"{name}.indptr"] = matrix.indptr
                arrays[f"{name}.shape"] = np.array(matrix.shape, dtype=np.int64)
            else:
                arrays[name] = np.asarray(matrix)
        return cls(items, arrays, meta)

    def matrix(self, name: str) -> sparse.csr_array:
        """The sparse matrix ``name``; raises :class:`DataError` when its parts do not make one."""
        try:
            parts = [self.arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")]
            if parts[0].dtype != np.float32 or any(
                part.dtype.kind != "i" for part in [*parts[1:], self.arrays[f"{name}.shape"]]
            ):
                raise ValueError("numbers of another kind")
            made = sparse.csr_array(tuple(parts), shape=tuple(self.arrays[f"{name}.shape"].tolist()))
            made.check_format(full_check=True)
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise DataError(f"a model file whose part {name} is damaged: {error}") from error
        return made

    def save(self, path: Path | str) -> None:
        """Write the file; a reader sees the old one or the whole new one."""
        meta = json.dumps({"model_version": FORMAT_VERSION, **self.meta}, sort_keys=True)
        with replacing(Path(path)) as partial, partial.open("wb") as file:
            np.savez(file, items=np.array(self.items, dtype=np.str_), meta=np.array(meta), **self.arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path | str, algorithm: type[Algorithm]) -> ModelFile:
        """Read the file of a model that ``algorithm`` made.

        Raises:
            DataError: the file is missing, is something else, is of another algorithm or version, or its parameters
                are not what the algorithm takes.
        """
        missing = "no such model file; make one with `sessionrank model train`"
        with opened(path, missing=missing, otherwise="not a model file (.npz with items and meta)") as parts:
            arrays = dict(parts)
            ids = arrays.pop("items")
            if ids.ndim != 1 or ids.dtype.kind != "U":
                raise ValueError("its items are no list of texts")
            if wrong := [name for name, array in arrays.items() if array.dtype.kind == "f" and not _finite(array)]:
                raise ValueError(f"its part {wrong[0]} holds a number that is not finite; train it again")
            items, meta = tuple(ids.tolist()), json.loads(str(arrays.pop("meta")))
            version, maker = meta.get("model_version"), meta.get("algorithm")
        if version != FORMAT_VERSION:
            raise DataError(f"{path}: a model file of version {version}, not {FORMAT_VERSION}; train it again")
        if maker != algorithm.name:
            raise DataError(f"{path}: made by {maker!r}, not by {algorithm.name}")
        algorithm.check_described(path, meta)
        return cls(items, arrays, meta)


def _finite(array: NDArray[Any]) -> bool:
    return bool(np.isfinite(array).all())
