"""Metrics of ranks, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from proxy.evaluation.metrics import found_rank, hit_rate, ndcg, reciprocal_rank

RANKS = np.array([1, 2, 4, 10, 11, 0])


def test_the_reciprocal_rank_of_what_was_not_found_is_nothing() -> None:
    assert reciprocal_rank(RANKS).tolist() == [1.0, 0.5, 0.25, 0.1, 1 / 11, 0.0]


def test_ndcg_discounts_by_the_logarithm_and_ends_behind_k() -> None:
    assert ndcg(RANKS, 10).tolist() == pytest.approx(
        [1.0, 1 / math.log2(3), 1 / math.log2(5), 1 / math.log2(11), 0.0, 0.0]
    )
    assert ndcg(RANKS, 1).tolist() == [1.0, 0, 0, 0, 0, 0]


def test_a_hit_is_one_among_the_first_k() -> None:
    assert hit_rate(RANKS, 10).tolist() == [1, 1, 1, 1, 0, 0]
    assert hit_rate(RANKS, 11).tolist() == [1, 1, 1, 1, 1, 0]


def test_what_was_not_found_has_no_rank() -> None:
    assert found_rank(RANKS)[:5].tolist() == [1, 2, 4, 10, 11]
    assert np.isnan(found_rank(RANKS)[5])
