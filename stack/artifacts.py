"""Artifacts of a Maven repository: pinned, downloaded once, refused when they are not what was pinned.

``artifacts.json`` beside this module holds the pins: coordinate (``group:artifact:version@extension``) → SHA-256 and
size in bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from filelock import FileLock, Timeout

from sessionrank.console import err, progress
from sessionrank.errors import ConfigurationError

from .settings import ADVICE, CACHE_ADVICE

__all__ = ["Artifact", "all_pins", "fetch", "locked", "pinned"]

_ATTEMPTS = 3
_CONNECT_AND_READ_SECONDS = (10, 60)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository with what its bytes must be."""

    coordinate: str
    sha256: str
    size: int

    @property
    def path(self) -> str:
        """Where it stands in a repository, and below our cache folder."""
        group, name, rest = self.coordinate.split(":")
        version, _, extension = rest.partition("@")
        return f"{group.replace('.', '/')}/{name}/{version}/{name}-{version}.{extension}"

    @property
    def filename(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class _Broken(Exception):
    """A download that ended early; what came so far is kept for the next attempt."""


def pinned(coordinate: str) -> Artifact:
    """The artifact of that coordinate, from the pins.

    Raises:
        KeyError: nothing is pinned under it.
    """
    return Artifact(coordinate, **all_pins()[coordinate])


def all_pins() -> dict[str, dict[str, Any]]:
    """All pins, as the file has them."""
    pins: dict[str, dict[str, Any]] = json.loads((files(__package__) / "artifacts.json").read_text(encoding="utf-8"))
    return pins


def fetch(artifact: Artifact, *, cache: Path, maven_url: str) -> Path:
    """The artifact's file in the cache folder, downloaded unless it is there already; its bytes are always checked.

    Safe against other processes that fetch the same. A broken download is taken up where it ended.

    Raises:
        ConfigurationError: it cannot be downloaded, its bytes are not the pinned ones, or the cache cannot be written.
    """
    target = cache / "artifacts" / artifact.path
    with locked(target):
        if target.exists():
            if _sha256(target) == artifact.sha256:
                return target
            err.print(f"{target} is damaged: downloading it again", markup=False)
            target.unlink()
        return _download(artifact, target, f"{maven_url.rstrip('/')}/{artifact.path}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Make something in the cache folder while no other process does: holds the lock beside ``path``.

    Raises:
        ConfigurationError: for any error of the file system in the ``with`` block.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{path}.lock")
        try:
            lock.acquire(timeout=1)
        except Timeout:
            err.print(f"Waiting for another process that prepares {path.name} …", markup=False)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        raise ConfigurationError(f"{error.filename or path}: {error.strerror or error}; {CACHE_ADVICE}") from error


def _download(artifact: Artifact, target: Path, url: str) -> Path:
    partial = target.with_name(target.name + ".part")
    err.print(f"Downloading {artifact.filename} ({artifact.size / 1e6:.1f} MB) …", markup=False)
    reason = ""
    for _ in range(_ATTEMPTS):
        resumed = _bytes_in(partial) > 0
        try:
            _stream(artifact, partial, url)
        except (_Broken, requests.RequestException) as error:
            reason = _one_line(error)
            continue
        if _sha256(partial) == artifact.sha256:
            partial.replace(target)
            return target
        partial.unlink()
        reason = "the file changed while it was downloaded"
        if not resumed:
            raise ConfigurationError(
                f"{_shown(url)}: refused, its SHA-256 is not the pinned one ({artifact.sha256[:16]}…); {ADVICE}"
            )
    raise ConfigurationError(f"{_shown(url)}: cannot be downloaded ({reason}); {ADVICE}")


def _stream(artifact: Artifact, partial: Path, url: str) -> None:
    """Append what ``partial`` still misses; never more bytes than were pinned."""
    have = _bytes_in(partial)
    if have >= artifact.size:
        if have > artifact.size:
            partial.unlink()
            raise _Broken("the partial file was too long")
        return
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(url, headers=headers, stream=True, timeout=_CONNECT_AND_READ_SECONDS) as answer:
        if answer.status_code == 416:
            partial.unlink()
        if answer.status_code in (401, 403, 404):
            raise ConfigurationError(f"{_shown(url)}: cannot be downloaded (status {answer.status_code}); {ADVICE}")
        if answer.status_code not in (200, 206):
            raise _Broken(f"status {answer.status_code}")
        appending = answer.status_code == 206
        with partial.open("ab" if appending else "wb") as file, _bar(artifact, have if appending else 0) as advance:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                advance(len(chunk))
                if file.tell() > artifact.size:
                    break
    if _bytes_in(partial) < artifact.size:
        raise _Broken(f"it ended after {_bytes_in(partial)} of {artifact.size} bytes")


@contextmanager
def _bar(artifact: Artifact, done: int) -> Iterator[Callable[[int], None]]:
    with progress() as bars:
        task = bars.add_task(f"{artifact.filename}, kB", total=artifact.size // 1000, completed=done // 1000)
        yield lambda n: bars.advance(task, n / 1000)


def _shown(url: str) -> str:
    """The URL without a user's name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _bytes_in(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _one_line(error: Exception) -> str:
    """The innermost reason: requests wraps urllib3's errors, whose texts hold pools and object addresses."""
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", inner)
    text = str(reason).rpartition(": ")[2] if isinstance(reason, Exception) else str(reason)
    return " ".join(text.split())[:200] or type(error).__name__
