"""The blend: its inputs, the fit of its weights, and that the weights follow what is worth following."""

from __future__ import annotations

import random

import numpy as np
import pytest

from models.algorithms.blend import Blend
from models.algorithms.history import COLUMNS, history
from models.algorithms.popularity import Popularity
from models.algorithms.random import Random
from models.algorithms.sequential_rules import SequentialRules
from models.algorithms.softmax import fit_weights, log_loss
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError


def past(prefix: list[str], item: str, **columns: object) -> dict[str, float]:
    """What the history says of one item of one prefix."""
    made = encoded([prefix])
    sessions = Sessions(made.items, made.codes, made.offsets, **columns)  # type: ignore[arg-type]
    _, found, numbers = history(sessions, {one: at for at, one in enumerate(made.items)})
    (row,) = numbers[found == made.items.index(item)].tolist()
    return dict(zip(COLUMNS, (round(one, 4) for one in row), strict=True))


def test_the_history_of_an_item_is_told_in_numbers() -> None:
    said = past(["a", "b", "a", "c", "d", "e", "f", "a"], "b")
    assert said["had"] == 1
    assert said["query"] == 0
    assert said["times"] == round(float(np.log(2)), 4)
    assert said["recency"] == round(1 / 7**0.5, 4), "seven places back from what comes next"
    assert (said["last 5"], said["last 20"]) == (0, 1)
    assert said["query had"] == 1, "the newest a stood before"
    assert said["share had"] == 0.25, "of d, e, f, a only a did"
    assert said["follows query"] == 0.5, "it came one step after the first a and never after the second"
    assert past(["a", "b"], "b")["query"] == 1
    assert past(["a", "x", "b", "c", "a", "y"], "x")["follows one before"] == 1


def test_visits_and_returns_are_seen_where_the_sessions_know_them() -> None:
    visits = np.array([1, 1, 2, 2], dtype=np.int32)
    assert past(["a", "b", "c", "d"], "a", visits=visits)["this visit"] == 0
    assert past(["a", "b", "c", "d"], "c", visits=visits)["this visit"] == 1
    returned = np.array([False, False, True, True])
    assert past(["a", "b", "b", "d"], "a", returned=returned)["taken back"] == 1
    assert past(["a", "b", "b", "d"], "d", returned=returned)["taken back"] == 0, "it was never bought here"
    assert past(["a", "b", "b", "d"], "a", returned=~returned)["taken back"] == 0, "nothing is being taken back now"
    assert past(["a", "b", "c", "d"], "c")["this visit"] == 0


def test_the_loss_is_the_softmax_over_each_case_and_its_gradient_is_right() -> None:
    chance = np.random.default_rng(1)
    inputs = chance.normal(size=(9, 3)).astype(np.float32)
    starts, chosen = np.array([0, 4]), np.array([2, 4])
    weights = np.array([0.5, -1.0, 2.0], dtype=np.float32)
    sums = inputs @ weights
    by_hand = -np.mean([sums[2] - np.log(np.exp(sums[:4]).sum()), sums[4] - np.log(np.exp(sums[4:]).sum())])
    loss, gradient = log_loss(weights, inputs, starts, chosen)
    assert loss == pytest.approx(by_hand, rel=1e-5)
    for at in range(3):
        step = np.zeros(3, dtype=np.float32)
        step[at] = 1e-2
        slope = (
            log_loss(weights + step, inputs, starts, chosen)[0] - log_loss(weights - step, inputs, starts, chosen)[0]
        ) / 2e-2
        assert gradient[at] == pytest.approx(slope, abs=2e-3)


def test_planted_weights_are_found_again() -> None:
    chance = np.random.default_rng(2)
    cases, each, planted = 3000, 6, np.array([1.5, -0.7, 0.0])
    inputs = chance.normal(size=(cases * each, 3)).astype(np.float32)
    noisy = (inputs @ planted + chance.gumbel(size=len(inputs))).reshape(cases, each)
    starts = np.arange(cases) * each
    found = fit_weights(inputs, starts, starts + noisy.argmax(axis=1))
    assert np.allclose(found, planted, atol=0.1)


def test_an_input_that_never_varies_gets_no_weight() -> None:
    inputs = np.array([[1, 5], [0, 5], [1, 5], [0, 5]], dtype=np.float32)
    found = fit_weights(inputs, np.array([0, 2]), np.array([0, 2]))
    assert found[0] > 0
    assert found[1] == 0


def chains(count: int) -> list[list[str]]:
    """Sessions that walk along a ring of 30 items from any place of it: the next item is the next number."""
    chance = random.Random(5)
    starts = [chance.randrange(30) for _ in range(count)]
    return [[f"i{(start + step) % 30:02}" for step in range(5)] for start in starts]


def test_the_part_that_foretells_gets_the_weight_and_the_blend_is_as_good() -> None:
    parts = (Random(), SequentialRules(steps=1, back=0, decay=0), Popularity())
    model = Blend(parts=parts, each=30, history=0).fit(chains(300))
    weights = model.meta["weights"]
    assert weights["sequential-rules 2: level"] > 5 * abs(weights["random 1: level"])
    assert [model.recommend([f"i{at:02}"], 1) for at in range(29)] == [[f"i{at + 1:02}"] for at in range(29)]


def test_the_history_teaches_it_that_nothing_comes_again_or_that_everything_does() -> None:
    parts = (Popularity(),)
    fresh = Blend(parts=parts, each=30).fit(chains(200))
    assert not set(fresh.recommend(["i01", "i02", "i03"], 5)) & {"i01", "i02"}
    again = Blend(parts=parts, each=30).fit([[f"i{n % 30:02}", f"i{n * 7 % 30 + 1:02}"] * 3 for n in range(200)])
    assert again.recommend(["i09", "i11", "i09", "i11"], 1) == ["i09"]


def test_visits_are_looked_at_only_when_asked_for() -> None:
    plain = encoded(chains(200))
    visits = np.arange(plain.events, dtype=np.int32) % 2
    data = Sessions(plain.items, plain.codes, plain.offsets, visits=visits)
    blind = Blend(parts=(Popularity(),), visits=0).fit(data).meta["weights"]
    seeing = Blend(parts=(Popularity(),), visits=1).fit(data).meta["weights"]
    assert blind["history: this visit"] == 0
    assert seeing["history: this visit"] != 0


def test_what_gives_no_case_is_refused() -> None:
    with pytest.raises(DataError, match="no session of two items"):
        Blend(parts=(Popularity(),)).fit([["a"], ["b"]])
    with pytest.raises(DataError, match="no held-back item"):
        Blend(parts=(Popularity(),), history=0).fit([["a", "b"], ["c", "d"]])
    with pytest.raises(ConfigurationError, match="at least one algorithm"):
        Blend(parts=())
