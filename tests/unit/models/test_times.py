"""Times of events: epochs of any unit, ISO 8601, and what is neither."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models.readers.times import seconds_of_values

#: 2023-11-14 22:13:20 UTC.
MOMENT = 1_700_000_000


@pytest.mark.parametrize(
    "value",
    [
        MOMENT,
        float(MOMENT),
        str(MOMENT),
        f" {MOMENT}.0 ",
        MOMENT * 10**3,
        MOMENT * 10**6,
        MOMENT * 10**9,
        "2023-11-14T22:13:20Z",
        "2023-11-14 22:13:20",
        "2023-11-14 22:13:20 UTC",
        "2023-11-14T23:13:20+01:00",
        "2023-11-14T17:43:20-0430",
        "2023-11-15T00:13:20+02",
        "2023-11-14T22:13:20.000Z",
    ],
)
def test_one_moment_in_many_forms(value: Any) -> None:
    assert seconds_of_values([value]).tolist() == [MOMENT]


def test_parts_of_seconds_and_early_times_are_kept() -> None:
    found = seconds_of_values(
        [
            "2023-11-14T22:13:20.123456789Z",
            "2023-11-14T22:13:20,5",
            "1970-01-01",
            "1969-12-31T23:59",
            0,
            -60,
            10**11 - 1,
        ]
    )
    assert found.tolist() == pytest.approx([MOMENT + 0.123456789, MOMENT + 0.5, 0, -60, 0, -60, 10**11 - 1])
    assert seconds_of_values([10**11]).tolist() == [10**8]


@pytest.mark.parametrize(
    "value",
    ["", "noon", "14.11.2023", "2023-13-01", "2023-11-14T25:00", "nan", "inf", None, True, [], {}, 10**400, "9" * 65],
)
def test_what_is_no_time_is_not_a_number(value: Any) -> None:
    assert math.isnan(seconds_of_values([value])[0])


def test_digits_of_other_scripts_are_no_iso_date() -> None:
    assert math.isnan(seconds_of_values(["２０２３-11-14"])[0])
