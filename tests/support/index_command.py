"""``sessionrank index …`` through the real command line: in this process, or as one that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sessionrank.cli import COMMANDS

from .search_run import run_here

__all__ = ["Finished", "IndexCommand"]


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def record(self) -> Any:
        """What ``--json`` printed."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class IndexCommand:
    """Runs the command in ``folder``, against the servers in ``environment``."""

    folder: Path
    environment: Mapping[str, str]

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start it in a process of its own and do not wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "sessionrank", "index", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str | Path) -> Finished:
        """Run it to its end in this process, by the name that its modules have in tests."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(COMMANDS, "index", ("indexer.commands.index:index", "indexer", ""))
            patch.chdir(self.folder)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            ran = run_here("index", *arguments)
        return Finished(ran.code, ran.out, ran.err)
