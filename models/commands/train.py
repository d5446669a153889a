"""``sessionrank model train``: sessions in, a file of vectors, covisits or another model out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table
from rich.text import Text

from sessionrank.console import out, print_json, printable, progress
from sessionrank.errors import ConfigurationError

from ..algorithms.base import Algorithm, Model, learnable
from ..algorithms.registry import ALGORITHMS, make_algorithm
from ..readers.base import SessionData
from ..reliability import reliability, sample
from ..targets import check_targets
from .data_options import data_options, read_data, take_reader

__all__ = ["train"]


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[ALGORITHM] DATA")
@click.option("--out", "target", type=click.Path(path_type=Path), required=True, help="The file (.npz) to write.")
@data_options(without=("min_count",))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the algorithm.")
@click.option("--size", type=int, help="Numbers in a vector.  [word2vec: 52]")
@click.option("--window", type=int, help="Items of context on each side.  [word2vec: 4]")
@click.option("--epochs", type=int, help="Passes over the sessions.  [word2vec: 10]")
@click.option("--negative", type=int, help="Noise items for each item.  [word2vec: 7]")
@click.option("--ns-exponent", type=float, help="Shape of the noise.  [word2vec: 0.4]")
@click.option("--alpha", type=float, help="Learning rate at the start.  [word2vec: 0.1]")
@click.option("--sg", type=int, help="1 skip-gram, 0 CBOW.  [word2vec: 1]")
@click.option("--min-count", type=int, help="Leave out rarer items.  [word2vec: 5]")
@click.option("--workers", type=int, help="Threads; with more than one no two runs are quite alike.  [word2vec: 1]")
@click.option("--seed", type=int, help="Equal seeds give equal models.  [default: 123]")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def train(words: tuple[str, ...], target: Path, settings: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Learn from the sessions in DATA with ALGORITHM (word2vec, the default).

    ALGORITHM is a name, a name with parameters (word2vec:size=64,window=5), or @FILE with the settings that `model
    tune` found. `sessionrank model algorithms` lists them all with their parameters. Those that have item vectors
    write a vectors file, covisit a covisits file (`index load` publishes both), the others a model file. The same data,
    options and library versions give the same file, byte for byte.

    \b
    Examples:
      sessionrank model train sessions.txt --out vectors.npz
      sessionrank model train word2vec OnlineRetail.csv.gz --reader online-retail --out vectors.npz --size 100
      sessionrank model train covisit sessions.txt --out covisit.npz
      sessionrank model train sequential-rules sessions.txt --set steps=5 --out rules.npz
      sessionrank model train @best.json sessions.txt --out vectors.npz
    """
    text, data = _algorithm_and_data(words)
    reader = take_reader(data, options)
    given = {name: value for name, value in options.items() if value is not None}
    algorithm = make_algorithm(text, **{**_settings(settings), **given})
    check_targets(("--out", target, ".npz"), inputs=[data])
    started = time.perf_counter()
    read, origin = read_data(data, reader)
    model = _fit(algorithm, read)
    model.meta["data"] = origin
    if model.vectors is not None:
        # For those who have the vectors alone; covisits tell it of each item.
        model.meta["reliability"] = round(reliability(sample(learnable(read.sessions))).whole, 4)
    model.save(target)
    _report(model, read, target, seconds=time.perf_counter() - started, as_json=as_json)


def _algorithm_and_data(words: tuple[str, ...]) -> tuple[str, Path]:
    if len(words) > 2:
        raise click.UsageError(f"one data file is read at a time; {len(words)} names were given")
    if len(words) == 1 and words[0].partition(":")[0] in ALGORITHMS:
        raise click.UsageError(f"which data should {words[0]} learn from? Give the file behind it")
    return (words[0] if len(words) == 2 else "word2vec"), Path(words[-1])


def _settings(given: tuple[str, ...]) -> dict[str, str]:
    parted = {one: one.partition("=") for one in given}
    if wrong := [one for one, (name, equals, _) in parted.items() if not (name and equals)]:
        raise ConfigurationError(f"--set {wrong[0]}: not NAME=VALUE")
    return {name.strip().replace("-", "_"): value for name, _, value in parted.values()}


def _fit(algorithm: Algorithm, read: SessionData) -> Model:
    with progress() as bar:
        task = bar.add_task("Training", total=algorithm.epochs_planned or None)
        return algorithm.fit(read.sessions, on_epoch=lambda epoch: bar.update(task, completed=epoch.number))


#: What is written, by its key in the report.
_TITLES = {"vectors": "Item vectors", "covisits": "Covisits", "model": "Model"}


def _report(model: Model, read: SessionData, target: Path, *, seconds: float, as_json: bool) -> None:
    vectors, covisits = model.vectors, model.covisits
    kind = "vectors" if vectors is not None else "covisits" if covisits is not None else "model"
    report: dict[str, Any] = {
        kind: str(target),
        "algorithm": model.meta["algorithm"],
        "sessions": len(read.sessions),
        "items": read.items,
        "items_known": len(model.items),
        "dropped": read.dropped,
        "reliability": model.meta.get("reliability"),
        "seconds": round(seconds, 1),
        "meta": model.meta,
    }
    if vectors is not None:
        report["items_with_vector"] = int(vectors.ids.size)
        report["dimensions"] = vectors.dimensions
    elif covisits is not None:
        report["items_with_neighbours"] = int((np.diff(covisits.offsets) > 0).sum())
        report["neighbours"] = int(covisits.neighbours.size)
    if as_json:
        print_json(report)
        return
    table = Table(title=_TITLES[kind], show_header=False)
    for name in [name for name in report if name not in ("dropped", "meta") and report[name] is not None]:
        table.add_row(name.replace("_", " "), Text(printable(str(report[name]))))
    table.add_row("seed", str(model.meta["seed"]))
    out.print(table)
