"""The official Python clients: a virtual environment for each pinned version, and the program that uses them.

The versions stand in ``clients.json`` beside the program; each environment is made in the cache folder, once.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sessionrank.console import err
from stack.artifacts import locked
from stack.settings import read_stack_settings

from .client_stage import Stage
from .transcripts import Transcript

__all__ = ["Pairing", "PythonClient", "pairings", "python_client"]

PROGRAMS = Path(__file__).parents[1] / "functional" / "clients" / "python"
_PINS = PROGRAMS / "clients.json"

#: What is new in every answer, process or run, and what stands for it.
_FLEETING = (
    (re.compile(r"(http://)?127\.0\.0\.1:\d{2,}"), "SERVER"),
    (re.compile(r"(?<=host='127\.0\.0\.1', port=)\d{2,}"), "PORT"),
    (re.compile(r'(?<="_scroll_id": ")[^"]+|(?<="pit_id": ")[^"]+|(?<="id": ")[\w+/=-]{40,}'), "CONTEXT"),
    (re.compile(r"(?<=context found for id \[)\d+"), "CONTEXT"),
    (re.compile(r'(?<=/)[\w-]{22}(?=\])|(?<="index_uuid": ")[\w-]{22}'), "UUID"),
    (re.compile(r"0x[0-9a-f]{6,}"), "PLACE"),
    (re.compile(r'(?<="creation_time": )\d+'), "0"),
)


@dataclass(frozen=True)
class Pairing:
    """A client and an engine that it is used with."""

    client: str
    engine: str

    def __str__(self) -> str:
        return f"{self.client} with {self.engine}"


def pairings(kind: Literal["engines", "refused_by"] = "engines") -> list[Pairing]:
    """The engines that each client works with, or those that refuse it."""
    pins = json.loads(_PINS.read_text(encoding="utf-8"))
    return [Pairing(client, engine) for client, pinned in pins.items() for engine in pinned[kind]]


@dataclass(frozen=True)
class PythonClient:
    """The interpreter of an environment that holds one client."""

    python: Path

    def __call__(self, url: str, stage: Stage, sections: Sequence[str]) -> Transcript:
        """Make the calls of these sections with a client of the server at ``url``, about the shop of ``stage``."""
        run = f"run{secrets.token_hex(8)}"
        given = {
            "url": url,
            "sections": sections,
            "index": stage.shop.index,
            "managed": stage.shop.alias,
            "headers": dict(stage.visit),
            "run": run,
        }
        done = subprocess.run(
            [self.python, PROGRAMS / "script" / "main.py"],
            input=json.dumps(given),
            env={"PATH": ""},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{self.python.parents[1].name}: {done.stderr}"
        records = json.loads(_settled(done.stdout.replace(run, "RUN")))
        transcript = {record["call"]: record for record in records}
        assert len(transcript) == len(records), "two calls have one name"
        return transcript


def python_client(name: str) -> PythonClient:
    """The client of that name, installed unless it is there already."""
    requirements = json.loads(_PINS.read_text(encoding="utf-8"))[name]["requirements"]
    # An environment belongs to the interpreter that made it.
    pinned = "\n".join([sys.version, sys.base_prefix, *requirements])
    folder = read_stack_settings().cache / "clients" / f"{name}-{hashlib.sha256(pinned.encode()).hexdigest()[:12]}"
    with locked(folder):
        if not (folder / "complete").exists():
            err.print(f"Installing {requirements[0]} into {folder} …", markup=False)
            _install(requirements, folder)
            (folder / "complete").touch()
    return PythonClient(folder / "bin" / "python")


def _install(requirements: Sequence[str], folder: Path) -> None:
    """Make the environment with these packages and no pip of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
    _run(*pip, "install", "--quiet", "--no-input", "--only-binary=:all:", *requirements)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _settled(text: str) -> str:
    """What a program printed, without what is new in every answer."""
    for fleeting, name in _FLEETING:
        text = fleeting.sub(name, text)
    return text
