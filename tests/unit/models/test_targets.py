"""Targets: refused before the time is spent, replaced in one step, never half-written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.targets import check_folder, check_targets
from sessionrank.errors import ConfigurationError
from sessionrank.writing import replacing


def test_targets_that_can_be_written_pass_and_are_not_made(tmp_path: Path) -> None:
    new = tmp_path / "new" / "map.PNG"
    check_targets(("--out", new, ".png"), ("--html", None, ".html"), inputs=(tmp_path / "v.npz", None))
    assert list((tmp_path / "new").iterdir()) == []


def test_what_must_not_or_cannot_be_written_is_refused_early(tmp_path: Path) -> None:
    read = tmp_path / "v.png"
    read.write_text("read")
    (tmp_path / "link.png").symlink_to(read)
    (tmp_path / "folder.png").mkdir()
    refused = {
        "map.txt": "must end in .png",
        "v.png": "is read by this command",
        "link.png": "is read by this command",
        "folder.png": "it is a folder",
        "v.png/map.png": "it is not a folder",
        "a" * 300 + ".png": "cannot be written: File name too long",
    }
    for name, line in refused.items():
        with pytest.raises(ConfigurationError, match=line):
            check_targets(("--out", tmp_path / name, ".png"), inputs=(read, None))
    assert read.read_text() == "read"


def test_two_options_cannot_name_one_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--out and --picture both name"):
        check_targets(("--out", tmp_path / "map.png", ".png"), ("--picture", tmp_path / "x" / ".." / "map.png", ".png"))


def test_a_folder_is_made_and_a_file_in_its_place_refused(tmp_path: Path) -> None:
    check_folder("--out", tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"--out .*file: .* it is not a folder"):
        check_folder("--out", tmp_path / "file")


def stop_half_way(partial: Path) -> None:
    partial.write_text("half")
    raise ZeroDivisionError


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "map.png"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(target) as partial:
        stop_half_way(partial)
    assert target.read_text() == "old"
    with replacing(target) as partial:
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["map.png"]


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(ConfigurationError, match="cannot be written: No space left"), replacing(Path("map.png")):
        raise OSError(28, "No space left on device")


def test_links_in_a_circle_are_a_target_like_any_other(tmp_path: Path) -> None:
    loop = tmp_path / "loop.npz"
    loop.symlink_to(loop)
    check_targets(("--out", loop, ".npz"))
    with replacing(loop) as partial:
        partial.write_text("whole")
    assert loop.read_text() == "whole"
