"""What every algorithm must hold, run on each member of the registry."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from models.algorithms.base import Algorithm
from models.algorithms.registry import ALGORITHMS, algorithm_class
from sessionrank.errors import ConfigurationError, DataError

GROUPS = 4
ITEMS_A_GROUP = 8


def planted_sessions(count: int = 600) -> list[tuple[str, ...]]:
    """Sessions that each stay within one of four groups of items: g0-0 … g3-7."""
    chance = random.Random(7)
    sessions = []
    for _ in range(count):
        group = chance.randrange(GROUPS)
        sessions.append(tuple(f"g{group}-{chance.randrange(ITEMS_A_GROUP)}" for _ in range(chance.randint(3, 9))))
    return sessions


#: The controls: they know nothing of who asks, so there is nothing for them to learn.
CONTROLS = {"popularity", "random"}


@pytest.fixture(params=sorted(ALGORITHMS))
def algorithm(request: pytest.FixtureRequest) -> Algorithm:
    return ALGORITHMS[request.param]()


@pytest.mark.parametrize("name", sorted(ALGORITHMS.keys() - CONTROLS))
def test_it_learns_a_planted_pattern(name: str) -> None:
    algorithm = ALGORITHMS[name]()
    model = algorithm.fit(planted_sessions())
    for group in range(GROUPS):
        for item in range(ITEMS_A_GROUP):
            # Two of the group: where a single item stands before it, some let that count almost as much by design.
            earlier = [f"g{(group + 1) % GROUPS}-0", f"g{group}-{(item + 1) % ITEMS_A_GROUP}"]
            found = model.recommend([*earlier, f"g{group}-{item}"], ITEMS_A_GROUP - 1)
            inside = sum(sku.startswith(f"g{group}-") for sku in found)
            assert inside >= ITEMS_A_GROUP - 2, (group, item, found)


def test_equal_seeds_give_equal_models_and_the_seed_matters(algorithm: Algorithm) -> None:
    sessions = planted_sessions(100)
    once, again = algorithm.fit(sessions), algorithm.fit(sessions)
    other = type(algorithm)(seed=algorithm.seed + 1).fit(sessions)
    prefixes = [[f"g{group}-{item}"] for group in range(GROUPS) for item in range(ITEMS_A_GROUP)]
    assert [once.recommend(p, 32) for p in prefixes] == [again.recommend(p, 32) for p in prefixes]
    if once.vectors is not None:
        assert again.vectors is not None
        assert other.vectors is not None
        assert once.vectors.vectors.tobytes() == again.vectors.vectors.tobytes()
        assert once.vectors.vectors.tobytes() != other.vectors.vectors.tobytes()


def test_unknown_items_and_empty_prefixes_do_not_break_it(algorithm: Algorithm) -> None:
    model = algorithm.fit(planted_sessions(100))
    known = model.recommend(["g1-1"], 5)
    assert len(known) == 5
    assert model.recommend(["g1-1", "never seen"], 5) == known
    assert model.recommend(["never seen", "", "\x00", "g1-1"], 5) == known
    for prefix in ([], ["never seen"], [""], ["ü" * 10_000]):
        assert len(set(model.recommend(prefix, 5))) == len(model.recommend(prefix, 5)) <= 5


def test_it_gives_at_most_k_items_each_once_and_never_the_last_one(algorithm: Algorithm) -> None:
    model = algorithm.fit(planted_sessions(100))
    everything = model.recommend(["g0-1", "g0-2"], 1000)
    # Of some items rules say nothing; of those of the group all must say something.
    assert ITEMS_A_GROUP - 1 <= len(everything) <= GROUPS * ITEMS_A_GROUP - 1
    for k in (0, 1, 7, 31):
        found = model.recommend(["g0-1", "g0-2"], k)
        assert found == everything[:k]
        assert len(found) == len(set(found))
        assert "g0-2" not in found
    assert "g0-1" in model.recommend(["g0-1", "g0-2"], 31), "earlier items may come again"


def test_a_saved_model_recommends_the_same_after_loading(algorithm: Algorithm, tmp_path: Path) -> None:
    model = algorithm.fit(planted_sessions(100))
    path = tmp_path / "model.npz"
    model.save(path)
    loaded = type(algorithm).load(path)
    for prefix in (["g0-1"], ["g3-7", "g2-2"], ["never seen"]):
        assert loaded.recommend(prefix, 10) == model.recommend(prefix, 10)


def test_loading_what_is_not_a_model_is_a_data_error(algorithm: Algorithm, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        type(algorithm).load(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no model")
    with pytest.raises(DataError):
        type(algorithm).load(tmp_path / "text.npz")


def test_vectors_have_unit_length_and_say_where_they_come_from(algorithm: Algorithm) -> None:
    sessions = planted_sessions(100)
    vectors = algorithm.fit(sessions).vectors
    if vectors is None:
        return
    assert np.allclose(np.linalg.norm(vectors.vectors, axis=1), 1, atol=1e-6)
    counts = {sku: sum(session.count(sku) for session in sessions) for sku in vectors.ids.tolist()}
    assert dict(zip(vectors.ids.tolist(), vectors.support.tolist(), strict=True)) == counts
    assert vectors.meta["algorithm"] in ALGORITHMS
    assert vectors.meta["seed"] == algorithm.seed
    assert {"parameters", "libraries", "size"} <= vectors.meta.keys()


def test_every_epoch_is_reported_once(algorithm: Algorithm) -> None:
    seen: list[int] = []
    algorithm.fit(planted_sessions(50), on_epoch=lambda epoch: seen.append(epoch.number))
    assert seen == list(range(1, algorithm.epochs_planned + 1))


def test_nothing_to_learn_from_is_a_data_error(algorithm: Algorithm) -> None:
    for sessions in ([], [()]):
        with pytest.raises(DataError):
            algorithm.fit(sessions)


def test_an_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="word2vec"):
        algorithm_class("word3vec")
