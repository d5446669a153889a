"""``sessionrank model words``: a text in, vectors of its words out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from sessionrank.console import err, out, print_json, printable, progress
from sessionrank.textfile import sha256_of

from ..algorithms.base import Model
from ..algorithms.word2vec import Word2Vec
from ..targets import check_targets
from ..words.corpus import Corpus, read_corpus

__all__ = ["words"]

#: What is usual for texts; the defaults of word2vec are those of sessions.
_USUAL: dict[str, Any] = {"ns_exponent": 0.75, "sample": 0.001}


@click.command()
@click.argument("text", type=click.Path(path_type=Path))
@click.option(
    "--out", "target", type=click.Path(path_type=Path), required=True, help="The vectors file to write (.npz)."
)
@click.option("--encoding", default="utf-8-sig", show_default="utf-8", help="Of the text.")
@click.option(
    "--max-words", type=click.IntRange(1), default=20_000_000, show_default=True, help="Read no more than that."
)
@click.option("--size", type=int, default=100, show_default=True, help="Numbers in a vector.")
@click.option("--window", type=int, default=5, show_default=True, help="Words of context on each side.")
@click.option("--min-count", type=int, default=5, show_default=True, help="Leave out rarer words.")
@click.option("--epochs", type=int, default=10, show_default=True, help="Passes over the text.")
@click.option("--negative", type=int, default=5, show_default=True, help="Noise words for each word.")
@click.option("--alpha", type=float, default=0.025, show_default=True, help="Learning rate at the start.")
@click.option("--sg", type=int, default=1, show_default=True, help="1 skip-gram, 0 CBOW: faster, for large texts.")
@click.option("--workers", type=int, default=1, show_default=True, help="Threads; with more no two runs are alike.")
@click.option("--seed", type=int, default=123, show_default=True, help="Equal seeds give equal vectors.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def words(text: Path, target: Path, encoding: str, max_words: int, as_json: bool, **options: Any) -> None:
    """Learn vectors of words from TEXT (plain or .gz) by word2vec.

    Words are runs of letters in lower case; what the text has beyond --max-words is not read, since learning goes over
    all of it several times and keeps it in memory (about 25 bytes a word). The result is a vectors file like any other:
    similar, analogy, map and export take it.

    \b
    Examples:
      sessionrank model words corpus.txt.gz --out words.npz --workers 2
      sessionrank model analogy man king woman --vectors words.npz --cosmul
      sessionrank model map words.npz --out words.png
    """
    algorithm = Word2Vec(**_USUAL, **options)
    check_targets(("--out", target, ".npz"), inputs=(text,))
    started = time.perf_counter()
    corpus = _read(text, encoding, max_words)
    with progress() as bar:
        task = bar.add_task("Training", total=algorithm.epochs_planned)
        model = algorithm.fit(corpus.sentences, on_epoch=lambda epoch: bar.update(task, completed=epoch.number))
    model.meta["data"] = {
        "name": text.name,
        "sha256": sha256_of(text),
        "kind": "text",
        "sentences": len(corpus.sentences),
        "words": corpus.sentences.events,
        "different_words": len(corpus.sentences.items),
        "cut": corpus.cut,
    }
    model.save(target)
    _report(model, target, seconds=time.perf_counter() - started, as_json=as_json)


def _read(text: Path, encoding: str, most: int) -> Corpus:
    with progress() as bar:
        task = bar.add_task("Reading words", total=None)
        corpus = read_corpus(
            text, most_words=most, encoding=encoding, on_words=lambda done: bar.update(task, completed=done)
        )
    if corpus.cut:
        err.print(f"Read the first {corpus.sentences.events:,} words; --max-words takes more")
    return corpus


def _report(model: Model, target: Path, *, seconds: float, as_json: bool) -> None:
    data = model.meta["data"]
    report = {
        "vectors": str(target),
        **{name: data[name] for name in ("sentences", "words", "different_words")},
        "words_with_vector": len(model.items),
        "seconds": round(seconds, 1),
    }
    if as_json:
        print_json({**report, "meta": model.meta})
        return
    table = Table(title="Word vectors", show_header=False)
    for name, value in report.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), Text(printable(shown)))
    out.print(table)
