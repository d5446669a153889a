"""The tests in two runs at once, since each alone leaves a core idle: those marked ``beside``, and the others.

    python -m tests.support.side_by_side test|system [arguments for pytest]

Beside run, at low priority, those that learn and measure and those that ask several kinds of engine; the others share
one OpenSearch and watch over times. ``tests/conftest.py`` tells which is which. Of ``test`` there is one report of
coverage over both.
Ends as the worse of the two ended; no test in one of them (``-k``) is no failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
#: What is run → the marks of its tests, and the files that have some.
MARKS = {"test": "not system and not benchmark", "system": "system"}
FILES = {"test": "test_*.py", "system": "test_*_system.py"}
RUNS = {"beside": "beside", "others": "not beside"}
_NO_TESTS = 5


def main(what: str, *arguments: str) -> int:
    """Run both; the output of those beside comes when both have ended."""
    given = ["-o", f"python_files={FILES[what]}", *(["--cov", "--cov-report="] if what == "test" else []), *arguments]
    words = {name: ["-m", f"{MARKS[what]} and {mark}", *given] for name, mark in RUNS.items()}
    with tempfile.TemporaryFile("w+") as log:
        beside = start("beside", words["beside"], output=log, nice=10)
        try:
            codes = [start("others", words["others"]).wait(), beside.wait()]
        finally:
            beside.terminate()
        log.seek(0)
        print(log.read(), flush=True)
    if set(codes) == {_NO_TESTS}:
        return _NO_TESTS
    if what == "test":
        report()
    return max(0 if code == _NO_TESTS else abs(code) for code in codes)


def start(name: str, words: list[str], *, output: IO[str] | None = None, nice: int = 0) -> subprocess.Popen[bytes]:
    """One run of pytest, its coverage in a file of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": str(covered(name))},
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        preexec_fn=lambda: os.nice(nice),
    )


def report() -> None:
    """Print what both have covered."""
    coverage = [sys.executable, "-m", "coverage"]
    files = [str(file) for file in map(covered, RUNS) if file.exists()]
    subprocess.run([*coverage, "combine", "--quiet", *files], cwd=ROOT, check=True)
    subprocess.run([*coverage, "report", "--skip-covered"], cwd=ROOT, check=True)


def covered(name: str) -> Path:
    """Where a run puts what it has covered; not after the pattern by which another run would take it for a part."""
    return ROOT / f".coverage-{name}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
