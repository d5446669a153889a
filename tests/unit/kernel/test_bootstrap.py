"""Intervals that cover what they should, and what is resampled; the sign test by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.metrics import coverage_at_k, sole_items_at_k
from sessionrank.bootstrap import interval, jackknife_interval, resampled_means, sign_test, weighted_means


def bounds(values: np.ndarray, weights: np.ndarray, **options: int) -> tuple[float, float]:
    low, high = interval(resampled_means(values[:, None], weights, **options))
    return float(low[0]), float(high[0])


def test_of_means_of_coin_tosses_the_interval_is_the_one_of_the_textbook() -> None:
    """p = 0.25, n = 1000: 0.25 ± 1.96 · √(p (1 - p) / n) = 0.25 ± 0.0268."""
    tosses = np.repeat([1.0, 0.0], [250, 750])
    low, high = bounds(tosses, np.ones(1000), resamples=4000)
    assert low == pytest.approx(0.25 - 0.0268, abs=0.003)
    assert high == pytest.approx(0.25 + 0.0268, abs=0.003)


def test_nineteen_in_twenty_intervals_cover_the_truth() -> None:
    chance = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        sample = (chance.random(300) < 0.3).astype(float)
        low, high = bounds(sample, np.ones(300), resamples=300, seed=trial)
        covered += low <= 0.3 <= high
    assert 180 <= covered <= 199


def test_further_draws_of_the_same_sessions_do_not_shrink_the_interval_to_nothing() -> None:
    """A draw of all sessions says the same however often it is drawn; draws taken for independent would say more."""
    chance = np.random.default_rng(2)
    values = (chance.random(400) < 0.5).astype(float)
    once = bounds(values, np.full(400, 1 / 400), seed=3)
    often = bounds(values, np.mean([np.full(400, 1 / 400)] * 50, axis=0), seed=3)
    assert once == pytest.approx(often)
    assert once[1] - once[0] > 0.08


def test_the_mean_over_draws_is_the_weighted_mean_over_sessions() -> None:
    chance = np.random.default_rng(4)
    values = chance.random(50)
    draws = [chance.choice(50, 20, replace=False) for _ in range(7)]
    weights = np.zeros(50)
    for draw in draws:
        weights[draw] += 1 / 20 / 7
    assert weighted_means(values[:, None], weights)[0] == pytest.approx(
        np.mean([values[draw].mean() for draw in draws])
    )


def test_equal_seeds_give_equal_samples_whatever_the_size_of_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).random((30, 2))
    whole = resampled_means(values, np.ones(30), resamples=50, seed=6)
    monkeypatch.setattr("sessionrank.bootstrap._CHUNK", 7 * 30)
    assert np.allclose(whole, resampled_means(values, np.ones(30), resamples=50, seed=6))
    assert not np.allclose(whole, resampled_means(values, np.ones(30), resamples=50, seed=7))


def test_columns_share_their_samples_so_a_difference_of_equals_is_nothing() -> None:
    values = np.random.default_rng(7).random(40)
    resampled = resampled_means(np.stack([values, values + 1], axis=1), np.ones(40), resamples=20)
    assert np.allclose(resampled[:, 1] - resampled[:, 0], 1)


def test_values_that_are_not_there_are_not_counted_as_nothing() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    assert weighted_means(values, np.ones(3))[0] == 2
    assert np.isnan(weighted_means(values, np.ones(3))[1])
    assert set(resampled_means(values, np.array([1.0, 0, 1.0]), resamples=200)[:, 0].tolist()) & {1.0} == {1.0}
    assert np.isnan(interval(resampled_means(values[:, 1:], np.ones(3)))[0]).all()


def test_no_session_gives_no_interval() -> None:
    assert np.isnan(interval(resampled_means(np.empty((0, 2)), np.empty(0)))[0]).all()


def test_the_jackknife_covers_the_spread_of_coverage_over_fresh_sessions() -> None:
    """A bootstrap would put its whole interval below the figure itself."""
    chance = np.random.default_rng(8)
    likely = chance.dirichlet(np.ones(300))

    def lists() -> np.ndarray:
        return np.stack([chance.choice(300, 5, replace=False, p=likely) for _ in range(200)])

    fresh = [coverage_at_k(lists(), 5, 300) for _ in range(60)]
    widths, covered = [], 0
    for ranked in (lists() for _ in range(40)):
        low, high = jackknife_interval(coverage_at_k(ranked, 5, 300), sole_items_at_k(ranked, 5) / 300)
        widths.append((high - low) / 2 / 1.96)
        covered += low <= np.mean(fresh) <= high
    assert covered >= 35
    assert np.mean(widths) == pytest.approx(np.std(fresh), rel=0.5)


def test_one_session_has_no_spread() -> None:
    assert jackknife_interval(0.5, np.array([0.5])) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("better", "worse", "chance"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),  # 2 · 1/2
        (5, 0, 2 / 32),
        (8, 2, 2 * (1 + 10 + 45) / 1024),
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (3, 3, 1.0),
        (3, 2, 1.0),
    ],
)
def test_the_sign_test_is_the_binomial_one_worked_by_hand(better: int, worse: int, chance: float) -> None:
    assert sign_test(better, worse) == pytest.approx(chance)


def test_the_sign_test_of_many_cases_is_that_of_whole_numbers() -> None:
    exact = 2 * sum(math.comb(1500, k) for k in range(701)) / 2**1500
    assert sign_test(800, 700) == pytest.approx(exact, rel=1e-9)
    # Beyond what a float can hold, it ends at nothing, at once.
    assert sign_test(1_000_000, 10) == 0.0
    assert 0.04 < sign_test(500_980, 499_020) < 0.06
