"""All tests in two runs at once: units and models at low priority, and beside them those that wait for servers.

    python -m tests.support.side_by_side [arguments for pytest]

One report of coverage over both. Ends as the worse of the two ended; no test in one of them (``-k``) is no failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
OTHERS = "not system and not benchmark and not models"
MODELS = "models and not system and not benchmark"
_NO_TESTS = 5


def main(arguments: list[str]) -> int:
    """Run both; the output of the models' comes when both have ended."""
    with tempfile.TemporaryFile("w+") as log:
        beside = start(MODELS, arguments, "models", output=log, nice=10)
        try:
            codes = [start(OTHERS, arguments, "others").wait(), beside.wait()]
        finally:
            beside.terminate()
        log.seek(0)
        print(log.read(), flush=True)
    if set(codes) == {_NO_TESTS}:
        return _NO_TESTS
    covered = [str(file) for file in (data("models"), data("others")) if file.exists()]
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet", *covered], cwd=ROOT, check=True)
    subprocess.run([*coverage, "report", "--skip-covered"], cwd=ROOT, check=True)
    return max(0 if code == _NO_TESTS else abs(code) for code in codes)


def start(
    marks: str, arguments: list[str], name: str, *, output: IO[str] | None = None, nice: int = 0
) -> subprocess.Popen[bytes]:
    """One run of pytest, its coverage in a file of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-m", marks, "--cov", "--cov-report=", *arguments],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": str(data(name))},
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        preexec_fn=lambda: os.nice(nice),
    )


def data(name: str) -> Path:
    """Where a run puts what it has covered; not after the pattern by which another run would take it for a part."""
    return ROOT / f".coverage-{name}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
