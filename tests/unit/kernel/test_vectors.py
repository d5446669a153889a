"""The vectors file and the stored bytes."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile, decode, decode_lengths, unit


def made(**changes: object) -> VectorsFile:
    parts: dict[str, object] = {
        "ids": ["a", "b"],
        "vectors": [[3.0, 4.0], [0.0, 2.0]],
        "support": [5, 1],
        "meta": {"algorithm": "word2vec"},
    }
    return VectorsFile.build(**(parts | changes))  # type: ignore[arg-type]


def test_a_file_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "v.npz"
    made().save(path)
    read = VectorsFile.load(path)
    assert read.ids.tolist() == ["a", "b"]
    assert read.vectors.dtype == np.dtype("<f4")
    assert read.vectors == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))
    assert read.support.tolist() == [5, 1]
    assert (read.lengths.tolist(), read.lengths.dtype, read.has_lengths) == ([5.0, 2.0], np.dtype("<f4"), True)
    assert read.meta == {"algorithm": "word2vec", "format_version": 1}
    assert [p.name for p in path.parent.iterdir()] == ["v.npz"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ids": ["a"]}, "1 ids, but vectors of shape"),
        ({"ids": ["a", "a"]}, "stands twice"),
        ({"ids": []}, "at least one"),
        ({"support": [1]}, "support of shape"),
        ({"vectors": [[1.0, np.nan], [0.0, 1.0]]}, "not finite"),
        ({"vectors": [1.0, 2.0]}, "vectors of shape"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        made(**changes)


def test_what_is_no_vectors_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no vectors here")
    (tmp_path / "empty").write_bytes(b"")
    np.savez(tmp_path / "other.npz", x=np.arange(3))
    np.savez(tmp_path / "pickle.npz", ids=np.array([{}], dtype=object))
    np.save(tmp_path / "plain.npy", np.arange(3))
    for name in ("text", "empty", "other.npz", "pickle.npz", "plain.npy", "missing.npz"):
        with pytest.raises(DataError) as caught:
            VectorsFile.load(tmp_path / name)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)


def write_raw(path: Path, vectors: list[list[float]], **more: object) -> Path:
    """A file by another program, whose vectors are of any length."""
    matrix = np.array(vectors, dtype="<f4")
    ids = np.array([f"P{n}" for n in range(len(matrix))])
    parts = {"support": np.ones(len(matrix), dtype=np.int64), "meta": '{"format_version": 1}', **more}
    np.savez(path, ids=ids, vectors=matrix, **parts)  # type: ignore[arg-type]
    return path


def test_vectors_of_another_length_are_brought_to_unit_length(tmp_path: Path) -> None:
    read = VectorsFile.load(write_raw(tmp_path / "v.npz", [[30.0, 40.0], [0.0, 0.0], [0.0, 0.25]]))
    assert read.vectors == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]]))
    assert read.vectors.dtype == np.dtype("<f4")
    assert read.lengths.tolist() == [50.0, 1.0, 0.25]


def test_a_file_without_lengths_has_1_for_all(tmp_path: Path) -> None:
    read = VectorsFile.load(write_raw(tmp_path / "v.npz", [[0.6, 0.8], [0.0, 1.0]]))
    assert (read.lengths.tolist(), read.lengths.dtype, read.has_lengths) == ([1.0, 1.0], np.dtype("<f4"), False)


def test_a_vector_that_is_longer_than_its_file_says_is_longer_by_so_much(tmp_path: Path) -> None:
    read = VectorsFile.load(write_raw(tmp_path / "v.npz", [[0.0, 4.0], [0.0, 1.0]], lengths=np.array([0.5, 3.0])))
    assert read.vectors.tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert read.lengths.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        ([1.0], "2 ids, but lengths of shape"),
        ([[1.0], [1.0]], "2 ids, but lengths of shape"),
        ([1.0, 0.0], "a length is not a number above 0"),
        ([1.0, -2.0], "a length is not a number above 0"),
        ([1.0, np.nan], "a length is not a number above 0"),
        ([1.0, np.inf], "a length is not a number above 0"),
        (["one", "two"], "numbers expected"),
    ],
)
def test_lengths_that_are_none_are_refused(tmp_path: Path, lengths: list[object], told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        VectorsFile.load(write_raw(tmp_path / "v.npz", [[0.0, 4.0], [0.0, 1.0]], lengths=np.array(lengths)))
    assert "\n" not in str(caught.value)


def test_what_is_of_unit_length_but_for_rounding_has_length_1() -> None:
    file = made(vectors=[[0.60003, 0.80004], [0.0, 0.0]])
    assert (file.lengths.tolist(), file.has_lengths) == ([1.0, 1.0], False)


def test_no_length_is_too_long_or_too_short_for_its_bytes() -> None:
    file = made(vectors=[[3e38, 3e38], [1e-45, 0.0]])
    assert np.isfinite(file.lengths).all()
    assert (file.lengths > 0).all()


def test_some_rows_bring_all_that_belongs_to_them() -> None:
    file = made().rows(np.array([False, True]))
    assert (file.ids.tolist(), file.vectors.tolist(), file.support.tolist()) == (["b"], [[0.0, 1.0]], [1])
    assert (file.lengths.tolist(), file.meta) == ([2.0], made().meta)


def test_sound_vectors_keep_their_bytes_beside_one_that_is_not(tmp_path: Path) -> None:
    nearly = [0.60003, 0.80004]
    read = VectorsFile.load(write_raw(tmp_path / "v.npz", [nearly, [3.0, 4.0]]))
    assert read.vectors[0].tobytes() == np.array(nearly, dtype="<f4").tobytes()
    assert read.vectors[1] == pytest.approx([0.6, 0.8])


def test_a_file_of_zeros_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"v\.npz: every vector is zero"):
        VectorsFile.load(write_raw(tmp_path / "v.npz", [[0.0, 0.0], [0.0, 0.0]]))


def test_unit_leaves_zeros_alone() -> None:
    assert unit(np.array([[0.0, 0.0], [0.0, 5.0]])).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def blob(*numbers: float) -> bytes:
    return np.array(numbers, dtype="<f4").tobytes()


def test_decoding_leaves_out_what_is_no_vector() -> None:
    matrix, positions = decode([blob(1, 2, 3), None, blob(1, 2), b"x", blob(3, 4), blob(np.nan, 0), b""])
    assert positions == [2, 4]
    assert matrix.tolist() == [[1, 2], [3, 4]]


def test_the_wanted_size_decides_when_it_is_given() -> None:
    matrix, positions = decode([blob(1, 2, 3), blob(1, 2)], 3)
    assert (positions, matrix.shape) == ([0], (1, 3))


@pytest.mark.parametrize("blobs", [[], [None], [b""], [b"abc"]])
def test_there_may_be_nothing_to_decode(blobs: list[bytes | None]) -> None:
    matrix, positions = decode(blobs)
    assert (len(matrix), positions) == (0, [])


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_written_whole_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    path = tmp_path / "v.npz"
    made().save(path)
    before = path.read_bytes()

    def half(file: BinaryIO, **_: object) -> None:
        file.write(b"half")
        raise stop

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises((ConfigurationError, KeyboardInterrupt)):
        made().save(path)
    assert [one.name for one in tmp_path.iterdir()] == ["v.npz"]
    assert path.read_bytes() == before


def test_stored_lengths_that_are_none_count_1() -> None:
    hostile = [blob(-2), blob(0), blob(np.nan), blob(np.inf), b"", b"odd", blob(2, 3), b"\x01\x00\xa0\x7f", None]
    assert decode_lengths([blob(2.5), *hostile, blob(0.5)]).tolist() == [2.5, *[1.0] * len(hostile), 0.5]
    assert decode_lengths([]).tolist() == []
