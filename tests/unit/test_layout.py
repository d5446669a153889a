"""The rules of the layout that no linter holds."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("demo", "indexer", "models", "proxy", "stack")


@cache
def absolute_imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return frozenset(found)


@pytest.mark.parametrize("program", PROGRAMS)
def test_inside_a_program_its_own_modules_are_imported_relatively(program: str) -> None:
    names = {name for p in PROGRAMS for name in (p, f"sessionrank.{p}")}
    for path in sorted((ROOT / program).rglob("*.py")):
        wrong = {i for i in absolute_imports(path) if any(i == n or i.startswith(n + ".") for n in names)}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong} by an absolute name: a class would exist twice"


@pytest.mark.parametrize(
    ("driver", "homes"),
    [
        ("redis", ("proxy/sessions/redis.py", "indexer/")),
        ("http.client", ("proxy/backends/",)),
        ("flask", ("proxy/app.py", "proxy/wsgi.py", "proxy/errors.py", "proxy/views/")),
        ("gunicorn", ("proxy/commands/", "proxy/worker.py")),
        ("faiss", ("sessionrank/nearest.py",)),
        ("gensim", ("models/algorithms/",)),
        ("implicit", ("models/algorithms/",)),
        ("jax", ("models/coldstart/network.py",)),
        ("keras", ("models/coldstart/network.py",)),
        ("lightgbm", ("proxy/evaluation/growing.py",)),
        ("matplotlib", ("models/plots/", "models/maps/", "proxy/evaluation/plot.py")),
        ("openTSNE", ("models/maps/",)),
        ("plotly", ("models/maps/",)),
        ("pyarrow", ("models/readers/parquet.py",)),
        ("ray", ("models/tuning/search.py",)),
        ("elasticsearch", ("indexer/engines/",)),
        ("opensearchpy", ("indexer/engines/",)),
    ],
)
def test_a_driver_is_imported_only_in_its_home(driver: str, homes: tuple[str, ...]) -> None:
    for program in (*PROGRAMS, "sessionrank"):
        for path in sorted((ROOT / program).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            used = any(i == driver or i.startswith(driver + ".") for i in absolute_imports(path))
            assert not used or place.startswith(homes), f"{place} imports {driver}, which belongs to {homes}"


def test_the_kernel_imports_little_beyond_numpy() -> None:
    allowed = {"numpy", "environs", "click", "rich"}
    for path in sorted((ROOT / "sessionrank").glob("*.py")):
        foreign = {
            name.split(".")[0] for name in absolute_imports(path) if name.split(".")[0] in {"flask", "redis", "gensim"}
        }
        assert not foreign, f"{path.name} imports {foreign}"
        assert not any(name.startswith(PROGRAMS) for name in absolute_imports(path)), path.name
        if path.name not in {"cli.py", "console.py"}:
            assert not absolute_imports(path) & (allowed - {"numpy", "environs"}), path.name


def test_only_files_named_so_hold_tests_that_make_system_runs() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        marked = ".mark." + "system" in path.read_text(encoding="utf-8")
        assert marked == path.name.endswith("_system.py"), f"{path.relative_to(ROOT)}: make system would miss it"


def test_no_package_hides_under_tests() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
