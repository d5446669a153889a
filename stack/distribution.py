"""An engine's distribution in the cache folder: unpacked, with its modules, ready to run from."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from sessionrank.console import err, progress
from sessionrank.errors import ConfigurationError

from .artifacts import Artifact, fetch, locked, pinned
from .engines import Engine, Module

__all__ = ["artifacts_of", "install", "module_descriptor", "policy"]

#: Raised when the way that a distribution is unpacked changes, so that old trees are left alone.
_LAYOUT = 2


def artifacts_of(engine: Engine) -> list[Artifact]:
    """All that the engine is made of, the distribution first."""
    jars = [jar for module in engine.modules.values() for jar in module.jars]
    libraries = [library.jar for library in engine.libraries]
    return [pinned(coordinate) for coordinate in dict.fromkeys([engine.distribution, *libraries, *jars])]


def install(engine: Engine, *, cache: Path, maven_url: str) -> Path:
    """The folder that the engine runs from: downloaded and unpacked on first use, then only looked up.

    The folder's name tells all that went into it, and it appears whole or not at all.

    Raises:
        ConfigurationError: a part cannot be had; the message says what to do instead.
    """
    artifacts = artifacts_of(engine)
    recipe = repr((_LAYOUT, artifacts, engine.flavour, sorted(engine.modules.items()), engine.libraries))
    home = cache / "engines" / f"{engine.name}-{engine.version}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if home.is_dir():
        return home
    paths = {a.coordinate: fetch(a, cache=cache, maven_url=maven_url) for a in artifacts}
    with locked(home):
        if not home.is_dir():
            _build(engine, paths, home)
    return home


def _build(engine: Engine, paths: dict[str, Path], home: Path) -> None:
    err.print(f"Unpacking {engine.name} {engine.version} …")
    partial = home.with_name(home.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    _unpack(paths[engine.distribution], partial)
    for library in engine.libraries:
        _add_library(paths[library.jar], partial / "lib", library.services)
    for name, module in engine.modules.items():
        folder = partial / "modules" / name
        folder.mkdir(parents=True)
        for jar in module.jars:
            shutil.copy(paths[jar], folder)
        descriptor = module_descriptor(engine, name, module)
        (folder / "plugin-descriptor.properties").write_text(descriptor, encoding="utf-8")
        if module.permissions:
            (folder / "plugin-security.policy").write_text(policy(module.permissions), encoding="utf-8")
    partial.rename(home)


def module_descriptor(engine: Engine, name: str, module: Module) -> str:
    """The ``plugin-descriptor.properties`` of a module."""
    properties = {
        "name": name,
        "description": name,
        "version": engine.version,
        f"{engine.flavour}.version": engine.version,
        "java.version": "1.8",
        "classname": module.classname,
        "extended.plugins": ",".join(module.extends),
        "has.native.controller": "false",
    }
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def _add_library(jar: Path, folder: Path, services: tuple[str, ...] | None) -> None:
    if services is None:
        shutil.copy(jar, folder)
        return
    with zipfile.ZipFile(jar) as given, zipfile.ZipFile(folder / jar.name, "w", zipfile.ZIP_DEFLATED) as kept:
        for info in given.infolist():
            path = PurePosixPath(info.filename)
            if str(path.parent) != "META-INF/services" or path.name in services:
                kept.writestr(info, given.read(info))


def policy(permissions: Iterable[str]) -> str:
    """A Java policy file that grants these."""
    return "".join(["grant {\n", *(f"  permission {permission};\n" for permission in permissions), "};\n"])


def _unpack(archive: Path, target: Path) -> None:
    """Unpack a zip without its one outermost folder, with the permissions that it says."""
    with zipfile.ZipFile(archive) as packed, progress() as bars:
        for info in bars.track(packed.infolist(), description=f"unpacking {archive.name}"):
            parts = PurePosixPath(info.filename).parts[1:]
            if ".." in parts:
                raise ConfigurationError(f"{archive}: holds a path that leads outside: {info.filename}")
            path = target.joinpath(*parts)
            if info.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(info) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            path.chmod(0o755 if (info.external_attr >> 16) & 0o100 else 0o644)
