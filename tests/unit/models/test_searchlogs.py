"""Searches made from orders: each rule of the protocol on sessions whose positions can be counted by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.searchlogs.protocol import LONGEST_SESSION, Positions, SearchProtocol
from models.searchlogs.words import search_words, words_of
from models.sessions import Sessions, encoded
from sessionrank.errors import ConfigurationError, DataError
from sessionrank.searchlog import LoggedEvent, SearchCase

#: 2020-01-01, and a day later.
DAY = 1_577_836_800
WORDS = {item: (f"word{item}",) for item in "abcdefgh"}


def planted(*sessions: str, **columns: Any) -> Sessions:
    """Sessions of one-letter items; ``times`` and ``visits`` are given as one list over all events."""
    made = encoded([tuple(session) for session in sessions])
    kinds = {"times": np.int64, "visits": np.int32, "returned": np.bool_}
    arrays = {name: np.array(column, dtype=kinds[name]) for name, column in columns.items() if name in kinds}
    return replace(made, **arrays, names=columns.get("names"))


def all_cases(
    sessions: Sessions, protocol: SearchProtocol | None = None, words: Mapping[str, tuple[str, ...]] = WORDS
) -> list[SearchCase]:
    positions = (protocol or SearchProtocol()).positions(sessions, words)
    return list(positions.cases(positions.events, seed=1))


def short(cases: Sequence[SearchCase]) -> list[str]:
    return ["".join(event.sku for event in case.session) + ">" + case.clicked for case in cases]


def test_words_are_letters_alone_of_three_or_more_once_each_in_lower_case() -> None:
    assert words_of("SET OF 6 T-LIGHTS, Red  set (heart)/hängend") == ("set", "lights", "red", "heart", "hängend")
    assert words_of("12cm 3D-cup") == ("cup",)


@pytest.mark.parametrize(
    "name", ["o'clock", "TEA.COFFEE", "gift_box", "a1b", "50's-x", "l’heure", "ab", "हिन्दी", "x" * 256, ""]
)
def test_what_the_engine_keeps_as_one_token_gives_no_part_of_it(name: str) -> None:
    assert words_of(name) == ()


def test_quotes_and_stops_at_the_ends_of_a_word_do_not_hide_it() -> None:
    assert words_of("'tea' coffee. “milk” boys' sugar:") == ("tea", "coffee", "milk", "boys", "sugar")


def test_a_search_word_stands_in_enough_names_however_often_in_one() -> None:
    names = {"1": "red heart", "2": "red cup cup cup", "3": "Red CUP", "4": "plate", "5": ""}
    assert search_words(names, least=2) == {"1": ("red",), "2": ("red", "cup"), "3": ("red", "cup")}
    assert search_words(names, least=4) == {}
    assert search_words(names, least=1).keys() == {"1", "2", "3", "4"}


def test_every_later_product_of_a_visit_is_a_position_with_what_was_before_it() -> None:
    cases = all_cases(planted("abc", "d", "ba"))
    assert short(cases) == ["a>b", "ab>c", "b>a"]
    assert [case.query for case in cases] == ["wordb", "wordc", "worda"]
    assert [case.id for case in cases] == ["1", "1", "3"]
    assert all(case.time is None and case.session[0].time is None for case in cases)


def test_products_that_were_there_before_or_have_no_word_are_not_searched_but_stay_in_the_session() -> None:
    assert short(all_cases(planted("aaxba"))) == ["aax>b"]


def test_times_and_names_come_with_the_case() -> None:
    (case,) = all_cases(planted("ab", times=[DAY, DAY + 5], names=("visitor-7",)))
    assert case == SearchCase((LoggedEvent("a", time=1000 * DAY),), "wordb", "b", 1000 * (DAY + 5), "visitor-7")


def test_only_positions_in_the_time_asked_for_count_and_the_session_may_start_earlier() -> None:
    sessions = planted("abcd", "ef", times=[DAY - 1, DAY, DAY + 86_399, DAY + 86_400, 5, 6])
    within = SearchProtocol(after="2020-01-01", until="2020-01-02")
    positions = within.positions(sessions, WORDS)
    assert short(list(positions.cases(positions.events, seed=1))) == ["a>b", "ab>c"]
    assert (positions.visits, positions.visits_in_time) == (2, 1)
    # The two parts have no case in common and leave none out.
    parts = [SearchProtocol(until="2020-01-02"), SearchProtocol(after="2020-01-02")]
    assert sorted(case for part in parts for case in short(all_cases(sessions, part))) == sorted(
        short(all_cases(sessions))
    )


def test_what_was_taken_back_is_in_no_case() -> None:
    sessions = planted("abc", "d", "ae", returned=[False, True, False, True, False, False])
    assert short(all_cases(sessions)) == ["a>c", "a>e"]
    assert [case.id for case in all_cases(sessions)] == ["1", "3"]


def test_the_visits_of_a_session_stand_alone_unless_history_is_asked_for() -> None:
    sessions = planted("abcadb", "gh", visits=[5, 5, 9, 9, 9, 9, 5, 5])
    assert short(all_cases(sessions)) == ["a>b", "c>a", "ca>d", "cad>b", "g>h"]
    # With the history, a and b are no new products in the second visit.
    assert short(all_cases(sessions, SearchProtocol(history=True))) == ["a>b", "abca>d", "g>h"]


def test_the_history_of_a_session_whose_neighbour_lost_all_its_events_is_its_own() -> None:
    sessions = planted("x", "abc", visits=[1, 2, 3, 3], returned=[True, False, False, False])
    assert short(all_cases(sessions, SearchProtocol(history=True))) == ["ab>c"]


def test_a_pause_parts_visits_where_the_data_tells_none() -> None:
    sessions = planted("abcd", times=[DAY, DAY + 60, DAY + 60 + 1800, DAY + 1900])
    assert short(all_cases(sessions)) == ["a>b", "ab>c", "abc>d"]
    assert short(all_cases(sessions, SearchProtocol(gap=30))) == ["a>b", "c>d"]
    assert short(all_cases(sessions, SearchProtocol(gap=30.1))) == ["a>b", "ab>c", "abc>d"]
    assert short(all_cases(sessions, SearchProtocol(history=True))) == ["a>b", "abc>d"]


def test_the_latest_hundred_events_are_kept() -> None:
    items = [f"i{number}" for number in range(LONGEST_SESSION + 3)]
    sessions = encoded([items])
    cases = all_cases(sessions, words={items[-1]: ("last",)})
    assert [event.sku for event in cases[0].session] == items[2:-1]
    assert len(cases[0].session) == LONGEST_SESSION


def drawn(positions: Positions, count: int, seed: int) -> list[SearchCase]:
    return list(positions.cases(positions.drawn(count, seed=seed), seed=seed))


def test_draws_are_seeded_and_take_no_position_twice() -> None:
    words = dict.fromkeys("abcdefgh", ("one", "two", "three"))
    positions = SearchProtocol().positions(planted("abcdefgh", "cd", "hg"), words)
    assert len(positions) == 9
    everything = drawn(positions, 9, seed=4)
    assert sorted(short(everything)) == sorted(short(list(positions.cases(positions.events, seed=1))))
    assert everything == drawn(positions, 9, seed=4)
    assert everything != drawn(positions, 9, seed=5)
    assert len({case.query for case in everything}) > 1
    with pytest.raises(DataError, match="only 9 searches can be made, not 10"):
        positions.drawn(10, seed=4)


def test_each_visit_is_drawn_as_often_as_any_other_however_long_it_is() -> None:
    positions = SearchProtocol().positions(planted("abcdefgh", "ab"), WORDS)
    counts = Counter(drawn(positions, 1, seed)[0].id for seed in range(400))
    # 200 with a standard deviation of 10; by positions it would be 50.
    assert 150 < counts["2"] < 250
    firsts = Counter(short(drawn(positions, 1, seed))[0] for seed in range(400))
    assert len(firsts) == 7
    assert min(firsts.values()) > 8


@pytest.mark.parametrize(
    ("sessions", "protocol", "told"),
    [
        (planted("ab"), SearchProtocol(after="2020-01-01"), "take cases from a share of the sessions with --share"),
        (planted("ab", times=[1, 2]), SearchProtocol(after="2020-01-01"), "goes from 1970-01-01 00:00:01 to 1970"),
        (planted("ab", returned=[True, True]), SearchProtocol(), "there are no events at all"),
        (planted("ab", times=[2, 1]), SearchProtocol(), "session 1 is not in the order of time"),
        (planted("ab"), SearchProtocol(gap=30), "this data has no times"),
        (planted("ab"), SearchProtocol(history=True), "this data has no times"),
        (planted("ab", times=[1, 2]), SearchProtocol(history=True), "group the data by visitor"),
        (planted("ab", "c", visits=[1, 1, 2]), SearchProtocol(history=True), "group the data by visitor"),
    ],
)
def test_data_that_cannot_give_what_is_asked_for_is_refused(
    sessions: Sessions, protocol: SearchProtocol, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        protocol.positions(sessions, WORDS)


@pytest.mark.parametrize(
    "options", [{"after": "x"}, {"after": "2020-01-02", "until": "2020-01-01"}, {"gap": 0}, {"gap": float("nan")}]
)
def test_a_protocol_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        SearchProtocol(**options)
