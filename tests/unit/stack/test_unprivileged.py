"""Servers do not run as root, and still read what lies in root's folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sessionrank.errors import ConfigurationError
from stack import unprivileged
from stack.unprivileged import User, hand_over, place, run_parent, server_user

SOMEBODY = User(os.getuid(), os.getgid())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(path: Path, permissions: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    path.chmod(permissions)
    return path


def test_root_runs_servers_as_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    user = server_user()
    assert user is not None
    assert user.uid != 0
    assert user.gid != 0


def test_anybody_else_runs_servers_as_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_user() is None


def test_without_another_user_nothing_is_copied(tmp_path: Path) -> None:
    source = make(tmp_path / "tree" / "file", 0o600).parent
    assert place(source, tmp_path / "target", None) == source
    assert not (tmp_path / "target").exists()


def test_a_file_that_all_may_read_is_linked_and_not_copied(tmp_path: Path) -> None:
    source = make(tmp_path / "tree" / "lib" / "a.jar", 0o644)
    target = place(tmp_path / "tree", tmp_path / "target", SOMEBODY) / "lib" / "a.jar"
    assert target.stat().st_ino == source.stat().st_ino


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o644), (0o700, 0o755), (0o640, 0o644), (0o4700, 0o755)])
def test_a_closed_file_is_copied_and_opened(tmp_path: Path, before: int, after: int) -> None:
    source = make(tmp_path / "tree" / "file", before)
    target = place(tmp_path / "tree", tmp_path / "target", SOMEBODY) / "file"
    assert target.read_text() == "file"
    assert mode(target) == after
    assert mode(source) == before


def test_closed_folders_are_opened_in_the_copy_alone(tmp_path: Path) -> None:
    make(tmp_path / "tree" / "deep" / "file", 0o644)
    for folder in (tmp_path / "tree" / "deep", tmp_path / "tree"):
        folder.chmod(0o700)
    target = place(tmp_path / "tree", tmp_path / "target", SOMEBODY)
    assert mode(target) == mode(target / "deep") == 0o755
    assert mode(tmp_path / "tree") == mode(tmp_path / "tree" / "deep") == 0o700


def test_across_file_systems_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    source = make(tmp_path / "program", 0o755)
    target = place(source, tmp_path / "target", SOMEBODY)
    assert target.read_text() == "program"
    assert mode(target) == 0o755


def test_a_temporary_folder_that_the_user_cannot_reach_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(unprivileged.tempfile, "gettempdir", lambda: str(closed))
    assert run_parent(None) == closed
    assert run_parent(SOMEBODY) in (Path("/tmp"), Path("/var/tmp"))


def test_without_any_such_folder_the_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unprivileged, "_executable", lambda folder: False)
    with pytest.raises(ConfigurationError, match="set TMPDIR, or do not run as root"):
        run_parent(SOMEBODY)


def test_a_run_folder_is_handed_over_except_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "data" / "file", 0o644)
    make(tmp_path / "home" / "file", 0o644)
    changed: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "chown", lambda path, uid, gid, **_: changed.update({Path(path).name: (uid, gid)}))
    hand_over(tmp_path, User(7, 8), keep=("home",))
    assert changed == {tmp_path.name: (7, 8), "data": (7, 8), "file": (7, 8)}


def test_a_container_that_allows_no_other_user_gives_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(ConfigurationError, match="do not run as root here"):
        hand_over(tmp_path, User(7, 8))
