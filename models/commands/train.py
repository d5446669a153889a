"""``sessionrank model train``: sessions in, a file of vectors, covisits or another model out."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.left_out import LEFT_OUT, left_out_beside
from sessionrank.textfile import sha256_of
from sessionrank.writing import told_in_one_line

from ..algorithms.base import Algorithm, Model, learnable
from ..algorithms.registry import ALGORITHMS, make_algorithm
from ..prepared import save_sessions
from ..readers.base import Reader, SessionData
from ..reliability import COPY_EVENTS, reliability, sample
from ..sessions import Sessions
from ..targets import check_targets
from .data_options import data_options, read_data, take_reader

__all__ = ["MOST_LEFT_OUT", "kept", "train", "without_copies"]


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

    With --leave-out-share the sessions that were left out stand beside vectors and covisits (OUT.left-out.npz), and
    `index load` measures on them how hits are best ordered.

    \b
    Examples:
      sessionrank model train sessions.txt --out vectors.npz
      sessionrank model train word2vec OnlineRetail.csv.gz --reader online-retail --out vectors.npz --size 100
      sessionrank model train covisit sessions.txt --leave-out-share 0.1 --out covisit.npz
      sessionrank model train sequential-rules sessions.txt --set steps=5 --out rules.npz
      sessionrank model train @best.json sessions.txt --out vectors.npz
    """
    text, data = _algorithm_and_data(words)
    reader = take_reader(data, options)
    given = {name: value for name, value in options.items() if value is not None}
    algorithm = make_algorithm(text, **{**_settings(settings), **given})
    beside = left_out_beside(target)
    check_targets(("--out", target, ".npz"), ("--out", beside, ".npz"), inputs=[data])
    started = time.perf_counter()
    read, origin = read_data(data, reader)
    model = _fit(algorithm, read)
    model.meta["data"] = origin
    if model.vectors is not None:
        # For those who have the vectors alone; covisits tell it of each item.
        model.meta["reliability"] = round(reliability(sample(learnable(read.sessions))).whole, 4)
    with told_in_one_line(str(beside)):
        # What stands there is of another training.
        beside.unlink(missing_ok=True)
    if reader.leave_out_share and (model.vectors is not None or model.covisits is not None):
        model.meta[LEFT_OUT] = _keep_left_out(data, reader, read, origin, beside)
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


#: Sessions that are kept of those that are left out: more searches than can be made of them are never asked for.
MOST_LEFT_OUT = 20_000


def _keep_left_out(
    data: Path, reader: Reader, learned: SessionData, origin: dict[str, Any], beside: Path
) -> str | None:
    """Write the sessions that the model did not learn from to ``beside``; gives their SHA-256, None without any."""
    try:
        left, _ = read_data(data, dataclasses.replace(reader, only_left_out=True), say=False)
        sessions = kept(without_copies(left.sessions, learned.sessions), seed=reader.share_seed)
        if not len(sessions):
            raise DataError(f"{data}: training has seen copies of all of them")
    except DataError as error:
        err.print(f"No session that was left out can be kept: {printable(str(error))}", markup=False)
        return None
    save_sessions(beside, sessions, {"data": origin, "left_out": True})
    return sha256_of(beside)


def without_copies(left: Sessions, learned: Sessions) -> Sessions:
    """The sessions without those long ones of which training has seen a copy: nothing can be measured on these."""
    long = {session for session in left if len(session) >= COPY_EVENTS}
    seen = {session for session in learned if session in long}
    return left.take(np.array([row for row, session in enumerate(left) if session not in seen], dtype=np.int64))


def kept(sessions: Sessions, *, seed: int) -> Sessions:
    """At most :data:`MOST_LEFT_OUT` of the sessions, in their order, with no items but theirs."""
    if len(sessions) > MOST_LEFT_OUT:
        drawn = np.random.default_rng(seed).choice(len(sessions), MOST_LEFT_OUT, replace=False)
        sessions = sessions.take(np.sort(drawn))
    return sessions.compacted()


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
