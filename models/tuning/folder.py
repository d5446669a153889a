"""The folder of a sweep: what it searches, its trials, its results, and who is at work in it.

sweep.json     what is searched, on which data: a resumed sweep must be the same
trials.jsonl   one line a trial as it ends, with its learning curve
trials.csv     the same as a table, without curves
best.json      the best settings so far, for ``model train @best.json``
*.png          the plots
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.writing import replacing

from ..targets import check_folder

__all__ = ["check_sweep", "private_folder", "sweep_lock", "write_json"]

#: Ray keeps Unix sockets in it, whose paths may have 107 characters: the name is short, and so is where it stands.
_PREFIX = "srt-"
_LONGEST_PARENT = 24


@contextmanager
def sweep_lock(folder: Path) -> Iterator[Path]:
    """Hold the folder for this process, and give the path of a lock file that says so.

    Raises:
        ConfigurationError: it cannot be written, or another sweep is at work in it.
    """
    check_folder("--out", folder)
    path = folder / ".lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise ConfigurationError(f"--out {folder}: cannot be written: {error.strerror or error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(f"--out {folder}: another `model tune` is at work there") from error
        yield path


@contextmanager
def private_folder(lock: Path) -> Iterator[Path]:
    """A short private path for Ray, removed at the end; what a killed process left behind goes first.

    The lock file says where it is, so that the next process finds it.
    """
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > _LONGEST_PARENT:
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes a new folder there that only we can enter
    left = _leftover(lock, parent)
    shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        lock.write_text(f"{folder}\n")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Once more: a worker that was starting when its sweep was killed makes its folders anew before it gives up.
        shutil.rmtree(left, ignore_errors=True)
        lock.write_text("")


def _leftover(lock: Path, parent: Path) -> Path:
    """The folder that the lock file names, or one that is not there."""
    left = Path(lock.read_text(errors="replace").strip() or "none")
    # The file may have come from anywhere: only what we could have made ourselves is removed (and no link: rmtree
    # refuses them).
    ours = left.parent == parent and left.name.startswith(_PREFIX) and left.is_dir()
    return left if ours and left.stat().st_uid == os.getuid() else parent / f"{_PREFIX}none"


def check_sweep(folder: Path, asked: Mapping[str, Any], *, resume: bool) -> None:
    """Begin a sweep in ``folder``, or see that the one that is there is the one that was ``asked`` for.

    Raises:
        ConfigurationError: there is a sweep already, there is none to resume, or it is another one.
        DataError: the file that describes it is damaged.
    """
    path = folder / "sweep.json"
    if not resume:
        if (folder / "trials.jsonl").exists():
            raise ConfigurationError(f"{folder} holds a sweep: go on with it by --resume, or name another --out")
        write_json(path, asked)
        return
    try:
        there = json.loads(path.read_text("utf-8"))
        if not isinstance(there, dict):
            raise ValueError("not an object")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{folder} holds no sweep to resume; leave --resume away to begin one") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not the description of a sweep: {error}") from error
    # Through JSON once, as what is there was: tuples become lists.
    asked = json.loads(json.dumps(asked))
    for name in dict.fromkeys((*asked, *there)):
        if asked.get(name) != there.get(name):
            raise ConfigurationError(
                f"{folder} holds a sweep with another {name}: {_short(there.get(name))}, now {_short(asked.get(name))}"
            )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else f"{text[:77]}…"


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document in one step."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
