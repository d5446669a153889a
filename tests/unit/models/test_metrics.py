"""Metrics on lists worked by hand, and against a slow reference that follows the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.metrics import (
    coverage_at_k,
    found,
    hit_rate_at_k,
    mean_at_k,
    mrr_at_k,
    ndcg_at_k,
    percentiles,
    recall_at_k,
    sole_items_at_k,
)

#: Three cases: the answer at place 2; two answers of three at places 1 and 4; a short list without the answer.
RANKED = np.array([[7, 3, 5, 1], [2, 9, 8, 4], [6, 0, -1, -1]])
ROWS = np.array([0, 1, 1, 1, 2])
CODES = np.array([3, 2, 4, -1, 5])
COUNTS = np.array([1, 3, 1])
HITS = found(RANKED, ROWS, CODES)


def test_an_answer_is_found_where_it_stands_and_only_in_its_own_case() -> None:
    assert HITS.tolist() == [[False, True, False, False], [True, False, False, True], [False] * 4]


def test_an_answer_that_the_model_does_not_know_is_not_found_in_the_empty_places() -> None:
    assert not found(np.array([[-1, -1]]), np.array([0]), np.array([-1])).any()
    assert not found(np.array([[3, -1], [-1, -1]]), np.array([1]), np.array([-1])).any()


def test_worked_cases_of_hit_rate_and_recall() -> None:
    assert hit_rate_at_k(HITS, 1).tolist() == [0, 1, 0]
    assert hit_rate_at_k(HITS, 2).tolist() == [1, 1, 0]
    assert recall_at_k(HITS, COUNTS, 1).tolist() == pytest.approx([0, 1 / 3, 0])
    assert recall_at_k(HITS, COUNTS, 4).tolist() == pytest.approx([1, 2 / 3, 0])


def test_worked_cases_of_mrr() -> None:
    assert mrr_at_k(HITS, 1).tolist() == [0, 1, 0]
    assert mrr_at_k(HITS, 4).tolist() == [0.5, 1, 0]
    assert mrr_at_k(np.array([[False, False, True, True]]), 4).tolist() == pytest.approx([1 / 3])


def test_worked_cases_of_ndcg() -> None:
    second, fourth = 1 / math.log2(3), 1 / math.log2(5)
    assert ndcg_at_k(HITS, COUNTS, 4).tolist() == pytest.approx([second, (1 + fourth) / (1 + second + 0.5), 0])
    assert ndcg_at_k(HITS, COUNTS, 2).tolist() == pytest.approx([second, 1 / (1 + second), 0])


def test_all_answers_at_the_top_are_an_ndcg_of_one_also_when_there_are_more_than_k() -> None:
    top = np.array([[True, True, False]])
    assert ndcg_at_k(top, np.array([2]), 3).tolist() == [1]
    assert ndcg_at_k(top, np.array([9]), 2).tolist() == [1]


def test_lists_shorter_than_k_are_lists_with_empty_places() -> None:
    assert ndcg_at_k(HITS[:, :2], COUNTS, 10).tolist() == pytest.approx(
        ndcg_at_k(np.pad(HITS[:, :2], ((0, 0), (0, 8))), COUNTS, 10).tolist()
    )
    assert mrr_at_k(np.zeros((2, 0), dtype=bool), 10).tolist() == [0, 0]
    assert hit_rate_at_k(np.zeros((2, 0), dtype=bool), 10).tolist() == [0, 0]


def test_coverage_is_the_share_of_the_catalogue_that_anyone_is_shown() -> None:
    ranked = np.array([[0, 1, 2], [0, 3, -1]])
    assert coverage_at_k(ranked, 1, 10) == 0.1
    assert coverage_at_k(ranked, 3, 10) == 0.4
    assert coverage_at_k(np.empty((0, 3), dtype=np.int64), 3, 10) == 0


def test_the_items_that_one_case_alone_is_shown_are_counted_for_it() -> None:
    assert sole_items_at_k(np.array([[0, 1, 2], [0, 3, -1]]), 3).tolist() == [2, 1]
    assert sole_items_at_k(np.array([[0, 1, 2], [0, 3, -1]]), 1).tolist() == [0, 0]
    assert sole_items_at_k(np.array([[-1, -1]]), 2).tolist() == [0]


def test_the_mean_over_a_list_counts_the_items_that_are_there() -> None:
    means = mean_at_k(np.array([[0, 1, 2], [2, -1, -1], [-1, -1, -1]]), np.array([10, 20, 60]), 3)
    assert means[:2].tolist() == [30, 60]
    assert np.isnan(means[2])


def test_percentiles_are_a_half_on_average_and_equal_for_equal_support() -> None:
    found_ = percentiles(np.array([5, 1, 1, 9]))
    assert found_.tolist() == [0.625, 0.25, 0.25, 0.875]
    assert found_.mean() == 0.5


def slow(ranked: Sequence[Sequence[int]], answers: Sequence[set[int]], k: int) -> list[tuple[float, ...]]:
    """Recall, hit rate, MRR and NDCG of each case, place by place."""
    rows = []
    for items, wanted in zip(ranked, answers, strict=True):
        places = [place for place, item in enumerate(items[:k], start=1) if item in wanted]
        gain = sum(1 / math.log2(1 + place) for place in places)
        ideal = sum(1 / math.log2(1 + place) for place in range(1, min(k, len(wanted)) + 1))
        rows.append((len(places) / len(wanted), float(bool(places)), 1 / places[0] if places else 0.0, gain / ideal))
    return rows


@st.composite
def lists_and_answers(draw: st.DrawFn) -> tuple[list[list[int]], list[set[int]]]:
    width = draw(st.integers(1, 6))
    cases = draw(st.integers(1, 5))
    ranked = [draw(st.permutations(range(8)))[:width] for _ in range(cases)]
    lengths = [draw(st.integers(0, width)) for _ in range(cases)]
    ranked = [items[:length] + [-1] * (width - length) for items, length in zip(ranked, lengths, strict=True)]
    # 8 and above: items that no list holds.
    return ranked, [draw(st.sets(st.integers(0, 11), min_size=1, max_size=7)) for _ in range(cases)]


@settings(max_examples=150, deadline=None)
@given(lists_and_answers(), st.integers(1, 8))
def test_they_agree_with_their_definitions(given_: tuple[list[list[int]], list[set[int]]], k: int) -> None:
    ranked, answers = given_
    counts = np.array([len(wanted) for wanted in answers])
    rows = np.repeat(np.arange(len(answers)), counts)
    codes = np.array([item if item < 8 else -1 for wanted in answers for item in sorted(wanted)])
    hits = found(np.array(ranked), rows, codes)
    fast = np.stack(
        [recall_at_k(hits, counts, k), hit_rate_at_k(hits, k), mrr_at_k(hits, k), ndcg_at_k(hits, counts, k)], axis=1
    )
    np.testing.assert_allclose(fast, np.array(slow(ranked, answers, k)))
