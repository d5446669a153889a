"""The benchmark runs to its end on a few requests; what it measures is for people to judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.report import checks
from tests.benchmarks.rounds import Measured
from tests.support.stack import TestStack


@pytest.mark.benchmark
def test_the_benchmark_reports_every_way_stage_and_target_as_json(stack: TestStack) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench", "--rounds", "2", "--requests", "20", "--warm-up", "5"]
    done = subprocess.run(
        [*command, "--json"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **stack.environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    report = json.loads(done.stdout)
    assert [row["way"] for row in report["ways"]] == [
        *("engine, wrapped body", "personalised", "bare view"),
        *("engine, own body", "pass-through", "bare forward"),
    ]
    assert all(row["p99"] >= row["p50"] > 0 for row in report["ways"])
    assert all((row["cpu"] > 0) == ("added_p50" in row) for row in report["ways"])
    assert set(report["stage"]) == {"stage", "stage, mix", "HMGET", "naive loop"}
    assert len(report["targets"]) == 6


def test_a_ratio_is_taken_within_a_round_and_the_median_over_the_rounds() -> None:
    def way(*cpu: float) -> list[Measured]:
        return [Measured(1.0, 2.0, one) for one in cpu]

    rounds = {
        "engine, wrapped body": way(0, 0, 0),
        "personalised": way(1.0, 4.0, 9.0),
        "bare view": way(1.0, 2.0, 10.0),
        "pass-through": way(1.0, 1.0, 1.0),
        "bare forward": way(1.0, 2.0, 4.0),
    }
    stages = {
        "stage": [1.0, 1.0, 1.0],
        "stage, mix": [3.0, 2.0, 5.0],
        "HMGET": [1.0, 1.0, 2.0],
        "naive loop": [60.0, 70.0, 10.0],
    }
    found = checks(rounds, stages)
    assert [check.value for check in found] == [1.0, 0.5, 0.0, 1.0, 2.5, 60.0]
    assert [check.met for check in found] == [True] * 6
    assert (found[0].low, found[0].high) == (0.9, 2.0)


def test_a_target_that_is_not_reached_is_said_to_be_missed() -> None:
    one = [Measured(10.0, 20.0, 2.0)]
    names = ("personalised", "bare view", "pass-through", "bare forward")
    rounds = dict.fromkeys(names, one) | {"engine, wrapped body": [Measured(8.0, 9.0, 0.0)]}
    stages = {"stage": [1.0], "stage, mix": [1.6], "HMGET": [0.5], "naive loop": [49.0]}
    assert [check.met for check in checks(rounds, stages)] == [True, False, False, False, False, False]
