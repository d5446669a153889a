"""An order brought back within a bound on how far each hit may move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ranking.bounds import within


@st.composite
def wishes(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """An order, and the hits that it leaves in their places on purpose."""
    size = draw(st.integers(0, 40))
    fixed = sorted(draw(st.sets(st.integers(0, size - 1)))) if size else []
    free = [place for place in range(size) if place not in fixed]
    order = list(range(size))
    for place, hit in zip(free, draw(st.permutations(free)), strict=True):
        order[place] = hit
    return order, fixed


def moves(order: list[int]) -> list[int]:
    return [abs(hit - place) for place, hit in enumerate(order)]


@given(wish=wishes(), most=st.integers(0, 45))
def test_all_hits_are_there_none_moves_too_far_fixed_ones_stay(wish: tuple[list[int], list[int]], most: int) -> None:
    order, fixed = wish
    made = within(order, most, fixed)
    assert sorted(made) == list(range(len(order)))
    assert max(moves(made), default=0) <= most
    assert all(made[place] == place for place in fixed)


@given(wish=wishes(), wider=st.integers(0, 5))
def test_an_order_that_is_within_the_bound_stands(wish: tuple[list[int], list[int]], wider: int) -> None:
    order, fixed = wish
    assert within(order, max(moves(order), default=0) + wider, fixed) == order


@given(wish=wishes())
def test_a_bound_of_no_place_is_the_engines_order(wish: tuple[list[int], list[int]]) -> None:
    order, fixed = wish
    assert within(order, 0, fixed) == sorted(order)


@pytest.mark.parametrize(
    ("order", "most", "fixed", "made"),
    [
        ([3, 2, 1, 0], 1, [], [1, 0, 3, 2]),
        # The last hit may rise to the third place, and the others wait for it in the order that is wished.
        ([4, 0, 1, 2, 3], 2, [], [0, 1, 4, 2, 3]),
        ([4, 3, 2, 1, 0], 2, [], [2, 3, 0, 1, 4]),
        # Of the middle hit nothing is known: its neighbours have no other place within one.
        ([2, 1, 0], 1, [1], [0, 1, 2]),
        ([2, 1, 0], 2, [1], [2, 1, 0]),
        # Two hits in front of a gap: both have their last place before it, so neither may be left behind.
        ([5, 0, 2, 3, 4, 1], 4, [2, 3, 4], [0, 5, 2, 3, 4, 1]),
        ([5, 0, 2, 3, 4, 1], 3, [2, 3, 4], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_each_place_takes_the_foremost_hit_that_may_stand_there(
    order: list[int], most: int, fixed: list[int], made: list[int]
) -> None:
    assert within(order, most, fixed) == made
