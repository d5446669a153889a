"""Lengths of time as people write them."""

from __future__ import annotations

import pytest

from models.tuning.duration import seconds_of
from sessionrank.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "seconds"), [("45m", 2700), ("1h", 3600), ("1h30m", 5400), ("90s", 90), ("90", 90), (" 2H5s ", 7205)]
)
def test_hours_minutes_and_seconds_are_understood(text: str, seconds: int) -> None:
    assert seconds_of("--time-budget", text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0m", "-5m", "1.5h", "30m1h", "fast", "9" * 40])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--time-budget .* not a length of time such as 45m"):
        seconds_of("--time-budget", text)
