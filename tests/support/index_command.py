"""``sessionrank index …`` as a user runs it: a process of its own, with its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        """Start it and do not wait."""
        return subprocess.Popen(
            [sys.executable, "-m", "sessionrank", "index", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str | Path) -> Finished:
        """Run it to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return Finished(process.returncode, out, err)
