"""``sessionrank model evaluate``: algorithms measured side by side under one protocol."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.progress import TaskID
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress, writable
from sessionrank.errors import ConfigurationError
from sessionrank.writing import replacing

from ..algorithms.base import Algorithm
from ..algorithms.registry import ALGORITHMS, load_model, make_algorithm
from ..evaluation.document import run_document
from ..evaluation.draws import Material, gather, seeds_of
from ..evaluation.report import best_first, columns, main_part, markdown, shown
from ..evaluation.run import Measured, Subject, measure
from ..plots.epochs import draw_epochs
from ..plots.evaluation import draw_evaluation
from ..protocols.base import PARTS, Protocol
from ..protocols.holdout import Holdout
from ..protocols.registry import PROTOCOLS, make_protocol
from ..readers.base import Reader
from ..targets import check_targets
from .data_options import data_options, read_data, take_reader

__all__ = ["evaluate"]

_MOST_TRAINING_SEEDS = 100


@click.command()
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@click.argument("algorithms", nargs=-1, metavar="ALGORITHM…")
@data_options()
@click.option("--model", "files", multiple=True, type=click.Path(path_type=Path), help="A saved model (.npz) as well.")
@click.option(
    "--protocol", "protocol_text", default="fast-forward", show_default=True, help=f"{', '.join(sorted(PROTOCOLS))}."
)
@click.option("--holdout", type=click.Path(path_type=Path), help="holdout: the file with the answers.")
@click.option("--seeds", default="123-142", show_default=True, help="Of the draws: 123 or 1,2,3 or 123-142.")
@click.option("--part", type=click.Choice([*PARTS, "both"]), default="both", show_default=True, help="What is asked.")
@click.option(
    "--k", "ks", type=click.IntRange(1, 1000), multiple=True, help="Length of lists; may repeat.  [default: 10]"
)
@click.option(
    "--train-seeds",
    type=click.IntRange(1, _MOST_TRAINING_SEEDS),
    default=1,
    show_default=True,
    help="Train so many models, from each algorithm's seed on; figures are their means.",
)
@click.option("--epochs-curve", is_flag=True, help="Ask after every epoch as well, on what validates.")
@click.option("--out", "target", type=click.Path(path_type=Path), help="The run as JSON (.json), or a folder for all.")
@click.option("--markdown", "page", type=click.Path(path_type=Path), help="Tables as Markdown (.md).")
@click.option("--plot", type=click.Path(path_type=Path), help="Figures with their intervals (.png).")
@click.option("--curve", type=click.Path(path_type=Path), help="Recall and loss by epoch (.png).")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
def evaluate(data: Path, algorithms: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Measure each ALGORITHM on the sessions in DATA: Recall@K, HR@K, MRR@K, NDCG@K, coverage, popularity bias.

    ALGORITHM is a name, a name with parameters (word2vec:size=64,window=5) or @FILE with settings that `model tune`
    found. The protocol may have parameters too (fast-forward:test=500,validation=500). Each is trained once and asked
    for the cases of all draws. Intervals (95 %) come from resampling sessions; the other algorithms are compared with
    the first one named, case by case.

    \b
    Examples:
      sessionrank model evaluate OnlineRetail.csv.gz popularity sequential-rules word2vec --out results
      sessionrank model evaluate OnlineRetail.csv.gz word2vec --protocol by-time --k 10 --k 20 --json
      sessionrank model evaluate OnlineRetail.csv.gz word2vec:epochs=30 --seeds 123 --curve curve.png
      sessionrank model evaluate train.parquet popularity --protocol holdout --holdout valid.parquet --k 100
    """
    reader = take_reader(data, options)
    job = _job(data, reader, algorithms, **options)
    check_targets(*job.targets, inputs=[data, job.holdout, *job.files])
    run = _run(job)
    for option, path, _ in job.targets:
        if path is not None:
            with replacing(path) as partial:
                _WRITERS[option](run, partial)
    if as_json:
        print_json(run)
    else:
        _show(run, job)


