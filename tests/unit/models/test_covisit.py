"""Covisits on sessions small enough to work out by hand, and the file that the indexer and the proxy take."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from models.algorithms import item_to_item
from models.algorithms.covisit import Covisit, CovisitModel
from models.algorithms.item_to_item import strongest
from models.algorithms.prefixes import recency_matrix
from models.algorithms.registry import load_model
from sessionrank.covisits import CovisitsFile, covisited
from sessionrank.errors import DataError
from tests.support.model_run import run_model


def neighbours(model: CovisitModel, item: str) -> dict[str, float]:
    """What is kept of ``item``: neighbour → share, rounded."""
    file = model.covisits
    row = model.items.index(item)
    kept = slice(file.offsets[row], file.offsets[row + 1])
    shares = zip(file.neighbours[kept].tolist(), file.weights[kept].tolist(), strict=True)
    return {model.items[column]: round(share, 4) for column, share in shares}


def shop(sessions: int = 400, items: int = 40) -> list[list[str]]:
    """Visits to neighbouring products of a row of ``items``."""
    chance = random.Random(5)
    starts = [chance.randrange(items) for _ in range(sessions)]
    return [[f"P{(start + chance.randrange(6)) % items}" for _ in range(chance.randint(2, 9))] for start in starts]


def test_pairs_count_by_one_over_distance_in_both_directions_as_shares_of_all() -> None:
    model = Covisit(steps=2).fit([["a", "b", "c", "d"]])
    # b stands beside a and c, and two steps from d; the sum of its pairs is 2.5.
    assert neighbours(model, "b") == {"a": 0.4, "c": 0.4, "d": 0.2}


def test_what_came_before_counts_as_much_as_back_says() -> None:
    assert neighbours(Covisit(back=0.25).fit([["a", "b", "c"]]), "b") == {"a": 0.2, "c": 0.8}
    ahead = Covisit(back=0).fit([["a", "b", "c"]])
    assert neighbours(ahead, "b") == {"c": 1}
    assert neighbours(ahead, "c") == {}


def test_an_item_is_never_its_own_neighbour_and_sessions_are_not_mixed() -> None:
    model = Covisit().fit([["a", "a", "b"], ["c", "a"], ["alone"]])
    assert neighbours(model, "a") == {"b": 0.6, "c": 0.4}
    assert neighbours(model, "alone") == {}
    assert dict(zip(model.items, model.covisits.support.tolist(), strict=True)) == {"a": 3, "b": 1, "c": 1, "alone": 1}


def test_the_strongest_neighbours_stay_with_their_shares_of_what_was_pruned_too() -> None:
    sessions = [["a", "b"]] * 3 + [["a", "c"]] * 2 + [["a", "d"]]
    whole, pruned = Covisit().fit(sessions), Covisit(neighbours=2).fit(sessions)
    assert neighbours(whole, "a") == {"b": 0.5, "c": 0.3333, "d": 0.1667}
    assert neighbours(pruned, "a") == {"b": 0.5, "c": 0.3333}
    assert pruned.covisits.reliability.tolist() == whole.covisits.reliability.tolist()


def test_pruning_in_blocks_of_rows_keeps_what_pruning_at_once_does(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).integers(0, 5, (30, 50)).astype(np.float32)
    expected = np.zeros_like(values)
    for row, found in enumerate(np.argsort(-values, axis=1, kind="stable")[:, :7]):
        expected[row, found] = values[row, found]
    for block in (1, 70, 1 << 22):
        monkeypatch.setattr(item_to_item, "_BLOCK", block)
        kept = strongest(sparse.csr_array(values), 7)
        assert np.array_equal(kept.toarray(), expected), block
        kept.check_format(full_check=True)


@pytest.mark.parametrize("decay", [0.0, 0.8])
def test_the_proxy_scores_the_bytes_in_the_store_as_the_model_scores_its_rules(decay: float) -> None:
    model = Covisit(decay=decay, neighbours=8).fit(shop())
    file, hashes = model.covisits, model.covisits.hashes()
    stored = {item: file.packed(row, hashes) for row, item in enumerate(model.items)}
    hits = [*model.items[::-1], "not in training"]
    for prefix in (["P3"], ["P3", "unknown", "P4", "P3", "P9"], ["P1", "P2", "P30", "P31", "P32"]):
        row = recency_matrix([prefix], {item: at for at, item in enumerate(model.items)}, decay=decay, last=20)
        weights = dict(zip([model.items[at] for at in row.indices.tolist()], row.data.tolist(), strict=True))
        found = covisited([stored[item] for item in weights], np.array([*weights.values()]), hits)
        said = model.score([prefix])[0]
        expected = np.where(said == -np.inf, 0, said)[::-1]
        assert (expected > 0).sum() >= 8
        # A float16 carries eleven bits.
        assert found.shares[:-1] == pytest.approx(expected, rel=2**-11)
        assert found.shares[-1] == 0
        assert found.reliability.tolist() == [
            file.reliability[model.items.index(item)] if item in model.items else 0 for item in weights
        ]


def test_train_writes_a_covisits_file_that_says_where_it_comes_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sessions, out = tmp_path / "sessions.txt", tmp_path / "covisit.npz"
    sessions.write_text("".join(f"{n}\t{' '.join(session)}\n" for n, session in enumerate(shop())))
    ran = run_model(capsys, "train", "covisit", sessions, "--set", "neighbours=5", "--out", out, "--json")
    assert ran.code == 0, ran.err
    file = CovisitsFile.load(out)
    assert (file.meta["algorithm"], file.meta["parameters"]["neighbours"]) == ("covisit", 5)
    assert file.meta["data"]["name"] == "sessions.txt"
    assert ran.json["covisits"] == str(out)
    assert ran.json["meta"] == file.meta
    assert ran.json["items_with_neighbours"] == 40
    assert ran.json["neighbours"] == file.neighbours.size == 200
    before = out.read_bytes()
    ran = run_model(capsys, "train", "covisit:neighbours=5", sessions, "--out", out)
    assert "items with neighbours" in ran.out
    assert out.read_bytes() == before, "equal data and parameters give equal bytes"
    assert len(load_model(out).recommend(["P3"], 3)) == 3


def test_a_covisits_file_of_another_maker_or_with_damaged_parameters_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "covisit.npz"
    Covisit().fit(shop()).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    for changes in (
        {"algorithm": "word2vec"},
        {"parameters": {**meta["parameters"], "decay": 2}},
        {"parameters": {}},
        {"seed": "x"},
    ):
        np.savez(path, **{**arrays, "meta": np.array(json.dumps({**meta, **changes}))})
        assert CovisitsFile.load(path).ids.size == 40, "sound for whoever only publishes it"
        with pytest.raises(DataError, match=r"covisit\.npz: (made by 'word2vec'|its parameters are|the parameter)"):
            Covisit.load(path)
