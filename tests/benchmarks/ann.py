"""``python -m tests.benchmarks.ann``: nearest neighbours exactly and by index, for docs/nearest-neighbours.md.

The vectors are made, of unit length and in clusters. An item is the sum of a direction that all share, one of its group
(sizes fall like 1/rank), one of its family and its own; each is Gaussian, with a spread that falls by dimension.
That resembles what word2vec gives the 3,684 products of a gift shop: mean cosines with the 1st, 10th, 100th and 1,000th
nearest of .74, .56, .39 and .22 there; .68, .55, .42 and .23 for as many made ones.

Each library is measured in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sessionrank.console import err, out, print_json
from sessionrank.vectors import VectorsFile

from .ann_libraries import LIBRARIES, Library, missing

__all__ = ["Measured", "ann", "clustered", "measure", "recall"]

#: Neighbours that are looked for, the item itself not among them.
K = 10
_WIDTH = 120
_ROUNDS = 3
_PACKAGES = {"faiss": "faiss-cpu"}


@dataclass(frozen=True)
class Measured:
    """One library on one set of vectors, with one effort."""

    library: str
    size: int
    threads: int
    effort: int
    #: Share of the true ten nearest that were found.
    recall: float
    #: Queries one after the other in a second of processor time, and handed over together in a second of the clock.
    alone: float
    together: float
    #: Building it: seconds of the clock, and of processors.
    build_s: float
    build_cpu_s: float
    #: Resident beside the vectors themselves, and the most while building; MiB.
    memory: float
    peak: float
    #: Of the saved index, MiB.
    file: float


def clustered(n: int, dimensions: int, seed: int = 1) -> NDArray[np.float32]:
    """``n`` vectors of unit length in about n/100 groups, and in these families of about three."""
    random = np.random.default_rng(seed)
    spread = ((1 + np.arange(dimensions)) ** -0.2).astype(np.float32)
    spread /= np.linalg.norm(spread)
    groups, families = max(8, n // 100), max(8, n // 3)
    shares = 1 / (np.arange(groups) + 10)
    group = random.choice(groups, n, p=shares / shares.sum())
    # A family belongs to one group, so that its members are drawn from those of it.
    family = group + groups * random.integers(0, max(1, families // groups), n)
    rows = np.zeros((n, dimensions), dtype=np.float32)
    rows += 0.6 * _gaussian(random, 1, spread)
    rows += 0.8 * _gaussian(random, groups, spread)[group]
    rows += 0.8 * _gaussian(random, int(family.max()) + 1, spread)[family]
    rows += _gaussian(random, n, spread)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _gaussian(random: np.random.Generator, n: int, spread: NDArray[np.float32]) -> NDArray[np.float32]:
    return random.standard_normal((n, spread.size), dtype=np.float32) * spread


def recall(found: NDArray[np.int64], true: NDArray[np.int64], own: NDArray[np.int64]) -> float:
    """Share of ``true`` (m × K) that is among the first K of ``found`` when a query's ``own`` row is left out."""
    hits = 0
    for row, wanted, mine in zip(found, true, own, strict=True):
        hits += np.intersect1d(row[row != mine][: wanted.size], wanted).size
    return hits / true.size


def measure(name: str, path: str, threads: int, seconds: float) -> list[Measured]:
    """Build and ask one library, with each effort for at least ``seconds``; in a process that does nothing else."""
    with np.load(path) as parts:
        vectors, own, true = parts["vectors"], parts["own"], parts["true"]
    LIBRARIES[name](vectors[:64]).build(threads)  # what the first use loads is not the index's
    library = LIBRARIES[name](vectors)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins anew
    started, spent = time.perf_counter(), time.process_time()
    library.build(threads)
    build = time.perf_counter() - started, time.process_time() - spent
    after, peak = _resident("VmRSS"), _resident("VmHWM")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index"
        library.save(str(file))
        saved = file.stat().st_size if file.exists() else 0
    rows = []
    for effort in library.efforts:
        share, alone, together = _asked(library, own, true, effort, threads, seconds)
        sizes = (after - before, peak - before, saved / 2**20)
        rows.append(Measured(name, len(vectors), threads, effort, share, alone, together, *build, *sizes))
    return rows