@dataclasses.dataclass(frozen=True)
class _Job:
    """What the options ask for."""

    data: Path
    reader: Reader
    protocol: Protocol
    holdout: Path | None
    subjects: tuple[Subject, ...]
    files: tuple[Path, ...]
    seeds: tuple[int, ...]
    parts: tuple[str, ...]
    ks: tuple[int, ...]
    train_seeds: int
    curve: bool
    #: Option, file, the suffix that it must have.
    targets: Sequence[tuple[str, Path | None, str]]


def _job(data: Path, reader: Reader, algorithms: tuple[str, ...], **options: Any) -> _Job:
    protocol = make_protocol(options["protocol_text"])
    subjects = [Subject(text, make_algorithm(text)) for text in algorithms]
    subjects += [Subject(file.name, load_model(file)) for file in options["files"]]
    _check(subjects, protocol, data, **options)
    return _Job(
        data=data,
        reader=reader,
        protocol=protocol,
        holdout=options["holdout"],
        subjects=tuple(subjects),
        files=options["files"],
        seeds=seeds_of(options["seeds"]),
        parts=PARTS if options["part"] == "both" else (options["part"],),
        ks=tuple(dict.fromkeys(options["ks"])) or (10,),
        train_seeds=options["train_seeds"],
        curve=options["epochs_curve"] or options["curve"] is not None,
        targets=_targets(**{name: options[name] for name in ("target", "page", "plot", "curve", "epochs_curve")}),
    )


def _check(subjects: Sequence[Subject], protocol: Protocol, data: Path, **options: Any) -> None:
    if not subjects:
        known = ", ".join(sorted(ALGORITHMS))
        raise ConfigurationError(f"which algorithms should be measured on {data}? There are {known}; or give --model")
    if (protocol.name == "holdout") != (options["holdout"] is not None):
        raise ConfigurationError(
            "--protocol holdout and --holdout FILE (the answers) go together; give both or neither"
        )
    if options["epochs_curve"] or options["curve"] is not None:
        if options["part"] == "test":
            raise ConfigurationError("a curve by epoch is measured on what validates: leave --part at both")
        if not any(isinstance(one.maker, Algorithm) and one.maker.epochs_planned for one in subjects):
            raise ConfigurationError("a curve by epoch needs an algorithm that learns in epochs, such as word2vec")


def _targets(
    *, target: Path | None, page: Path | None, plot: Path | None, curve: Path | None, epochs_curve: bool
) -> list[tuple[str, Path | None, str]]:
    """Where to write what; a folder gets all of it, save what has a place of its own."""
    if target is not None and (target.is_dir() or not target.suffix):
        folder, target = target, target / "evaluation.json"
        page, plot = page or folder / "evaluation.md", plot or folder / "evaluation.png"
        curve = curve or (folder / "epochs.png" if epochs_curve else None)
    return [
        ("--out", target, ".json"),
        ("--markdown", page, ".md"),
        ("--plot", plot, ".png"),
        ("--curve", curve, ".png"),
    ]


def _run(job: _Job) -> dict[str, Any]:
    protocol, origins = job.protocol, {}
    joined = isinstance(protocol, Holdout)
    read, origins["data"] = read_data(job.data, job.reader, names=joined)
    origins["data"]["dropped"] = read.dropped
    if isinstance(protocol, Holdout) and job.holdout is not None:
        # What is asked for is not to be prepared: a user with one answer is a case.
        limits: dict[str, Any] = {"min_length": 1, "max_length": 0, "max_length_percentile": 100, "min_count": 1}
        limits |= {"after": "", "until": "", "leave_out_share": 0}
        held, origins["holdout"] = read_data(job.holdout, dataclasses.replace(job.reader, **limits), names=True)
        protocol = dataclasses.replace(protocol, held_back=held.sessions)
    material = gather(protocol, read.sessions, job.seeds, job.parts)
    measured = _measured(job, material)
    for one in measured:
        _tell_of_seen_answers(one.said, protocol, origins["data"]["sha256"])
    return run_document(material, measured, job.ks, origins)


