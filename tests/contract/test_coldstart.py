"""What every method of cold start must hold, run on each member of the registry."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from models.coldstart.base import FEWEST_ITEMS, ColdStart, ContentModel
from models.coldstart.registry import METHODS, make_method
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.vectors import VectorsFile, unit

GROUPS = ("lantern", "teapot", "ribbon", "puzzle")
ITEMS_A_GROUP = 12
SIZE = 8
#: Small enough for a test; what a method does not have is left out.
SMALL: dict[str, dict[str, object]] = {
    "triplet": {
        "inputs": 16,
        "hidden": 16,
        "epochs": 4,
        "steps": 40,
        "batch": 64,
        "dropout": 0.1,
        "rate": 0.01,
        "margin": 0.3,
    }
}


def method_of(name: str, **parameters: object) -> ColdStart:
    return make_method(name, {**SMALL.get(name, {}), **parameters})


def group_of(sku: str) -> int:
    return int(sku[1])


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Names of products g0-0 … g3-11: the word of their group, in its plural here and there, beside a random colour."""
    chance = random.Random(5)
    colours = ("red", "blue", "green", "white")
    return {
        f"g{group}-{n}": f"{chance.choice(colours)} {word}{'s' if n % 3 == 0 else ''}"
        for group, word in enumerate(GROUPS)
        for n in range(ITEMS_A_GROUP)
    }


@pytest.fixture(scope="module")
def sessions(texts: Mapping[str, str]) -> Sessions:
    """Sessions that each stay within one group."""
    chance = random.Random(7)
    made = []
    for _ in range(200):
        group = chance.randrange(len(GROUPS))
        made.append([f"g{group}-{chance.randrange(ITEMS_A_GROUP)}" for _ in range(6)])
    return encoded(made)


@pytest.fixture(scope="module")
def vectors(texts: Mapping[str, str]) -> VectorsFile:
    """Each product near the direction of its group."""
    chance = np.random.default_rng(3)
    directions = unit(chance.normal(size=(len(GROUPS), SIZE)))
    rows = [directions[group_of(sku)] + chance.normal(scale=0.1, size=SIZE) for sku in texts]
    return VectorsFile.build(list(texts), rows, [10] * len(texts), {})


@pytest.fixture(scope="module", params=sorted(METHODS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@dataclass
class Fitted:
    model: ContentModel
    told: list[tuple[int, float]]


@pytest.fixture(scope="module")
def fitted(name: str, vectors: VectorsFile, texts: Mapping[str, str], sessions: Sessions) -> Fitted:
    told: list[tuple[int, float]] = []
    method = method_of(name)
    model = method.fit(vectors, texts, sessions=sessions, on_epoch=lambda number, loss: told.append((number, loss)))
    return Fitted(model, told)


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> ContentModel:
    return fitted.model


def test_texts_that_share_a_word_come_to_stand_where_the_items_with_that_word_are(
    model: ContentModel, vectors: VectorsFile
) -> None:
    made = model.vectors_for([f"a brand new {word} in blue" for word in GROUPS])
    for group, row in enumerate(made):
        near = np.argsort(-(vectors.vectors @ row))[: ITEMS_A_GROUP - 2]
        assert {group_of(sku) for sku in vectors.ids[near].tolist()} == {group}, GROUPS[group]


def test_new_items_stand_in_the_space_of_the_trained_ones_not_beside_it(
    model: ContentModel, vectors: VectorsFile, texts: Mapping[str, str]
) -> None:
    own = np.sum(model.vectors_for(list(texts.values())) * vectors.vectors, axis=1)
    assert own.mean() > 0.85
    for group, word in enumerate(GROUPS):
        of_group = np.array([group_of(sku) == group for sku in texts])
        centre = unit(vectors.vectors[of_group].mean(axis=0))
        assert float(model.vectors_for([word])[0] @ centre) > 0.85, "level with trained ones, not only first among new"


def test_equal_seeds_give_equal_bytes_and_the_process_s_random_state_is_left_alone(
    name: str, model: ContentModel, vectors: VectorsFile, texts: Mapping[str, str], sessions: Sessions
) -> None:
    asked = [*texts.values(), "green puzzles", "nothing known"]
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index,union-attr]
    again = method_of(name).fit(vectors, texts, sessions=sessions)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index,union-attr]
    assert again.vectors_for(asked).tobytes() == model.vectors_for(asked).tobytes()
    assert again.meta == model.meta


