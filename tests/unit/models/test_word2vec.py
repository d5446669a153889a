"""What is word2vec's own: its parameters, and the same bytes from another process."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.algorithms.word2vec import Word2Vec
from sessionrank.errors import ConfigurationError, DataError

TRAIN = """
import hashlib, random
from models.algorithms.word2vec import Word2Vec
chance = random.Random(1)
# 60,000 items: six of gensim's batches, so that a second worker would find work.
sessions = [[f"item{chance.randrange(50)}" for _ in range(12)] for _ in range(5000)]
vectors = Word2Vec(epochs=3).fit(sessions).vectors
print(hashlib.sha256(vectors.vectors.tobytes() + "".join(vectors.ids.tolist()).encode()).hexdigest())
"""


def test_two_processes_train_the_same_bytes_whatever_their_hash_seed() -> None:
    root = Path(__file__).parents[3]
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", TRAIN], env=environment, cwd=root, check=True, capture_output=True, text=True
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    assert len(digests.pop()) == len(hashlib.sha256().hexdigest())


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0},
        {"size": 5000},
        {"window": 0},
        {"epochs": 0},
        {"negative": -1},
        {"min_count": 0},
        {"alpha": 0.0},
        {"alpha": float("nan")},
        {"ns_exponent": float("inf")},
        {"sg": 2},
        {"seed": -1},
        {"seed": 2**32},
    ],
)
def test_a_parameter_that_cannot_work_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Word2Vec(**wrong)


def test_the_parameters_are_used_and_kept_with_the_vectors() -> None:
    sessions = [["a", "b", "c", "rare"], *[["a", "b", "c"]] * 9]
    vectors = Word2Vec(size=7, epochs=2, min_count=2, seed=5).fit(sessions).vectors
    assert vectors.vectors.shape == (3, 7)
    assert dict(zip(vectors.ids.tolist(), vectors.support.tolist(), strict=True)) == {"a": 10, "b": 10, "c": 10}
    assert vectors.meta["seed"] == 5
    assert vectors.meta["size"] == vectors.meta["parameters"]["size"] == 7
    assert vectors.meta["parameters"].keys() == {field.name for field in dataclasses.fields(Word2Vec)} - {"seed"}
    assert set(vectors.meta["libraries"]) == {"gensim", "numpy"}


def test_items_beyond_the_ten_thousandth_of_a_session_are_learned_too() -> None:
    session = ["first"] * 10_000 + ["last", "other"] * 10
    assert {"last", "other"} <= set(Word2Vec(epochs=1).fit([session]).vectors.ids.tolist())


def test_only_rare_items_are_refused_with_what_to_change() -> None:
    with pytest.raises(DataError, match="lower min-count"):
        Word2Vec(min_count=3).fit([["a", "b", "a", "b"]])
