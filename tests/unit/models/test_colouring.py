"""Colours of a map: groups by frequency, scales by rank, and nothing lost between them."""

from __future__ import annotations

import numpy as np
import pytest

from models.maps.colouring import MOST_NAMED, Categories, Scale, coloured, scaled


def groups(values: list[str], *, categorical: bool = False) -> list[tuple[str, list[int]]]:
    made = coloured(values, categorical=categorical)
    assert isinstance(made, Categories)
    return [(group.label, group.rows.tolist()) for group in made.groups]


def test_groups_come_by_frequency_then_alphabet_and_items_without_a_value_last() -> None:
    assert groups(["b", "c", "", "a", "c", "b", "c", "a"]) == [
        ("c", [1, 4, 6]),
        ("a", [3, 7]),
        ("b", [0, 5]),
        ("no value", [2]),
    ]


def test_rare_values_share_one_colour_so_that_the_legend_stays_short() -> None:
    values = [f"v{value:02}" for value in range(30) for _ in range(30 - value)]
    made = coloured(values)
    assert isinstance(made, Categories)
    labels = [group.label for group in made.groups]
    assert labels == [*(f"v{value:02}" for value in range(MOST_NAMED - 1)), "other: 21 values"]
    assert len({group.colour for group in made.groups}) == MOST_NAMED
    assert sorted(np.concatenate([group.rows for group in made.groups])) == list(range(len(values)))


def test_as_many_values_as_there_are_colours_are_all_named() -> None:
    assert [label for label, _ in groups([f"v{value}" for value in range(MOST_NAMED)])] == [
        f"v{value}" for value in range(MOST_NAMED)
    ]


def test_a_value_called_other_is_not_taken_for_the_rest() -> None:
    values = ["other", "other", *(f"v{value}" for value in range(20))]
    labels = [label for label, _ in groups(values)]
    assert labels[0] == "other"
    assert labels[-1] == "other: 12 values"


def test_many_different_numbers_make_a_scale_few_make_groups() -> None:
    numbers = [str(number / 4) for number in range(13)]
    assert isinstance(coloured([*numbers, ""]), Scale)
    assert isinstance(coloured(numbers, categorical=True), Categories)
    assert isinstance(coloured(numbers[:12] * 5), Categories)
    for odd in ("n/a", "nan", "inf", "1,5"):
        assert isinstance(coloured([*numbers, odd]), Categories)


def test_a_scale_goes_by_rank_so_that_one_huge_number_does_not_hide_the_rest() -> None:
    made = scaled(np.array([10.0, 30.0, np.nan, 20.0, 20.0, 1e9]))
    np.testing.assert_allclose(made.shades, [0, 0.75, np.nan, 0.375, 0.375, 1])
    assert made.ticks == ((0.0, "10"), (0.375, "20"), (0.75, "30"), (1.0, "1e+09"))


@pytest.mark.parametrize(("numbers", "ticks"), [([], ()), ([np.nan], ()), ([5.0], ((0.0, "5"),))])
def test_a_scale_of_next_to_nothing(numbers: list[float], ticks: tuple[tuple[float, str], ...]) -> None:
    assert scaled(np.array(numbers, dtype=np.float64)).ticks == ticks
