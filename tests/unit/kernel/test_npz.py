"""``.npz`` files that are damaged in the ways that zipfile, zlib, numpy and json each fail by in their own words."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.algorithms.model_file import ModelFile
from models.algorithms.popularity import Popularity
from models.algorithms.registry import load_model, make_algorithm
from models.prepared import load_sessions
from sessionrank.errors import DataError
from sessionrank.vectors import VectorsFile

LOADERS: tuple[Callable[[Path], Any], ...] = (
    VectorsFile.load,
    load_sessions,
    load_model,
    lambda path: ModelFile.load(path, Popularity),
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


def test_nobody_is_told_to_load_what_is_not_safe(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", ids=np.array([{}], dtype=object))
    (tmp_path / "text.npz").write_text("no vectors here")
    for name in ("v.npz", "text.npz"):
        with pytest.raises(DataError, match="or holds objects"):
            VectorsFile.load(tmp_path / name)


def changed(path: Path, **parts: Any) -> Path:
    """The file with some parts, or some of what its meta says, replaced (``None``: left out)."""
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    for name, value in parts.items():
        if name in arrays:
            arrays[name] = value
        else:
            meta["parameters"][name] = value
    meta["parameters"] = {name: value for name, value in meta["parameters"].items() if value is not None}
    arrays["meta"] = np.array(json.dumps(meta))
    np.savez(path, **arrays)
    return path


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("algorithm", "parts"),
    [
        ("vsknn", {"decay": "x"}),
        ("vsknn", {"decay": None}),
        ("vsknn", {"neighbours": [1]}),
        ("item-knn", {"last": -1}),
        ("sequential-rules", {"rules.indices": np.array([1e300])}),
        ("sequential-rules", {"rules.shape": np.array([3.0, 1e300])}),
        ("sequential-rules", {"rules.data": np.array([1e300])}),
        ("random", {"items": np.zeros((2, 2))}),
        ("blend", {"history": "x"}),
        ("blend", {"weights": np.array([np.nan])}),
        ("als", {"confidence": -1}),
    ],
)
def test_a_model_whose_parts_or_parameters_are_damaged_is_refused(
    tmp_path: Path, algorithm: str, parts: dict[str, Any]
) -> None:
    path = tmp_path / "model.npz"
    make_algorithm(algorithm).fit([["a", "b", "c", "a"], ["b", "c", "d"]] * 20).save(path)
    load_model(path)
    with pytest.raises(DataError):
        load_model(changed(path, **parts))


@pytest.mark.parametrize("seed", [None, "x", -1, 1.5])
def test_a_model_whose_seed_is_none_is_refused(tmp_path: Path, seed: object) -> None:
    path = tmp_path / "model.npz"
    np.savez(
        path,
        items=np.array(["a"]),
        meta=json.dumps({**json.loads(META), "algorithm": "random", "seed": seed, "parameters": {}}),
    )
    with pytest.raises(DataError, match="its parameters are damaged"):
        load_model(path)
