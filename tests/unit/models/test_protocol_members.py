"""What is special about each protocol, on data small enough to see."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from models.protocols.base import Cases
from models.protocols.registry import make_protocol
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError

DAY = 86_400


def timed(*lists: Sequence[tuple[str, int]], names: Sequence[str] = ()) -> Sessions:
    """Sessions of (item, day since 1970)."""
    made = encoded([[item for item, _ in one] for one in lists])
    days = [day * DAY for one in lists for _, day in one]
    return dataclasses.replace(made, times=np.array(days, dtype=np.int64), names=tuple(names) or None)


def questions(cases: Cases) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {
        row: (prefix, answers)
        for row, prefix, answers in zip(cases.rows.tolist(), cases.prefixes, cases.answers, strict=True)
    }


def test_fast_forward_is_what_was_written_down() -> None:
    """Worked out again with nothing but lists and one draw of numpy's."""
    chance = np.random.default_rng(9)
    sessions = [[f"i{item}" for item in chance.integers(0, 40, chance.integers(3, 9))] for _ in range(300)]
    split = make_protocol("fast-forward:test=100,validation=60").split(sessions, 123)
    drawn = np.random.default_rng(123).choice(300, 160, replace=False).tolist()
    assert [list(session) for session in split.train] == [session[:-1] for session in sessions]
    for cases, rows in ((split.test, drawn[:100]), (split.validation, drawn[100:])):
        assert cases.rows.tolist() == rows
        assert [list(prefix) for prefix in cases.prefixes] == [sessions[row][:-1] for row in rows]
        assert cases.answers == tuple((sessions[row][-1],) for row in rows)


def test_fast_forward_draws_a_thousand_for_each_part_and_leaves_out_the_query_alone() -> None:
    said = make_protocol("fast-forward").describe()
    assert said == {
        "name": "fast-forward", "test": 1000, "validation": 1000, "leave_out": "last", "unknown": "miss",
    }  # fmt: skip


def test_fast_forward_says_how_many_sessions_it_needs_and_how_many_there_are() -> None:
    with pytest.raises(DataError, match=r"2,000 sessions .* there are 1,999: .*test=999,validation=1000"):
        make_protocol("fast-forward").split([["a", "b"]] * 1999 + [["a"]], 1)


def test_leave_last_out_asks_every_session_once_in_two_halves() -> None:
    sessions = [["a", "b", f"last {row}"] for row in range(11)] + [["alone"]]
    split = make_protocol("leave-last-out").split(sessions, 5)
    assert (len(split.test), len(split.validation)) == (5, 6)
    assert sorted([*split.test.rows.tolist(), *split.validation.rows.tolist()]) == list(range(11))
    assert make_protocol("leave-last-out").leave_out == "nothing"


def test_visits_tell_cases_within_one_from_cases_across_two() -> None:
    sessions = dataclasses.replace(encoded([["a", "b", "c"], ["d", "e"]]), visits=np.array([1, 2, 2, 3, 4], np.int32))
    kinds = make_protocol("leave-last-out").cases(sessions)[1].kinds
    assert kinds["within a visit"].tolist() == [True, False]
    assert kinds["across visits"].tolist() == [False, True]


#: Before the cut (day 10) alone, across it, wholly after it, and one event after it.
SESSIONS = timed(
    [("a", 1), ("b", 2)],
    [("a", 3), ("b", 9), ("c", 10), ("d", 12)],
    [("e", 11), ("f", 13)],
    [("g", 20)],
    [("a", 5), ("b", 10)],
)


def test_by_time_learns_only_from_what_was_before_the_cut() -> None:
    train, cases = make_protocol("by-time:date=1970-01-11").cases(SESSIONS)
    assert list(train) == [("a", "b"), ("a", "b"), ("a",)]
    assert train.items == ("a", "b")
    assert train.times is not None
    assert train.times.max() < 10 * DAY
    assert questions(cases) == {1: (("a", "b", "c"), ("d",)), 2: (("e",), ("f",)), 4: (("a",), ("b",))}
    assert cases.kinds["sessions new"].tolist() == [False, True, False]
    assert cases.kinds["sessions known"].tolist() == [True, False, True]


def test_by_time_cuts_by_share_where_no_date_is_given_and_parts_no_second() -> None:
    same = timed(*([(f"i{row}", 1), (f"j{row}", 1 + row // 8)] for row in range(10)))
    train, cases = make_protocol("by-time:share=0.95").cases(same)
    assert train.events == 18
    assert cases.rows.tolist() == [8, 9]


def test_by_time_needs_times_in_order() -> None:
    with pytest.raises(DataError, match="session 2 is not in the order of time"):
        make_protocol("by-time:date=1970-01-02").cases(timed([("a", 0), ("b", 3)], [("a", 5), ("b", 4)]))


@pytest.mark.parametrize(("date", "way"), [("1970-01-01", "cut later"), ("1999-01-01", "cut earlier")])
def test_by_time_with_nothing_on_one_side_of_the_cut_says_which_way_to_move_it(date: str, way: str) -> None:
    with pytest.raises(DataError, match=way):
        make_protocol(f"by-time:date={date}").cases(SESSIONS)


@pytest.mark.parametrize("wrong", ["date=soon", "share=1", "share=0", "share=much"])
def test_by_time_refuses_a_cut_that_is_none(wrong: str) -> None:
    with pytest.raises(ConfigurationError):
        make_protocol(f"by-time:{wrong}")


def named(names: str, *lists: str) -> Sessions:
    return dataclasses.replace(encoded([one.split() for one in lists]), names=tuple(names.split()))


def test_holdout_joins_by_name_and_puts_together_what_stands_under_one_name() -> None:
    held = named("v u stranger v", "x y", "a z", "q", "y w")
    train, cases = make_protocol("holdout", held_back=held).cases(named("u v w", "a b", "c", "d"))
    assert list(train) == [("a", "b"), ("c",), ("d",)]
    assert questions(cases) == {0: (("a", "b"), ("a", "z")), 1: (("c",), ("x", "y", "w"))}
    assert cases.left_out == {"held-back sessions with no session to learn from": 1}
    assert make_protocol("holdout").leave_out == "all"


def test_holdout_of_other_users_and_without_a_second_file_are_refused() -> None:
    with pytest.raises(DataError, match="no session of the held-back file"):
        make_protocol("holdout", held_back=named("p", "a")).cases(named("u", "a b"))
    with pytest.raises(ConfigurationError, match="--holdout"):
        make_protocol("holdout").cases(named("u", "a b"))


def test_skipped_answers_are_taken_out_of_those_of_their_case() -> None:
    protocol = make_protocol("holdout:unknown=skip", held_back=named("u v", "b never", "never"))
    _, cases = protocol.cases(named("u v", "a b", "c"))
    assert questions(cases) == {0: (("a", "b"), ("b",))}
    assert cases.left_out == {"training saw none of the answers": 1}


@pytest.mark.parametrize(
    ("date", "line"), [("9999-12-31T23:59:59-14:00", "cut earlier"), ("0001-01-01T00:00+14:00", "cut later")]
)
def test_a_cut_at_the_edge_of_the_calendar_is_told_like_any_other(date: str, line: str) -> None:
    with pytest.raises(DataError, match=line):
        make_protocol(f"by-time:date={date}").cases(SESSIONS)
