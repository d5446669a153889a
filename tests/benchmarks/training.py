"""What our training costs beside gensim alone, on the same sentences at the same number of workers, in turns.

    python -m tests.benchmarks.training [--rounds 3] [--epochs 3] [--workers 1]

and, on the same data, how long ``recommend_many`` takes for 1,000 sessions.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from models.algorithms.base import Epoch
from models.algorithms.word2vec import Word2Vec
from models.readers.online_retail import OnlineRetail

DATA = Path(__file__).parents[2] / "demo" / "data" / "OnlineRetail.csv.gz"


def main() -> None:
    """Print the seconds of each round, their ratio, and the seconds of scoring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    sessions = OnlineRetail().read(DATA).sessions.without_last().compacted()
    ours = Word2Vec(epochs=options.epochs, workers=options.workers)
    sentences = [list(session) for session in sessions]
    ratios = []
    for number in range(1, options.rounds + 1):
        alone = seconds(lambda: gensim_alone(ours, sentences))
        silent = seconds(lambda: ours.fit(sessions))
        told = seconds(lambda: ours.fit(sessions, on_epoch=ignore))
        ratios.append((silent / alone, told / alone))
        print(f"round {number}: gensim {alone:.2f} s, ours {silent:.2f} s, with a callback an epoch {told:.2f} s")
    for what, column in (("ours / gensim", 0), ("ours with a callback / gensim", 1)):
        print(f"{what}: {statistics.median(ratio[column] for ratio in ratios):.2f}")
    model = ours.fit(sessions)
    prefixes = sessions[:1000]
    scoring = seconds(lambda: model.recommend_many(prefixes, 10))
    print(f"1,000 sessions × {len(model.items):,} items scored: {scoring:.2f} s")


def gensim_alone(settings: Word2Vec, sentences: list[list[str]]) -> None:
    """The shortest way to the same vectors."""
    from gensim.models import Word2Vec as Trainer  # type: ignore[import-untyped]

    Trainer(
        sentences,
        vector_size=settings.size,
        window=settings.window,
        negative=settings.negative,
        ns_exponent=settings.ns_exponent,
        alpha=settings.alpha,
        sample=settings.sample,
        sg=settings.sg,
        min_count=settings.min_count,
        epochs=settings.epochs,
        seed=settings.seed,
        workers=settings.workers,
    )


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ignore(epoch: Epoch) -> None:
    """A callback that only costs what being called costs."""


if __name__ == "__main__":
    main()
