"""The folder of a sweep: one process at a time, one sweep, and nothing left behind."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from models.tuning.folder import check_sweep, private_folder, sweep_lock
from sessionrank.errors import ConfigurationError, DataError

ASKED = {"algorithm": "word2vec", "data": {"sha256": "abc"}, "space": {"sg": ["Choices", (0, 1)]}, "seed": 1}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where private folders are made, as if its path were short."""
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr("models.tuning.folder._LONGEST_PARENT", 4096)
    return place


def test_only_one_process_works_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    busy = pytest.raises(ConfigurationError, match="another `model tune` is at work")
    with sweep_lock(folder), busy, sweep_lock(folder):
        pass
    with sweep_lock(folder):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="it is not a folder"), sweep_lock(tmp_path / "file"):
        pass


def test_a_private_folder_is_ours_alone_and_goes_away(short: Path, tmp_path: Path) -> None:
    with sweep_lock(tmp_path / "sweep") as lock, private_folder(lock) as folder:
        assert folder.parent == short
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "inside").write_text("")
    assert list(short.iterdir()) == []
    assert lock.read_text() == ""


def test_it_stands_under_tmp_where_sockets_would_have_too_long_a_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 40)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with sweep_lock(tmp_path / "sweep") as lock, private_folder(lock) as folder:
        assert len(str(folder)) < 20


def test_what_a_killed_process_left_behind_is_removed(short: Path, tmp_path: Path) -> None:
    left = short / "srt-abc"
    left.mkdir()
    (left / "socket").write_text("")
    with sweep_lock(tmp_path / "sweep") as lock:
        lock.write_text(f"{left}\n")
        with private_folder(lock):
            assert not left.exists()
            # A worker that was just starting then makes it anew.
            left.mkdir()
    assert list(short.iterdir()) == []


@pytest.mark.parametrize("name", ["home", "srt-link", "../t2/srt-abc", "", "\x00", "srt-none\nsrt-x"])
def test_a_lock_file_that_names_something_else_removes_nothing(short: Path, tmp_path: Path, name: str) -> None:
    other = short.parent / "t2"
    (other / "srt-abc").mkdir(parents=True)
    (short / "home").mkdir()
    (short / "srt-link").symlink_to(other)
    with sweep_lock(tmp_path / "sweep") as lock:
        lock.write_text(f"{short}/{name}\n" if name else "")
        with private_folder(lock):
            pass
    assert (other / "srt-abc").is_dir()
    assert (short / "home").is_dir()
    assert (short / "srt-link").is_symlink()


def test_the_same_sweep_is_resumed(tmp_path: Path) -> None:
    check_sweep(tmp_path, ASKED, resume=False)
    (tmp_path / "trials.jsonl").write_text("")
    check_sweep(tmp_path, ASKED, resume=True)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"seed": 2}, "another seed: 1, now 2"),
        ({"data": {"sha256": "xyz"}}, "another data: "),
        ({"more": 1}, "another more: null, now 1"),
    ],
)
def test_another_sweep_is_not(tmp_path: Path, change: dict[str, object], line: str) -> None:
    check_sweep(tmp_path, ASKED, resume=False)
    with pytest.raises(ConfigurationError, match=line):
        check_sweep(tmp_path, {**ASKED, **change}, resume=True)


def test_a_sweep_that_says_more_than_this_one_is_another(tmp_path: Path) -> None:
    check_sweep(tmp_path, {**ASKED, "more": 1}, resume=False)
    with pytest.raises(ConfigurationError, match="another more: 1, now null"):
        check_sweep(tmp_path, ASKED, resume=True)


def test_a_sweep_with_trials_is_not_begun_again(tmp_path: Path) -> None:
    check_sweep(tmp_path, ASKED, resume=False)
    check_sweep(tmp_path, {**ASKED, "seed": 2}, resume=False)
    (tmp_path / "trials.jsonl").write_text("")
    with pytest.raises(ConfigurationError, match="holds a sweep: go on with it by --resume"):
        check_sweep(tmp_path, ASKED, resume=False)
    assert json.loads((tmp_path / "sweep.json").read_text())["seed"] == 2


def test_there_must_be_a_sweep_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no sweep to resume"):
        check_sweep(tmp_path, ASKED, resume=True)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00", "[" * 100_000])
def test_a_damaged_description_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(DataError, match="not the description of a sweep"):
        check_sweep(tmp_path, ASKED, resume=True)