def _resident(which: str) -> float:
    """MiB of this process now (VmRSS) or at most (VmHWM), as Linux tells."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[which].split()[0]) / 1024


def _asked(
    library: Library,
    own: NDArray[np.int64],
    true: NDArray[np.int64],
    effort: int,
    threads: int,
    seconds: float,
) -> tuple[float, float, float]:
    """Recall, and queries a second alone and together: medians of three rounds."""
    found = [
        library.search(own[i : i + library.batch], K + 1, effort, threads) for i in range(0, len(own), library.batch)
    ]
    share = recall(np.concatenate(found), true, own)
    alone, together = [], []
    for _ in range(_ROUNDS):
        alone.append(_rate(library, own, 1, effort, 1, seconds / _ROUNDS, time.process_time))
        together.append(_rate(library, own, library.batch, effort, threads, seconds / _ROUNDS, time.perf_counter))
    return share, statistics.median(alone), statistics.median(together)


def _rate(
    library: Library,
    own: NDArray[np.int64],
    batch: int,
    effort: int,
    threads: int,
    seconds: float,
    clock: Callable[[], float],
) -> float:
    started, done = clock(), 0
    while (passed := clock() - started) < seconds or not done:
        start = done % len(own)
        done += len(library.search(own[start : start + batch], K + 1, effort, threads))
    return done / passed


def _prepared(vectors: NDArray[np.float32], queries: int, path: Path) -> None:
    """Write the vectors, the rows that are asked for, and the truth about them."""
    own = np.sort(np.random.default_rng(2).permutation(len(vectors))[:queries])
    true = []
    for start in range(0, len(own), 16):
        cosines = vectors[own[start : start + 16]] @ vectors.T
        cosines[np.arange(len(cosines)), own[start : start + 16]] = -np.inf
        true.append(np.argpartition(cosines, -K, axis=1)[:, -K:])
    np.savez(path, vectors=vectors, own=own, true=np.concatenate(true))


def _in_a_process(name: str, path: Path, threads: int, seconds: float) -> list[Measured]:
    # Read when the libraries are loaded, so it is set before the process is made.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (name, str(path), threads, seconds))


@click.command()
@click.option("--size", "sizes", type=click.IntRange(min=100), multiple=True, default=(10_000,), show_default=True)
@click.option("--library", "names", type=click.Choice(tuple(LIBRARIES)), multiple=True, help="Default: all.")
@click.option("--threads", type=click.IntRange(1, 64), multiple=True, default=(1,), show_default=True)
@click.option("--dimensions", type=click.IntRange(2, 4096), default=64, show_default=True)
@click.option("--vectors", "file", type=click.Path(exists=True, dir_okay=False), help="Those of a file instead.")
@click.option("--queries", type=click.IntRange(1), default=1000, show_default=True, help="Items that are asked for.")
@click.option("--seconds", type=float, default=1.5, show_default=True, help="Of asking, each way and effort.")
@click.option("--json", "json_out", is_flag=True, help="One JSON document instead of a table.")
def ann(
    sizes: tuple[int, ...],
    names: tuple[str, ...],
    threads: tuple[int, ...],
    dimensions: int,
    file: str | None,
    queries: int,
    seconds: float,
    json_out: bool,
) -> None:
    """Measure nearest neighbours: recall of the ten nearest, queries a second, build time, memory.

    Libraries that are not installed are named and left out.

    \b
    Examples:
      python -m tests.benchmarks.ann
      python -m tests.benchmarks.ann --size 10000 --size 1000000 --library exact --library usearch --threads 2
      python -m tests.benchmarks.ann --vectors vectors.npz --json
    """
    chosen = [name for name in names or LIBRARIES if not (lacking := missing(name)) or _left_out(name, lacking)]
    sets = {0: VectorsFile.load(file).vectors} if file else dict.fromkeys(sizes)
    rows: list[Measured] = []
    for size, given in sets.items():
        with tempfile.TemporaryDirectory(prefix="sessionrank-ann-") as folder:
            path = Path(folder) / "vectors.npz"
            _prepared(clustered(size, dimensions) if given is None else given, queries, path)
            for name in chosen:
                for count in threads:
                    err.print(f"{name}, {size or file} vectors, {count} threads")
                    rows += _in_a_process(name, path, count, seconds)
    if json_out:
        about = {"cores": os.cpu_count(), "python": platform.python_version(), "versions": _versions(chosen)}
        print_json({**about, "k": K, "rows": [asdict(row) for row in rows]})
    else:
        (out if out.is_terminal else Console(width=_WIDTH, highlight=False)).print(_table(rows))


def _left_out(name: str, module: str) -> bool:
    err.print(f"left out: {name}, for there is no module {module} here")
    return False


def _versions(names: list[str]) -> dict[str, str]:
    found = {}
    for module in sorted({LIBRARIES[name].module for name in names}):
        try:
            found[module] = version(_PACKAGES.get(module, module))
        except PackageNotFoundError:
            found[module] = "unknown"
    return found


def _table(rows: list[Measured]) -> Table:
    table = Table(title=f"The {K} nearest; queries a second, s, MiB", title_justify="left")
    heads = (
        "library",
        "vectors",
        "threads",
        "effort",
        f"recall@{K}",
        "q/s alone",
        "together",
        "build",
        "cpu",
        "memory",
        "file",
    )
    for head in heads:
        table.add_column(head, justify="left" if head == "library" else "right", no_wrap=True)
    for row in rows:
        numbers: tuple[Any, ...] = (f"{row.recall:.3f}", f"{row.alone:,.0f}", f"{row.together:,.0f}")
        sizes = (f"{row.build_s:.1f}", f"{row.build_cpu_s:.1f}", f"{row.memory:,.0f}", f"{row.file:,.0f}")
        table.add_row(row.library, f"{row.size:,}", str(row.threads), str(row.effort or "–"), *numbers, *sizes)
    return table


if __name__ == "__main__":
    ann()
