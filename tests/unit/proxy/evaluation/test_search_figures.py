"""Means, differences and slices by hand; and whose cases are resampled together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.evaluation import figures
from proxy.evaluation.figures import FEWEST_VISITORS, Columns, Sampler, compared, is_harmed, slices_of, summary


def sampler(ids: list[str], seed: int = 1) -> Sampler:
    return Sampler(ids, resamples=400, seed=seed)


def columns(count: int, **changes: Any) -> Columns:
    given: dict[str, Any] = {
        "lengths": [1] * count,
        "popular": [None] * count,
        "totals": [None] * count,
        "inside": [True] * count,
    }
    return Columns(**{**given, **changes})


def test_a_summary_is_the_mean_over_cases_however_they_are_spread_over_visitors() -> None:
    ranks = np.array([1, 2, 4, 0])
    for ids in (["", "", "", ""], ["a", "a", "a", "b"]):
        found = summary(sampler(ids), ranks)
        assert found["mrr"]["mean"] == pytest.approx((1 + 0.5 + 0.25) / 4)
        assert found["hit_rate@10"]["mean"] == pytest.approx(3 / 4)
        assert found["mean_rank"]["mean"] == pytest.approx(7 / 3)


def test_of_few_visitors_no_interval_is_told_though_their_cases_be_many() -> None:
    ids = [str(number % (FEWEST_VISITORS - 1)) for number in range(500)]
    found = summary(sampler(ids), np.ones(500))
    assert found["mrr"] == {"mean": 1.0, "low": None, "high": None}
    assert summary(sampler([*ids, "one more"]), np.ones(501))["mrr"] == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_what_one_visitor_does_often_says_no_more_than_what_he_does_once() -> None:
    """Twenty visitors who always or never find it: with each case repeated ten times nothing is known better."""
    ranks = np.array([1] * 10 + [0] * 10)
    once = summary(sampler([f"v{number}" for number in range(20)]), ranks)["mrr"]
    often = summary(sampler([f"v{number % 20}" for number in range(200)]), np.tile(ranks, 10))["mrr"]
    alone = summary(sampler([""] * 200), np.tile(ranks, 10))["mrr"]
    assert often == pytest.approx(once)
    assert alone["high"] - alone["low"] < 0.5 * (often["high"] - often["low"])  # type: ignore[operator]


def test_an_order_is_compared_case_by_case() -> None:
    plain, order = np.array([2, 4, 1, 0] * 5), np.array([1, 2, 2, 0] * 5)
    found = compared(sampler([""] * 20), plain, order, columns(20))
    assert found["metrics"]["mrr"]["mean"] == pytest.approx((1 + 0.5 + 0.5) / 4)
    assert found["difference"]["mrr"]["mean"] == pytest.approx((0.5 + 0.25 - 0.5) / 4)
    assert found["ratio"]["mean"] == pytest.approx(2.0 / 1.75)
    assert {name: found["sign"][name] for name in ("better", "worse", "equal")} == {
        "better": 10,
        "worse": 5,
        "equal": 5,
    }
    # 15 coins, at most 5 heads, both tails of it.
    assert found["sign"]["p"] == pytest.approx(2 * (1 + 15 + 105 + 455 + 1365 + 3003) / 2**15)
    # Where neither finds it there is no rank to compare.
    assert found["difference"]["mean_rank"]["mean"] == pytest.approx((-1 - 2 + 1) / 3)


def test_equal_orders_differ_by_nothing_and_nothing_finds_nothing() -> None:
    ranks = np.array([3, 1, 0] * 10)
    same = compared(sampler([""] * 30), ranks, ranks, columns(30))
    assert same["difference"]["mrr"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert same["ratio"]["mean"] == 1.0
    nothing = compared(sampler([""] * 30), np.zeros(30), np.zeros(30), columns(30))
    assert nothing["ratio"] == {"mean": None, "low": None, "high": None}


def test_an_order_that_is_worse_in_one_part_alone_is_said_to_be_harmful_there() -> None:
    plain = np.array([1] * 30 + [10] * 60)
    order = np.array([5] * 30 + [1] * 60)
    found = compared(sampler([""] * 90), plain, order, columns(90, popular=[True] * 30 + [False] * 60))
    assert found["difference"]["mrr"]["low"] > 0
    harmed = {(part["by"], part["part"]): part["harmed"] for part in found["slices"]}
    assert harmed["clicked product", "popular"] is True
    assert harmed["clicked product", "rare"] is False
    assert harmed["session length", "1"] is False
    (popular,) = [part for part in found["slices"] if part["part"] == "popular"]
    assert (popular["cases"], popular["mrr_plain"], popular["mrr"]) == (30, 1.0, pytest.approx(0.2))
    assert {name: popular["sign"][name] for name in ("better", "worse", "equal")} == {
        "better": 0,
        "worse": 30,
        "equal": 0,
    }


def test_a_difference_that_may_be_nothing_is_no_harm() -> None:
    assert not is_harmed({"mean": -0.1, "low": -0.2, "high": 0.01})
    assert not is_harmed({"mean": -0.1, "low": None, "high": None})
    assert is_harmed({"mean": -0.1, "low": -0.2, "high": -0.01})


def test_slices_hold_each_case_once_and_leave_out_what_nobody_is_in() -> None:
    found = columns(
        6,
        lengths=[0, 1, 4, 5, 10, 99],
        popular=[True, False, None, None, None, None],
        totals=[100, 101, None, None, None, None],
        inside=[True, True, True, True, True, False],
    )
    parts = {(by, name): np.flatnonzero(mask).tolist() for by, name, mask in slices_of(found)}
    assert parts == {
        ("session length", "0"): [0],
        ("session length", "1"): [1],
        ("session length", "2-4"): [2],
        ("session length", "5-9"): [3],
        ("session length", "10 or more"): [4, 5],
        ("clicked product", "popular"): [0],
        ("clicked product", "rare"): [1],
        ("hits of the query", "more than 100"): [1],
        ("hits of the query", "at most 100"): [0],
        ("clicked hit", "in the window"): [0, 1, 2, 3, 4],
        ("clicked hit", "beyond it"): [5],
    }
    assert not any(by == "clicked product" for by, _, _ in slices_of(columns(3)))


def test_equal_seeds_give_equal_intervals() -> None:
    ranks = np.random.default_rng(1).integers(0, 10, 50)
    assert summary(sampler([""] * 50), ranks) == summary(sampler([""] * 50), ranks)
    assert summary(sampler([""] * 50), ranks) != summary(sampler([""] * 50, seed=2), ranks)


def test_figures_are_the_same_however_many_are_resampled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).random((40, 7))
    values[:20, 3] = np.nan
    whole = sampler([""] * 40).means(values)
    monkeypatch.setattr(figures, "_AT_ONCE", 170)
    parts = sampler([""] * 40).means(values)
    assert np.allclose(whole[0], parts[0])
    assert np.allclose(whole[1], parts[1])
