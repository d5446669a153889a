"""The official Java clients: pinned jars, a compiler, and the programs that use them.

``clients.json`` beside the programs has the jars of each client (what Maven resolves for it, but for JSON-B, which the
programs do not use) with their pins, and the sources of its program. The compiler is a jar too, so that the Java that
the local stack runs on is enough: it has none.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.artifacts import Artifact, fetch, locked
from stack.java import java_home
from stack.settings import read_stack_settings

from .transcripts import Transcript, of_run

__all__ = ["JavaClients", "java_clients"]

PROGRAMS = Path(__file__).parents[1] / "functional" / "clients" / "java"
#: Oldest and newest major version of Java that compiles and runs the programs.
_JAVA = (21, 25)
#: Of the language, for the compiler.
_RELEASE = "21"


@dataclass(frozen=True)
class JavaClients:
    """Java, and the class path of each client's program."""

    java: Path
    class_paths: Mapping[str, str]

    def __call__(
        self, client: str, url: str, index: str, groups: Sequence[str], headers: Mapping[str, str] | None = None
    ) -> Transcript:
        """Make the calls of these groups with a client (a name in clients.json) of the server at ``url``."""
        run = secrets.token_hex(8)
        config = {"url": url, "index": index, "run": run, "groups": groups, "headers": headers or {}}
        # Of one short run, start and class loading are the greater part.
        options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"]
        done = subprocess.run(
            [self.java, *options, "-cp", self.class_paths[client], "Main", json.dumps(config)],
            env={},
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{client}: {done.stderr}"
        return of_run(done.stdout, run=run, url=url)


def java_clients() -> JavaClients:
    """All of it, fetched and compiled unless it is there already."""
    settings = read_stack_settings()
    described = json.loads((PROGRAMS / "clients.json").read_text())
    java = java_home(_JAVA, cache=settings.cache) / "bin" / "java"
    compiler = _fetched(described["compiler"])
    paths = {}
    for name, client in described["clients"].items():
        jars = _fetched(client["jars"])
        sources = [PROGRAMS / source for source in client["sources"]]
        classes = _compiled(settings.cache / "clients" / "java", java, compiler, jars, sources)
        paths[name] = ":".join(map(str, [classes, *jars]))
    return JavaClients(java, paths)


def _fetched(pins: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    settings = read_stack_settings()
    artifacts = [Artifact(coordinate, **pin) for coordinate, pin in pins.items()]
    return [fetch(artifact, cache=settings.cache, maven_url=settings.maven_url) for artifact in artifacts]


def _compiled(cache: Path, java: Path, compiler: list[Path], jars: list[Path], sources: list[Path]) -> Path:
    """The folder with the classes of these sources."""
    parts = [*map(str, [java, *compiler, *jars]), *(source.read_text(encoding="utf-8") for source in sources)]
    folder = cache / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    with locked(folder):
        if not folder.is_dir():
            partial = folder.with_name(folder.name + ".part")
            shutil.rmtree(partial, ignore_errors=True)
            command: list[Path | str] = [
                java,
                "-jar",
                *compiler,
                f"-{_RELEASE}",
                "-proc:none",
                "-nowarn",
                "-encoding",
                "UTF-8",
            ]
            class_path = ":".join(map(str, jars))
            done = subprocess.run(
                [*command, "-classpath", class_path, "-d", partial, *sources],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"the Java programs do not compile:\n{done.stdout}{done.stderr}"
            partial.rename(folder)
    return folder