def _measured(job: _Job, material: Material) -> list[Measured]:
    found = []
    with progress() as bar:
        whole = bar.add_task("Algorithms", total=len(job.subjects))
        for subject in job.subjects:
            task = bar.add_task(f"Training {printable(subject.label)}", total=None)

            def told(done: int, planned: int, task: TaskID = task) -> None:
                bar.update(task, completed=done, total=planned or None)

            curve = job.curve and isinstance(subject.maker, Algorithm) and subject.maker.epochs_planned > 0
            found.append(
                measure(
                    subject,
                    material,
                    job.ks,
                    training_seeds=job.train_seeds,
                    curve=curve,
                    # Watching costs a little, so only where somebody looks.
                    on_progress=told if err.is_terminal else None,
                )
            )
            bar.remove_task(task)
            bar.advance(whole)
    return found


def _tell_of_seen_answers(said: dict[str, Any], protocol: Protocol, sha256: str) -> None:
    """A model file that learned from the whole of this file knows the answers, unless they are in another file."""
    learned_from = said["algorithm"].get("data")
    seen = isinstance(learned_from, dict) and learned_from.get("sha256") == sha256
    said["seen_answers"] = bool(said["model_file"] and seen and not isinstance(protocol, Holdout))
    if said["seen_answers"]:
        err.print(
            f"Careful: {printable(said['label'])} has learned from this very file, answers included; "
            "its figures say nothing of new sessions",
            markup=False,
        )


def _write_json(run: dict[str, Any], path: Path) -> None:
    path.write_text(writable(json.dumps(run, indent=1, ensure_ascii=False)) + "\n", encoding="utf-8")


def _write_markdown(run: dict[str, Any], path: Path) -> None:
    path.write_text(markdown(run), encoding="utf-8", errors="replace")


_WRITERS: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "--out": _write_json,
    "--markdown": _write_markdown,
    "--plot": draw_evaluation,
    "--curve": draw_epochs,
}


def _show(run: dict[str, Any], job: _Job) -> None:
    for k in run["ks"]:
        out.print(_table(run, k))
    for option, path, _ in job.targets:
        if path is not None:
            out.print(f"{option.removeprefix('--')}: {printable(str(path))}", markup=False)


def _table(run: dict[str, Any], k: int) -> Table:
    """The best on top; intervals where they decide something, in full they stand in the files."""
    part, seeds = main_part(run), run["seeds"]
    draws = f"mean over {len(seeds)} draws" if len(seeds) > 1 else f"draw {seeds[0]}"
    title = f"{printable(run['data']['name'])} · {run['protocol']['name']} · {draws} · @{k}"
    table = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("algorithm", overflow="fold", min_width=18)
    for name in run["parts"]:
        style = "" if name == part else "dim"
        table.add_column(f"Recall %\n{name}", justify="right", style=style, no_wrap=True)
    names = [name for name in columns(run, k) if name != "recall"]
    for name in names:
        table.add_column(_HEADS[name], justify="right", no_wrap=True)
    table.add_column("train\ns", justify="right", style="dim", no_wrap=True)
    for place, one in enumerate(best_first(run, k)):
        parts = one["parts"]
        cells = [shown("recall", parts[name]["metrics"][f"recall@{k}"]) for name in run["parts"]]
        cells += [shown(name, parts[part]["metrics"][f"{name}@{k}"]).partition(" ")[0] for name in names]
        seconds = one["seconds"]["train"]
        cells.append("–" if seconds is None else f"{seconds:.1f}")
        table.add_row(Text(printable(one["label"])), *cells, style="bold green" if place == 0 else "")
    return table


_HEADS = {"hit_rate": "HR\n%", "mrr": "MRR", "ndcg": "NDCG", "coverage": "cover\n%", "popularity_bias": "bias"}
