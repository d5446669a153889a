"""The built wheel, installed in an empty environment as a user would."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sessionrank.cli import COMMANDS

ROOT = Path(__file__).parents[2]
#: What the wheel is built from; a copy, because a build leaves folders in the tree.
SOURCES = ("sessionrank", "proxy", "indexer", "models", "stack", "demo")

#: What the extra of the demo does not bring: a module that needs one of them says so, and works with its own extra.
IMPORT_ALL = """
import importlib, pkgutil, sessionrank
further = {"faiss", "jax", "keras", "openTSNE", "plotly", "ray"}
names = [m.name for m in pkgutil.walk_packages(sessionrank.__path__, "sessionrank.")]
for name in names:
    if not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in further:
                raise
print(*names)
"""

pytestmark = pytest.mark.timeout(600)


def run(command: list[str], cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source / file)
    run([sys.executable, "-m", "build", "--wheel", "--outdir", "dist", "."], cwd=source)
    (made,) = (source / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a virtual environment that holds the wheel with its ``demo`` extra and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", str(folder)], cwd=folder)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--no-input", "--no-compile"]
    run([*pip, f"{wheel}[demo]"], cwd=folder)
    return folder / "bin"


def test_the_wheel_installs_one_name_only(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sessionrank"}


def test_the_wheel_holds_every_file_of_the_programs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = []
    for folder in SOURCES:
        for file in (ROOT / folder).rglob("*"):
            inside = file.relative_to(ROOT).as_posix()
            installed = inside if folder == "sessionrank" else f"sessionrank/{inside}"
            if file.is_file() and file.suffix != ".pyc" and file.name != "Dockerfile" and installed not in names:
                missing.append(inside)
    assert missing == []


def test_the_command_and_every_module_work_where_only_the_wheel_is(environment: Path, tmp_path: Path) -> None:
    described = run([str(environment / "sessionrank"), "--help"], cwd=tmp_path)
    assert [name for name in COMMANDS if name not in described] == []
    for name in COMMANDS:
        assert "--help" in run([str(environment / "sessionrank"), name, "--help"], cwd=tmp_path)
    imported = set(run([str(environment / "python"), "-c", IMPORT_ALL], cwd=tmp_path).split())
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    packages = set(config["options"]["packages"].split()) - {"sessionrank"}
    assert packages <= imported