def test_rows_have_unit_length_and_what_says_nothing_is_zero(model: ContentModel) -> None:
    texts = ["teapot", "", "   ", "zzz qqq", "\x00\ud800", "ribbon " * 5_000, "☕", "blue"]
    made = model.vectors_for(texts)
    assert made.shape == (len(texts), SIZE)
    assert made.dtype == np.float32
    lengths = np.linalg.norm(made, axis=1)
    np.testing.assert_allclose(lengths, [1, 0, 0, 0, 0, 1, 0, 1], atol=1e-5)
    assert model.vectors_for([]).shape == (0, SIZE)


def test_a_text_has_the_same_vector_whatever_it_is_asked_with(model: ContentModel) -> None:
    alone, among = model.vectors_for(["red teapot"]), model.vectors_for(["puzzle", "zzz", "red teapot"])
    np.testing.assert_allclose(alone[0], among[2], atol=1e-6)


def test_items_without_a_text_texts_without_an_item_and_zero_vectors_are_passed_over(
    name: str, vectors: VectorsFile, texts: Mapping[str, str], sessions: Sessions
) -> None:
    some = {sku: text for sku, text in texts.items() if not sku.endswith("-1")} | {"new": "teapot", "g0-2": ""}
    zeroed = vectors.vectors.copy()
    zeroed[5] = 0
    file = replace(vectors, vectors=zeroed)
    learned = method_of(name).fit(file, some, sessions=sessions)
    assert learned.meta["items"] == len(texts) - len(GROUPS) - 2
    assert np.isfinite(learned.vectors_for(list(some.values()))).all()


def test_too_little_to_learn_from_is_a_data_error(
    name: str, vectors: VectorsFile, texts: Mapping[str, str], sessions: Sessions
) -> None:
    nothing: list[dict[str, str]] = [
        {},
        dict.fromkeys(texts, ""),
        {sku: f"word{n}x" * 3 for n, sku in enumerate(list(texts)[: FEWEST_ITEMS - 1])},
        {"elsewhere": "teapot"},
    ]
    for some in nothing:
        with pytest.raises(DataError, match="same shop"):
            method_of(name).fit(vectors, some, sessions=sessions)


def test_every_pass_is_told_once_with_its_loss(name: str, fitted: Fitted) -> None:
    assert [number for number, _ in fitted.told] == list(range(1, method_of(name).epochs_planned + 1))
    if fitted.told:
        assert fitted.told[-1][1] < fitted.told[0][1] / 2, "it learns"


def test_the_model_says_what_it_learned_from(name: str, model: ContentModel, texts: Mapping[str, str]) -> None:
    assert model.meta["method"] == name
    assert model.meta["seed"] == 123
    assert model.meta["items"] == len(texts)
    assert model.meta["terms"] > len(GROUPS)


def test_a_method_that_needs_sessions_says_so(name: str, vectors: VectorsFile, texts: Mapping[str, str]) -> None:
    if METHODS[name].needs_sessions:
        with pytest.raises(ConfigurationError, match="sessions"):
            method_of(name).fit(vectors, texts)
    else:
        assert method_of(name).fit(vectors, texts).vectors_for(["teapot"]).any()


def test_an_unknown_method_or_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="ridge, triplet"):
        make_method("magic", {})
    with pytest.raises(ConfigurationError, match="strength"):
        make_method("ridge", {"size": 3})
    with pytest.raises(ConfigurationError, match="margin must be"):
        make_method("triplet", {"margin": "-1"})
