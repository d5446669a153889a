"""What is the factor models' own: sampled softmax against the whole one, folding in, a file that holds vectors too."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.algorithms.als import Als
from models.algorithms.base import Epoch
from models.algorithms.bpr import Bpr
from models.algorithms.factor_model import FactorModel, scaled
from models.algorithms.factors import Factors, _Training
from models.algorithms.prefixes import recency_matrix
from models.sessions import encoded
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile

KINDS: list[type[Any]] = [Als, Bpr, Factors]


def paired_sessions(count: int = 300) -> list[list[str]]:
    """Sessions of two items each: 2n and 2n + 1 always go together, the lower pairs more often."""
    chance = random.Random(3)
    pairs = [min(chance.randrange(10), chance.randrange(10)) for _ in range(count)]
    return [[str(2 * pair + side), str(2 * pair + 1 - side)] for pair in pairs for side in [chance.randrange(2)]]


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum())


@pytest.mark.parametrize("ns_exponent", [1.0, 0.0])
def test_sampled_softmax_agrees_with_the_whole_one_however_the_noise_is_drawn(ns_exponent: float) -> None:
    data = encoded(paired_sessions())
    training = _Training(Factors(negative=200_000, ns_exponent=ns_exponent, size=4), data)
    training.outputs += np.random.default_rng(1).standard_normal(training.outputs.shape, dtype=np.float32)
    query = np.random.default_rng(2).standard_normal((1, 4), dtype=np.float32)
    answer = 5
    shares = np.bincount(data.codes).astype(np.float64) ** ns_exponent
    drawn = np.random.default_rng(3).choice(len(shares), size=200_000, p=shares / shares.sum())
    loss, by_answer, by_noise = training._softmax(query, np.array([answer]), drawn)
    whole = softmax(training.outputs.astype(np.float64) @ query[0] + training.bias)
    assert loss == pytest.approx(-np.log(whole[answer]), abs=0.02)
    assert by_answer[0] == pytest.approx(whole[answer] - 1, abs=0.01)
    found = np.bincount(drawn, weights=by_noise[0], minlength=len(whole))
    found[answer] = whole[answer]
    assert np.allclose(found, whole, atol=0.01)


def test_a_step_moves_factors_down_the_gradient_of_its_loss() -> None:
    data = encoded([["a", "b", "c"], ["b", "c"], ["a", "c", "d"]])
    settings = Factors(size=3, dropout=0.0, decay=0.5, negative=4, alpha=1e-4)
    training = _Training(settings, data)
    events = np.arange(data.events)
    training.outputs += 0.5
    training.inputs += 0.5

    def loss() -> float:
        items, context = training._context(events)
        queries = scaled(context) @ training.inputs[items]
        return training._softmax(queries, data.codes[events], noise)[0]

    state = training._chance.bit_generator.state
    training._chance.random((len(events), 4), dtype=np.float32)
    drawn = np.searchsorted(training._edges, training._chance.random(settings.negative))
    noise = np.minimum(drawn, len(data.items) - 1)
    gradients = {}
    for name in ("inputs", "outputs", "bias"):
        values = getattr(training, name)
        slopes = np.empty(values.shape)
        for place in np.ndindex(values.shape):
            kept = values[place]
            values[place] = kept + 1e-2
            above = loss()
            values[place] = kept - 1e-2
            slopes[place] = (above - loss()) / 2e-2
            values[place] = kept
        gradients[name] = slopes
    before = {name: getattr(training, name).copy() for name in gradients}
    training._chance.bit_generator.state = state
    training._step(events)
    for name, slopes in gradients.items():
        moved = before[name] - getattr(training, name)
        squares = slopes**2 if slopes.ndim == 1 else (slopes**2).sum(axis=1, keepdims=True)
        assert np.allclose(moved / settings.alpha, slopes / np.sqrt(1 + squares), atol=0.02), name


def test_the_context_is_what_stands_around_an_event_in_its_own_session() -> None:
    data = encoded([["a", "b", "c", "d"], ["e", "f"]])
    training = _Training(Factors(window=2, decay=0.5, dropout=0.0), data)
    items, context = training._context(np.array([1, 3, 4]))
    named = [data.items[code] for code in items]
    table = {name: context.toarray()[:, column].tolist() for column, name in enumerate(named)}
    assert table == {"a": [1, 0, 0], "b": [0, 0.5, 0], "c": [1, 1, 0], "d": [0.5, 0, 0], "f": [0, 0, 1]}


def test_dropout_leaves_out_its_share_of_the_context() -> None:
    data = encoded([[str(number) for number in range(200)]])
    training = _Training(Factors(window=199, dropout=0.25, decay=1.0), data)
    _, context = training._context(np.arange(200))
    assert context.nnz == pytest.approx(0.75 * 200 * 199, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_partners_are_recommended_and_rare_ones_as_well(kind: type[Any]) -> None:
    model = kind(size=16, **({"epochs": 30} if kind is Factors else {})).fit(paired_sessions())
    for pair in range(8):
        assert model.recommend([str(2 * pair)], 1) == [str(2 * pair + 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_saved_model_is_a_vectors_file_as_well(kind: type[Any], tmp_path: Path) -> None:
    model = kind(size=8).fit(paired_sessions())
    model.meta["data"] = {"name": "pairs"}
    model.save(tmp_path / "model.npz")
    vectors = VectorsFile.load(tmp_path / "model.npz")
    assert vectors.ids.tolist() == list(model.items)
    assert vectors.vectors.tobytes() == model.vectors.vectors.tobytes()
    assert vectors.support.tolist() == model.vectors.support.tolist()
    assert vectors.meta["data"] == {"name": "pairs"}
    assert vectors.meta["size"] == vectors.dimensions == 8
    loaded = kind.load(tmp_path / "model.npz")
    prefixes = [["3", "5"], ["19"], [], ["never seen"]]
    assert loaded.score(prefixes).tobytes() == model.score(prefixes).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_whose_parts_do_not_fit_is_refused(kind: type[Any], tmp_path: Path) -> None:
    path, other = tmp_path / "model.npz", tmp_path / "other.npz"
    kind(size=8).fit(paired_sessions()).save(path)
    with np.load(path) as parts:
        arrays = {name: parts[name] for name in parts.files}
    nothing: dict[str, Any] = {}
    endless = np.full_like(arrays["factors"], np.inf)
    cases = [{"factors": nothing}, {"factors": arrays["factors"][1:]}, {"factors": endless}, {"bias": nothing}]
    if "inputs" in arrays:
        cases += [{"inputs": nothing}, {"inputs": arrays["inputs"][:, 1:]}]
    for wrong in cases:
        written = {name: array for name, array in {**arrays, **wrong}.items() if array is not nothing}
        np.savez(other, **written)
        with pytest.raises(DataError, match="train it again"):
            kind.load(other)
    for said in ('"decay": 0.5', '"decay": 7', '"decay": true'):
        meta = str(arrays["meta"])
        assert '"decay": 0.5' in meta
        np.savez(other, **{**arrays, "meta": np.array(meta.replace('"decay": 0.5', said))})
        if said == '"decay": 0.5':
            kind.load(other)
            continue
        with pytest.raises(DataError, match="decay"):
            kind.load(other)
    VectorsFile.load(path).save(other)
    with pytest.raises(DataError):
        kind.load(other)


def test_als_gives_a_visit_the_user_factor_that_training_gave_its_like() -> None:
    """The closed form, worked with dense matrices; and it is where the alternation itself stands still."""
    sessions = paired_sessions()
    model = Als(size=4, epochs=30, decay=1.0, confidence=5.0, regularization=2.0).fit(sessions)
    factors = model._factors.astype(np.float64)
    prefix = [model.items[3], model.items[0]]
    trust = np.zeros(len(model.items))
    trust[[0, 3]] = 5.0
    left = factors.T @ factors + (factors.T * np.maximum(trust - 1, 0)) @ factors + 2.0 * np.eye(4)
    by_hand = np.linalg.solve(left, factors.T @ trust)
    assert np.allclose(model.score([prefix])[0], factors @ by_hand, atol=1e-4)


def test_als_trusts_older_items_less() -> None:
    model = Als(size=4, decay=0.5).fit(paired_sessions())
    weights = recency_matrix([["1", "4"]], model._column, decay=0.5)
    assert sorted(weights.data.tolist()) == [0.5, 1.0]
    newest, older = (model.score([["1", "4"]])[0, model._column[item]] for item in ("5", "0"))
    assert newest > older


def test_a_visit_with_nothing_known_gets_the_biases_or_nothing() -> None:
    sessions = paired_sessions()
    for algorithm in (Als(), Bpr(size=8, epochs=2, popularity=1.0), Factors(size=8)):
        model: FactorModel = algorithm.fit(sessions)  # type: ignore[assignment]
        found = model.recommend(["never seen"], 3)
        if isinstance(algorithm, Als):
            assert found == []
            continue
        support = dict(zip(model.items, model.vectors.support.tolist(), strict=True))
        assert min(support[item] for item in found) > np.median(list(support.values()))


def test_sessions_of_one_item_leave_popularity() -> None:
    sessions = [["a"]] * 3 + [["b"]] * 5 + [["c"]]
    losses: list[float | None] = []
    model = Factors(epochs=2).fit(sessions, on_epoch=lambda epoch: losses.append(epoch.loss))
    assert losses == [None, None]
    assert model.recommend([], 3) == ["b", "a", "c"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_epoch_has_its_own_model_and_watching_changes_nothing(kind: type[Any]) -> None:
    seen: list[tuple[Epoch, bytes]] = []
    algorithm = kind(size=8, epochs=4)
    prefixes = [["1"], ["2", "6"]]

    def told(epoch: Epoch) -> None:
        seen.append((epoch, epoch.model().score(prefixes).tobytes()))

    watched = algorithm.fit(paired_sessions(), on_epoch=told)
    assert len({scores for _, scores in seen}) == 4
    assert seen[-1][1] == watched.score(prefixes).tobytes()
    assert algorithm.fit(paired_sessions()).score(prefixes).tobytes() == watched.score(prefixes).tobytes()
    losses = [epoch.loss for epoch, _ in seen]
    if kind is Bpr:
        assert losses == [None] * 4
    else:
        assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Als, {"regularization": 0.0}),
        (Als, {"confidence": 0.0}),
        (Als, {"size": 0}),
        (Bpr, {"alpha": 0.0}),
        (Bpr, {"popularity": -1.0}),
        (Bpr, {"decay": 1.1}),
        (Factors, {"dropout": 1.0}),
        (Factors, {"negative": 0}),
        (Factors, {"window": 0}),
        (Factors, {"ns_exponent": float("nan")}),
        (Factors, {"batch": 0}),
    ],
)
def test_a_parameter_of_factors_that_cannot_work_is_refused_by_name(kind: type[Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        kind(**wrong)


def test_another_process_trains_the_same_bytes_whatever_its_threads() -> None:
    script = """
import hashlib, random
from models.algorithms.als import Als
from models.algorithms.bpr import Bpr
from models.algorithms.factors import Factors
chance = random.Random(1)
sessions = [[f"item{chance.randrange(300)}" for _ in range(8)] for _ in range(400)]
for kind in (Als, Bpr, Factors):
    model = kind(epochs=2).fit(sessions)
    print(hashlib.sha256(model._factors.tobytes() + model.vectors.vectors.tobytes()).hexdigest())
"""
    root = Path(__file__).parents[3]
    said = set()
    for threads in ("1", "2"):
        environment = {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=root, check=True, capture_output=True, text=True
        )
        said.add(done.stdout)
    assert len(said) == 1
    assert len(set(said.pop().split())) == 3


@pytest.mark.parametrize(
    "algorithm", [Bpr(alpha=50.0), Bpr(regularization=1e6), Als(confidence=1e6, regularization=1e-30)]
)
def test_factors_that_do_not_stay_finite_are_told_with_what_to_change(algorithm: Any) -> None:
    sessions = paired_sessions()
    with pytest.raises(ConfigurationError, match="nearer to their defaults"):
        algorithm.fit(sessions).recommend_many(sessions, 3)
