"""The arrays behind sessions: what is taken, kept and cut stands where it should."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.sessions import Sessions, encoded

PLAIN = [("a", "b", "a"), (), ("c",), ("b", "d")]
LISTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), max_size=8)


def with_columns() -> Sessions:
    made = encoded(PLAIN)
    return Sessions(
        made.items,
        made.codes,
        made.offsets,
        times=np.arange(6, dtype=np.int64) * 10,
        visits=np.arange(6, dtype=np.int32) + 100,
        returned=np.arange(6) % 2 == 1,
        names=("w", "x", "y", "z"),
    )


@given(LISTS)
def test_encoded_sessions_read_like_the_plain_ones(plain: list[list[str]]) -> None:
    made = encoded(plain)
    as_tuples = [tuple(session) for session in plain]
    assert list(made) == as_tuples == [made[at] for at in range(len(made))]
    assert made.events == sum(map(len, plain))
    everything = [item for session in plain for item in session]
    assert dict(zip(made.items, made.support.tolist(), strict=True)) == {
        item: everything.count(item) for item in everything
    }
    assert encoded(made) is made


@given(LISTS, st.integers(0, 3))
def test_without_last_cuts_each_session(plain: list[list[str]], n: int) -> None:
    assert list(encoded(plain).without_last(n)) == [tuple(session[: max(0, len(session) - n)]) for session in plain]


@given(LISTS, st.data())
def test_taking_rows_and_slices_takes_them_in_that_order(plain: list[list[str]], data: st.DataObject) -> None:
    made = encoded(plain)
    rows = data.draw(st.lists(st.integers(0, len(plain) - 1), max_size=5)) if plain else []
    assert list(made.take(np.array(rows, dtype=int))) == [tuple(plain[row]) for row in rows]
    assert list(made[1:4]) == [tuple(session) for session in plain[1:4]]
    assert list(made[::-1]) == [tuple(session) for session in plain[::-1]]


def test_every_column_goes_where_its_event_goes() -> None:
    taken = with_columns().take(np.array([3, 0])).without_last()
    assert list(taken) == [("b",), ("a", "b")]
    assert taken.times is not None
    assert taken.times.tolist() == [40, 0, 10]
    assert taken.visits is not None
    assert taken.visits.tolist() == [104, 100, 101]
    assert taken.returned is not None
    assert taken.returned.tolist() == [False, False, True]
    assert taken.names == ("z", "w")


def test_compacting_gives_up_items_that_no_event_names() -> None:
    made = encoded(PLAIN).take(np.array([3, 2]))
    assert made.items == ("a", "b", "c", "d")
    assert made.compacted().items == ("b", "c", "d")
    assert list(made.compacted()) == [("b", "d"), ("c",)]
