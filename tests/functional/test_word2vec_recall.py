"""Word2vec with its defaults on the real data: next-item Recall@10 under protocol "fast-forward"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.algorithms.word2vec import Word2Vec, Word2VecModel
from models.readers.base import Session
from models.readers.online_retail import OnlineRetail
from sessionrank.vectors import VectorsFile

DATA = Path(__file__).parents[2] / "demo" / "data" / "OnlineRetail.csv.gz"
#: Draws the 2,000 sessions; the first 1,000 are the test.
DRAW_SEED = 123


@pytest.fixture(scope="module")
def sessions() -> tuple[Session, ...]:
    return OnlineRetail().read(DATA).sessions


@pytest.fixture(scope="module")
def model(sessions: tuple[Session, ...]) -> Word2VecModel:
    return Word2Vec().fit([session[:-1] for session in sessions])


def recall_at_10(sessions: tuple[Session, ...], recommend: Callable[[list[str], int], list[str]]) -> float:
    """The share of test sessions whose last item is among the ten that follow from the one before."""
    test = np.random.default_rng(DRAW_SEED).choice(len(sessions), 2000, replace=False)[:1000]
    return float(np.mean([sessions[row][-1] in recommend([sessions[row][-2]], 10) for row in test]))


def test_the_defaults_find_the_next_item_among_ten_in_more_than_a_fifth_of_sessions(
    sessions: tuple[Session, ...], model: Word2VecModel
) -> None:
    assert recall_at_10(sessions, model.recommend) > 0.20


def test_vectors_dealt_out_at_random_to_the_items_do_not(sessions: tuple[Session, ...], model: Word2VecModel) -> None:
    made = model.vectors
    dealt = np.random.default_rng(1).permutation(made.vectors)
    shuffled = Word2VecModel(VectorsFile.build(made.ids.tolist(), dealt, made.support, {}))
    assert recall_at_10(sessions, shuffled.recommend) < 0.02


def test_training_on_sessions_with_their_items_shuffled_across_all_of_them_does_not(
    sessions: tuple[Session, ...],
) -> None:
    """What is left then is how popular an item is: 4 % by the published measure."""
    pool = np.random.default_rng(1).permutation([item for session in sessions for item in session[:-1]]).tolist()
    mixed, start = [], 0
    for session in sessions:
        mixed.append(pool[start : start + len(session) - 1])
        start += len(session) - 1
    assert recall_at_10(sessions, Word2Vec(epochs=2).fit(mixed).recommend) < 0.10
