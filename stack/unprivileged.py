"""Servers do not run as root: whom they run as then, and how that user gets to read what lies in root's folders."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sessionrank.errors import ConfigurationError

__all__ = ["User", "hand_over", "place", "run_parent", "server_user"]

_NOBODY = 65534


@dataclass(frozen=True)
class User:
    """A user without privileges."""

    uid: int
    gid: int


def server_user() -> User | None:
    """Whom servers run as: ``None`` (ourselves), or ``nobody`` when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return User(_NOBODY, _NOBODY)
    return User(entry.pw_uid, entry.pw_gid)


def run_parent(user: User | None) -> Path:
    """The folder for run folders: the system's temporary folder, or another that ``user`` can reach and run from.

    Raises:
        ConfigurationError: there is none.
    """
    candidates = [Path(tempfile.gettempdir()).resolve()]
    if user is None:
        return candidates[0]
    candidates += [Path("/tmp"), Path("/var/tmp")]  # noqa: S108 (run folders are made by mkdtemp)
    for folder in candidates:
        if folder.is_dir() and os.access(folder, os.W_OK) and _reachable(folder) and _executable(folder):
            return folder
    raise ConfigurationError(
        "no temporary folder that an unprivileged user can reach: set TMPDIR, or do not run as root"
    )


def place(source: Path, target: Path, user: User | None) -> Path:
    """A path to ``source`` (a file or a tree) that ``user`` can read: itself, or a copy at ``target``.

    Root's home and what lies below (a cache folder, a virtual environment) is closed to everybody else. The copy is
    made of hard links where it can: no bytes move.
    """
    if user is None:
        return source
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link_or_copy, symlinks=False)
        for folder in (target, *(p for p in target.rglob("*") if p.is_dir())):
            folder.chmod(0o755)
    else:
        _link_or_copy(str(source), str(target))
    return target


def hand_over(folder: Path, user: User | None, *, keep: tuple[str, ...] = ()) -> None:
    """Give a run folder and all in it to ``user``, except the entries named in ``keep``.

    Raises:
        ConfigurationError: the system does not let us, as in some containers.
    """
    if user is None:
        return
    entries = [entry for entry in folder.iterdir() if entry.name not in keep]
    try:
        for path in (folder, *(path for entry in entries for path in (entry, *entry.rglob("*")))):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: cannot be given to the unprivileged user {user.uid} ({error.strerror}): do not run as root here"
        ) from error


def _link_or_copy(source: str, target: str) -> None:
    mode = stat.S_IMODE(os.stat(source).st_mode)
    wanted = mode | 0o444 | (0o111 if mode & 0o100 else 0)
    if mode == wanted:
        try:
            os.link(source, target, follow_symlinks=True)
        except OSError:
            pass  # another file system, or one without hard links
        else:
            return
    shutil.copyfile(source, target)
    os.chmod(target, wanted & 0o755)


def _reachable(folder: Path) -> bool:
    return all(p.stat().st_mode & stat.S_IXOTH for p in (folder, *folder.parents))


def _executable(folder: Path) -> bool:
    return not os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0)
