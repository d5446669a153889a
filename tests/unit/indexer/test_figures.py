"""Rankings in words."""

from __future__ import annotations

from typing import Any

import pytest

from indexer.figures import as_record, gain, order
from sessionrank.ranking import NOTHING_HELPS, Ranking

MEASURED = {"cases": 1750, "mrr_plain": 0.2251, "mrr": 0.4361, "difference": 0.211, "low": 0.19, "high": 0.233}


def record(**measured: Any) -> dict[str, Any]:
    found = as_record(Ranking("mix", {"cosine": 0.3, "seen": -1.0}, measured))
    assert found is not None
    return found


def test_a_ranking_is_told_with_its_weights_and_what_it_is_worth() -> None:
    assert order(record()) == "mix (cosine 0.3, seen -1)"
    assert gain(record(**MEASURED)) == "MRR 0.225 → 0.436 (+0.211, +0.190 to +0.233) in 1,750 searches"


def test_where_nothing_helps_nothing_is_weighted() -> None:
    assert order(as_record(NOTHING_HELPS) or {}) == "none"
    assert gain(as_record(NOTHING_HELPS) or {}) is None
    assert as_record(None) is None


def test_what_was_not_measured_is_left_out() -> None:
    assert gain(record(mrr_plain=0.5, mrr=0.25)) == "MRR 0.500 → 0.250 (-0.250)"
    assert gain(record(mrr_plain=0.5, mrr=0.25, low=0.1)) == "MRR 0.500 → 0.250 (-0.250)"


def test_that_there_were_too_few_searches_is_told() -> None:
    assert gain(record(too_few=1040)) == "cautious defaults, for 1,040 searches are too few to measure"


@pytest.mark.parametrize("odd", ["0.5", None, True, float("nan"), float("inf"), 10**400, [1], {}])
def test_figures_that_are_none_are_left_out(odd: Any) -> None:
    assert gain(record(**MEASURED | {"mrr": odd})) is None
    assert gain(record(**MEASURED | {"difference": odd, "low": odd, "cases": odd})) == "MRR 0.225 → 0.436 (+0.211)"


def test_a_name_from_the_store_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in order(as_record(Ranking("mix\x1b[2J", {"a\x1b": 1.0})) or {})
