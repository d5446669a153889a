"""Word2vec with its defaults on the real data: next-item Recall@10 under protocol "fast-forward"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from models.algorithms.vector_model import VectorModel
from models.algorithms.word2vec import Word2Vec
from models.readers.online_retail import OnlineRetail
from models.sessions import Session
from sessionrank.vectors import VectorsFile

DATA = Path(__file__).parents[2] / "demo" / "data" / "OnlineRetail.csv.gz"
#: Draws the 2,000 sessions; the first 1,000 are the test.
DRAW_SEED = 123


@pytest.fixture(scope="module")
def sessions() -> Sequence[Session]:
    return OnlineRetail().read(DATA).sessions


@pytest.fixture(scope="module")
def model(sessions: Sequence[Session]) -> VectorModel:
    return Word2Vec().fit([session[:-1] for session in sessions])


def recall_at_10(sessions: Sequence[Session], recommend: Callable[[list[str], int], list[str]]) -> float:
    """The share of test sessions whose last item is among the ten that follow from the one before."""
    test = np.random.default_rng(DRAW_SEED).choice(len(sessions), 2000, replace=False)[:1000]
    return float(np.mean([sessions[row][-1] in recommend([sessions[row][-2]], 10) for row in test]))


def test_the_defaults_find_the_next_item_among_ten_in_more_than_a_fifth_of_sessions(
    sessions: Sequence[Session], model: VectorModel
) -> None:
    assert recall_at_10(sessions, model.recommend) > 0.20


def test_vectors_dealt_out_at_random_to_the_items_do_not(sessions: Sequence[Session], model: VectorModel) -> None:
    made = model.vectors
    dealt = np.random.default_rng(1).permutation(made.vectors)
    shuffled = VectorModel(VectorsFile.build(made.ids.tolist(), dealt, made.support, {}))
    assert recall_at_10(sessions, shuffled.recommend) < 0.02


def test_training_on_sessions_with_their_items_shuffled_across_all_of_them_does_not(
    sessions: Sequence[Session],
) -> None:
    """What is left then is how popular an item is: 4 % by the published measure."""
    pool = np.random.default_rng(1).permutation([item for session in sessions for item in session[:-1]]).tolist()
    mixed, start = [], 0
    for session in sessions:
        mixed.append(pool[start : start + len(session) - 1])
        start += len(session) - 1
    assert recall_at_10(sessions, Word2Vec(epochs=2).fit(mixed).recommend) < 0.10
