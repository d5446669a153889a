"""``sessionrank model evaluate-coldstart``: how well products are found by their texts alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.progress import TaskID
from rich.table import Table

from sessionrank.console import out, print_json, progress

from ..algorithms.base import Algorithm
from ..algorithms.registry import make_algorithm
from ..coldstart.base import ColdStart
from ..coldstart.evaluation import AMONG, METRICS, RANDOM, TOLD, Draw, Evaluation, evaluate_draw, figures
from ..coldstart.registry import METHODS
from ..sessions import Sessions
from .cold_start_method import NAMES, method_of
from .data_options import data_options, read_data, take_reader
from .text_options import text_options, texts_of

__all__ = ["evaluate_coldstart"]

FILE = click.Path(path_type=Path)


@click.command("evaluate-coldstart")
@click.argument("catalogue", type=FILE)
@click.option("--data", type=FILE, required=True, help="Sessions.")
@click.option("--algorithm", default="word2vec", show_default=True, help="What trains the vectors; see `model train`.")
@click.option("--method", "texts_of_methods", multiple=True, help=f"{NAMES}; may repeat.  [default: all]")
@text_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=123, show_default=True, help="Of the first draw.")
@click.option("--draws", type=click.IntRange(1, 100), default=1, show_default=True, help="With this seed and the next.")
@data_options()
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def evaluate_coldstart(
    catalogue: Path,
    data: Path,
    algorithm: str,
    texts_of_methods: tuple[str, ...],
    seed: int,
    draws: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Hold a fifth of the products out of training, give them vectors from CATALOGUE's texts, and look for them.

    Held out are products that stand at least 20 times in the sessions. A fifth of the sessions is asked as well and
    trains nothing; a case is a place in one of them where a held-out product comes next after another one. It is
    ranked by the cosine with the session's vector, among the held-out products and among all. Beside it: chance;
    popularity, for which products never seen are all alike; popularity that is told how often each really was bought;
    and the vectors that training would have given, had it seen these products. Intervals (95 %) come from resampling
    sessions.

    \b
    Examples:
      sessionrank model evaluate-coldstart catalogue.csv --data sessions.txt
      sessionrank model evaluate-coldstart OnlineRetail.csv.gz --sku-column StockCode --columns Description \\
        --catalogue-encoding iso-8859-1 --data OnlineRetail.csv.gz --draws 5 --json
    """
    methods = [method_of(text) for text in texts_of_methods or sorted(METHODS)]
    trained = make_algorithm(algorithm)
    texts = texts_of(catalogue, **{name: options.pop(name) for name in ("columns", "sku_column", "catalogue_encoding")})
    read, origin = read_data(data, take_reader(data, options))
    found = _draws(read.sessions, texts, trained, methods, range(seed, seed + draws))
    names = list(dict.fromkeys(method.name for method in methods))
    pairs = [(name, other) for name in names for other in (RANDOM, TOLD)]
    pairs += [(name, other) for at, name in enumerate(names) for other in names[:at]]
    evaluation = figures(found, pairs)
    report = _report(evaluation, found, origin, trained, seed)
    if as_json:
        print_json(report)
        return
    for table in _tables(report):
        out.print(table)
    out.print("Seconds of training: " + ", ".join(f"{name} {spent}" for name, spent in report["seconds"].items()))


def _draws(
    sessions: Sessions, texts: dict[str, str], algorithm: Algorithm, methods: Sequence[ColdStart], seeds: range
) -> list[Draw]:
    with progress() as bar:
        task: TaskID = bar.add_task("Draw", total=len(seeds))
        found = []
        for seed in seeds:
            said = f"Draw {seed}: {{}}".format
            found.append(
                evaluate_draw(
                    sessions,
                    texts,
                    algorithm,
                    methods,
                    seed=seed,
                    said=lambda what, said=said: bar.update(task, description=said(what)),  # type: ignore[misc]
                )
            )
            bar.advance(task)
        return found


def _report(
    evaluation: Evaluation, draws: Sequence[Draw], origin: dict[str, Any], algorithm: Algorithm, seed: int
) -> dict[str, Any]:
    seconds = {name: sum(draw.seconds[name] for draw in draws) / len(draws) for name in draws[0].seconds}
    return {
        "data": origin,
        "algorithm": algorithm.describe(),
        "draws": [
            {
                "seed": seed + at,
                "products_held_out": len(draw.held_out.products),
                "training_sessions": len(draw.held_out.training),
                "cases": len(draw.held_out.cases),
                "sessions_asked": len(set(draw.sessions.tolist())),
                "methods": draw.meta,
            }
            for at, draw in enumerate(draws)
        ],
        "results": {
            name: _by_metric(evaluation.means[name], evaluation.low[name], evaluation.high[name])
            for name in evaluation.means
        },
        "differences": [
            {"of": one, "to": other, **_by_metric(*values)} for (one, other), values in evaluation.differences.items()
        ],
        "seconds": {name: round(spent, 1) for name, spent in seconds.items()},
    }


def _by_metric(mean: Any, low: Any, high: Any) -> dict[str, Any]:
    """Four figures with their bounds, by what was ranked among and by metric."""
    shown = [{"mean": float(m), "low": float(lo), "high": float(hi)} for m, lo, hi in zip(mean, low, high, strict=True)]
    half = len(METRICS)
    return {
        among: dict(zip(METRICS, shown[at * half : (at + 1) * half], strict=True)) for at, among in enumerate(AMONG)
    }


def _tables(report: dict[str, Any]) -> list[Table]:
    """A table for each of what was ranked among: the figures, and below a line their differences."""
    draws = report["draws"]
    cases = sum(draw["cases"] for draw in draws)
    made = []
    for among in AMONG:
        title = f"Among {among}: {cases:,} cases of {len(draws)} draw(s), {draws[0]['products_held_out']:,} held out"
        table = Table("ranked by", *METRICS, title=title, title_justify="left")
        for name, values in report["results"].items():
            table.add_row(name, *_cells(values[among]))
        table.add_section()
        for values in report["differences"]:
            table.add_row(f"{values['of']} − {values['to']}", *_cells(values[among]))
        made.append(table)
    return made


def _cells(values: dict[str, Any]) -> list[str]:
    return ["{mean:.3f} [{low:.3f}, {high:.3f}]".format(**values[metric]) for metric in METRICS]
