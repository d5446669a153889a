"""``.npz`` files that are damaged in the ways that zipfile, zlib, numpy and json each fail by in their own words."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessionrank.models.algorithms.model_file import ModelFile
from sessionrank.models.algorithms.registry import load_model
from sessionrank.models.prepared import load_sessions

from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

LOADERS: tuple[Callable[[Path], Any], ...] = (
    VectorsFile.load,
    load_sessions,
    load_model,
    lambda path: ModelFile.load(path, "popularity"),
)
META = '{"format_version": 1, "session_file_version": 1, "model_version": 1, "algorithm": "popularity"}'


def header(shape: str) -> bytes:
    said = f"{{'descr':'<i8','fortran_order':False,'shape':{shape}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said


def with_arrays(path: Path, damaged: bytes) -> Path:
    """A file whose arrays, whatever they are called, all are ``damaged``."""
    np.savez(path, meta=np.array(META))
    with zipfile.ZipFile(path, "a") as file:
        for name in ("ids", "vectors", "support", "items", "item_lengths", "codes", "lengths"):
            file.writestr(f"{name}.npy", damaged)
    return path


def with_wrong_deflate(path: Path) -> Path:
    np.savez_compressed(path, meta=np.array(META), items=np.zeros(1000))
    content = bytearray(path.read_bytes())
    start = 30 + int.from_bytes(content[26:28], "little") + int.from_bytes(content[28:30], "little")
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: with_arrays(path, header("(99999999999999999999999,)}")),
        lambda path: with_arrays(path, header("(1000000000000000,)}")),
        lambda path: with_arrays(path, header("((((")),
        lambda path: with_arrays(path, b"no array"),
        with_wrong_deflate,
        lambda path: np.savez(path, meta=np.array("[" * 100_000)),
        lambda path: np.savez(path, meta=np.array(json.dumps({"algorithm": []}))),
    ],
    ids=["huge shape", "no memory for it", "header cut off", "no header", "deflate", "deep json", "odd maker"],
)
@pytest.mark.parametrize("load", LOADERS, ids=["vectors", "sessions", "model", "model file"])
def test_a_damaged_file_is_told_in_one_line(
    tmp_path: Path, load: Callable[[Path], Any], damage: Callable[[Path], Any]
) -> None:
    path = tmp_path / "damaged.npz"
    damage(path)
    with pytest.raises(DataError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def vectors_with(path: Path, **changes: Any) -> Path:
    parts = {"ids": np.array(["a"]), "vectors": np.ones((1, 2), dtype="<f4"), "support": np.array([1])}
    np.savez(path, **{**parts, **changes}, meta=np.array(META))
    return path


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "changes",
    [
        {"vectors": np.ones((1, 2), dtype=complex)},
        {"vectors": np.array([[1e300, 1.0]])},
        {"support": np.array([1e300])},
        {"support": np.array([np.nan])},
        {"support": np.array(["2020-01-01"], dtype="M8[s]")},
    ],
)
def test_numbers_that_do_not_fit_are_refused_without_a_warning(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="not a vectors file"):
        VectorsFile.load(vectors_with(tmp_path / "v.npz", **changes))


def test_a_part_that_is_no_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, vectors=np.ones((1, 2), dtype="<f4"), support=np.array([1]), meta=np.array(META))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("ids.npy", b"no array")
    with pytest.raises(DataError, match="its part ids is no array"):
        VectorsFile.load(path)
