"""Search spaces: what is drawn lies in them, equal seeds draw equally, and every one fits its algorithm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models.algorithms.registry import algorithm_class, build_algorithm
from models.tuning.space import SPACES, Choices, LogUniform, Range, Space, Steps, proposals, space_of
from sessionrank.errors import ConfigurationError

SMALL: Space = {"a": Steps(1, 7, 3), "b": Choices(("x", "y"))}


def test_steps_end_at_the_last_one_that_is_not_above_the_end() -> None:
    assert Steps(10, 105, 6).values == tuple(range(10, 101, 6))
    assert Steps(1, 21, 3).values == (1, 4, 7, 10, 13, 16, 19)


def test_steps_of_a_tenth_are_written_as_people_write_them() -> None:
    assert Steps(-1.0, 1.0, 0.2).values == (-1.0, -0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def test_whole_steps_give_whole_numbers() -> None:
    drawn = Steps(1, 21, 3).draw(np.random.default_rng(1))
    assert type(drawn) is int


def test_every_step_and_every_choice_is_drawn_about_equally_often() -> None:
    random = np.random.default_rng(1)
    for values in (Steps(1, 21, 3), Choices((0, 1))):
        drawn = [values.draw(random) for _ in range(7000)]
        shares = [drawn.count(value) / len(drawn) for value in values.values]
        assert shares == pytest.approx([1 / len(shares)] * len(shares), abs=0.02)


def test_each_factor_of_ten_is_drawn_equally_often_on_a_logarithmic_scale() -> None:
    random = np.random.default_rng(1)
    drawn = np.array([LogUniform(0.001, 1.0).draw(random) for _ in range(6000)])
    assert drawn.min() >= 0.001
    assert drawn.max() <= 1.0
    assert np.histogram(np.log10(drawn), bins=3, range=(-3, 0))[0] == pytest.approx([2000] * 3, rel=0.06)


def test_a_range_is_drawn_evenly() -> None:
    random = np.random.default_rng(1)
    drawn = np.array([Range(2.0, 4.0).draw(random) for _ in range(4000)])
    assert drawn.min() >= 2
    assert drawn.max() <= 4
    assert drawn.mean() == pytest.approx(3, abs=0.03)


def test_the_space_of_word2vec_is_the_published_one() -> None:
    space = SPACES["word2vec"]
    assert list(space) == ["size", "window", "ns_exponent", "alpha", "negative", "sg"]
    assert space["size"] == Steps(10, 105, 6)
    assert space["window"] == space["negative"] == Steps(1, 21, 3)
    assert space["ns_exponent"] == Steps(-1.0, 1.0, 0.2)
    assert space["sg"] == Choices((0, 1))


@pytest.mark.parametrize("name", sorted(SPACES))
def test_whatever_a_space_proposes_its_algorithm_takes(name: str) -> None:
    defaults = dataclasses.asdict(algorithm_class(name)())
    for settings in proposals(SPACES[name], defaults, count=200, seed=1):
        made = build_algorithm(name, settings)
        assert {parameter: getattr(made, parameter) for parameter in settings} == settings


def test_equal_seeds_propose_equal_settings_and_others_do_not() -> None:
    space = SPACES["word2vec"]
    defaults = dataclasses.asdict(algorithm_class("word2vec")())
    one = proposals(space, defaults, count=30, seed=7)
    assert proposals(space, defaults, count=30, seed=7) == one
    assert proposals(space, defaults, count=30, seed=8)[1:] != one[1:]


def test_a_longer_list_of_proposals_starts_with_the_shorter_one() -> None:
    defaults = dataclasses.asdict(algorithm_class("word2vec")())
    longer = proposals(SPACES["word2vec"], defaults, count=30, seed=7)
    assert proposals(SPACES["word2vec"], defaults, count=10, seed=7) == longer[:10]


def test_the_defaults_come_first_also_where_they_lie_outside_the_space() -> None:
    assert proposals(SMALL, {"a": 2, "b": "x", "other": 1}, count=3, seed=1)[0] == {"a": 2, "b": "x"}


def test_no_settings_are_proposed_twice_and_a_small_space_is_searched_whole() -> None:
    found = proposals(SMALL, {"a": 1, "b": "x"}, count=100, seed=1)
    assert sorted((settings["a"], settings["b"]) for settings in found) == [(a, b) for a in (1, 4, 7) for b in "xy"]


def test_what_is_fixed_is_not_searched() -> None:
    assert "window" not in space_of("word2vec", {"window": 4})
    with pytest.raises(ConfigurationError, match="every parameter of vsknn that could be tuned is fixed"):
        space_of("vsknn", dict.fromkeys(SPACES["vsknn"], 1))


def test_an_algorithm_without_a_space_is_told_those_that_have_one() -> None:
    with pytest.raises(ConfigurationError, match=r"popularity has no search space; .* als, .* word2vec"):
        space_of("popularity", {})
