"""``sessionrank model …`` and others through the real command line, in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from sessionrank.cli import main

__all__ = ["Ran", "run_command", "run_model"]


@dataclass
class Ran:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """Its one line of error."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert self.code == 2
        assert "Traceback" not in self.err
        return line


def run_command(capsys: pytest.CaptureFixture[str], *words: object) -> Ran:
    """Run ``sessionrank`` with ``words``."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    captured = capsys.readouterr()
    return Ran(int(left.value.code or 0), captured.out, captured.err)


def run_model(capsys: pytest.CaptureFixture[str], *words: object) -> Ran:
    """Run ``sessionrank model`` with ``words``."""
    return run_command(capsys, "model", *words)
