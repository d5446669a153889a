"""``sessionrank model train``: sessions in, a vectors file out."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

from ..algorithms.base import Algorithm
from ..algorithms.registry import ALGORITHMS, algorithm_class
from ..algorithms.word2vec import Word2Vec
from ..readers.base import SessionData
from ..readers.registry import READERS, make_reader

__all__ = ["train"]

_DEFAULTS = Word2Vec()
_READER_OPTIONS = ("min_length", "max_length", "encoding", "group_by")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[ALGORITHM] DATA")
@click.option("--reader", default="sessions-txt", show_default=True, help=f"Format: {', '.join(sorted(READERS))}.")
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, help="The vectors file (.npz) to write."
)
@click.option("--min-length", type=int, help="Leave out sessions with fewer items.  [default: 3]")
@click.option("--max-length", type=int, help="… with more; 0 for no limit.  [default: 199; online-retail: 0]")
@click.option("--encoding", help="Of the data.  [default: utf-8; online-retail: iso-8859-1]")
@click.option("--group-by", help="online-retail: a session is a customer or an invoice.  [default: customer]")
@click.option("--size", type=int, default=_DEFAULTS.size, show_default=True, help="Numbers in a vector.")
@click.option("--window", type=int, default=_DEFAULTS.window, show_default=True, help="Items of context on each side.")
@click.option("--epochs", type=int, default=_DEFAULTS.epochs, show_default=True, help="Passes over the sessions.")
@click.option("--negative", type=int, default=_DEFAULTS.negative, show_default=True, help="Noise items for each item.")
@click.option("--ns-exponent", type=float, default=_DEFAULTS.ns_exponent, show_default=True, help="Shape of the noise.")
@click.option("--alpha", type=float, default=_DEFAULTS.alpha, show_default=True, help="Learning rate at the start.")
@click.option("--sg", type=int, default=_DEFAULTS.sg, show_default=True, help="1 skip-gram, 0 CBOW.")
@click.option("--min-count", type=int, default=_DEFAULTS.min_count, show_default=True, help="Leave out rarer items.")
@click.option("--seed", type=int, default=_DEFAULTS.seed, show_default=True, help="Equal seeds give equal vectors.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def train(words: tuple[str, ...], target: Path, as_json: bool, **options: Any) -> None:
    """Learn item vectors from the sessions in DATA with ALGORITHM (word2vec, the default).

    The same data, options and library versions give the same file, byte for byte.

    \b
    Examples:
      sessionrank model train sessions.txt --out vectors.npz
      sessionrank model train word2vec OnlineRetail.csv.gz --reader online-retail --out vectors.npz --size 100
    """
    algorithm_name, data = _algorithm_and_data(words)
    reader = make_reader(options.pop("reader"), **{name: options.pop(name) for name in _READER_OPTIONS})
    algorithm = algorithm_class(algorithm_name)(**options)
    _check_target(target, data)
    started = time.perf_counter()
    read = reader.read(data)
    for reason, count in read.dropped.items():
        err.print(f"Left out: {count} {reason}")
    vectors = _fit(algorithm, read)
    origin = {
        "name": data.name,
        "sha256": _sha256(data),
        "reader": {"class": type(reader).__name__, **dataclasses.asdict(reader)},
        "sessions": len(read.sessions),
        "items": read.items,
    }
    vectors = dataclasses.replace(vectors, meta={**vectors.meta, "data": origin})
    vectors.save(target)
    _report(vectors, read, target, seconds=time.perf_counter() - started, as_json=as_json)


def _algorithm_and_data(words: tuple[str, ...]) -> tuple[str, Path]:
    if len(words) > 2:
        raise click.UsageError(f"one data file is read at a time; {len(words)} names were given")
    if len(words) == 1 and words[0] in ALGORITHMS:
        raise click.UsageError(f"which data should {words[0]} learn from? Give the file behind it")
    return (words[0] if len(words) == 2 else "word2vec"), Path(words[-1])


def _check_target(target: Path, data: Path) -> None:
    """Refuse a place that must not or cannot be written before the time is spent, not after."""
    try:
        if target.exists() and data.exists() and target.samefile(data):
            raise ConfigurationError(f"--out {target} is the data file itself; give the vectors another name")
        if target.suffix.lower() != ".npz":
            raise ConfigurationError(f"--out {target}: the name of a vectors file ends in .npz")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ConfigurationError(f"{target}: cannot be written: {error.strerror or error}") from error
    if target.is_dir():
        raise ConfigurationError(f"{target}: cannot be written: it is a folder")


def _fit(algorithm: Algorithm, read: SessionData) -> VectorsFile:
    with progress() as bar:
        task = bar.add_task("Training", total=algorithm.epochs_planned)
        made = algorithm.fit(read.sessions, on_epoch=lambda done: bar.update(task, completed=done))
    if made.vectors is None:
        raise DataError("this algorithm has no item vectors to write")
    return made.vectors


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def _report(vectors: VectorsFile, read: SessionData, target: Path, *, seconds: float, as_json: bool) -> None:
    report = {
        "vectors": str(target),
        "sessions": len(read.sessions),
        "items": read.items,
        "items_with_vector": int(vectors.ids.size),
        "dropped": read.dropped,
        "seconds": round(seconds, 1),
        "meta": vectors.meta,
    }
    if as_json:
        print_json(report)
        return
    table = Table(title="Item vectors", show_header=False)
    for name in ("vectors", "sessions", "items", "items_with_vector", "seconds"):
        table.add_row(name.replace("_", " "), Text(printable(str(report[name]))))
    table.add_row("dimensions", str(vectors.dimensions))
    table.add_row("seed", str(vectors.meta["seed"]))
    out.print(table)
