"""Files that commands write: refused early when they cannot be."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sessionrank.errors import ConfigurationError
from sessionrank.writing import told_in_one_line

__all__ = ["check_folder", "check_targets"]


def check_targets(*targets: tuple[str, Path | None, str], inputs: Sequence[Path | None] = ()) -> None:
    """Refuse what must not or cannot be written before the time is spent, not after.

    Args:
        targets: option, file (``None`` where it was not given), and the suffix that the file must have.
        inputs: files that are read, and so are not written over.

    Raises:
        ConfigurationError: a target has another suffix, is an input or another target, or cannot be written.
    """
    seen: dict[Path, str] = {}
    for option, target, suffix in targets:
        if target is None:
            continue
        if target.suffix.lower() != suffix:
            raise ConfigurationError(f"{option} {target}: the name of this file must end in {suffix}")
        with told_in_one_line(f"{option} {target}"):
            if target.is_dir():
                raise ConfigurationError(f"{option} {target}: cannot be written: it is a folder")
            if any(read and read.exists() and target.exists() and target.samefile(read) for read in inputs):
                raise ConfigurationError(f"{option} {target} is read by this command; give the result another name")
            # Not `resolve`: links that lead in a circle would be an error of another kind to it.
            place = Path(os.path.realpath(target))
        check_folder(option, target.parent)
        if place in seen:
            raise ConfigurationError(f"{seen[place]} and {option} both name {target}; give each a file of its own")
        seen[place] = option


def check_folder(option: str, folder: Path) -> None:
    """Make ``folder`` where it is missing; raises :class:`ConfigurationError` when none can be made in it."""
    with told_in_one_line(f"{option} {folder}"):
        if folder.exists() and not folder.is_dir():
            raise ConfigurationError(f"{option} {folder}: no file can be made in it: it is not a folder")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
