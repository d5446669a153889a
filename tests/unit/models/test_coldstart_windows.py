"""The pairs that the triplet method draws from sessions."""

from __future__ import annotations

import numpy as np
import pytest

from models.coldstart.triplet import Windows
from models.sessions import encoded
from sessionrank.errors import DataError

IDS = [f"p{n}" for n in range(40)]


def places(window: int, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Pairs from two sessions, p0 … p19 and p20 … p39, with products in between that have no vector."""
    sessions = encoded([[sku for n in range(20) for sku in (f"p{n}", "unknown")], IDS[20:]])
    return Windows.of(sessions, IDS, window).pairs(n, np.random.default_rng(1))


def test_pairs_stand_within_the_window_of_one_session() -> None:
    positives, anchors = places(3)
    assert set(np.abs(positives - anchors).tolist()) <= {0, 1, 2, 3}
    assert ((positives < 20) == (anchors < 20)).all(), "not across sessions"
    inside = (positives % 20 >= 3) & (positives % 20 < 17)
    steps, counts = np.unique((anchors - positives)[inside], return_counts=True)
    assert steps.tolist() == [-3, -2, -1, 1, 2, 3]
    assert counts.min() > 0.8 * counts.max(), "each place of the window as often"


def test_at_an_end_of_a_session_an_item_stands_for_itself() -> None:
    positives, anchors = places(1)
    assert set(anchors[positives == 0].tolist()) == {0, 1}
    assert set(anchors[positives == 20].tolist()) == {20, 21}
    assert set(anchors[positives == 39].tolist()) == {38, 39}


def test_popular_items_are_drawn_more_often_but_not_as_much_as_they_are_popular() -> None:
    windows = Windows.of(encoded([["p0"] * 90 + ["p1"] * 10]), ["p0", "p1"], 2)
    positives, _ = windows.pairs(50_000, np.random.default_rng(2))
    # √90 to √10 are 3 to 1.
    assert np.mean(positives == 0) == pytest.approx(0.75, abs=0.01)


def test_sessions_of_other_products_are_a_data_error() -> None:
    for sessions in ([], [["x", "y"]]):
        with pytest.raises(DataError, match="no product that has both"):
            Windows.of(encoded(sessions), ["p0"], 2)
