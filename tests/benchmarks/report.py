"""From measured rounds to ratios, beside their targets. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from .rounds import Measured

__all__ = ["Check", "as_json", "checks", "tables"]

Rounds = Mapping[str, Sequence[Measured]]
Stages = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Check:
    """One measured number beside its target: the median over the rounds."""

    name: str
    value: float
    unit: str
    #: "≤" or "≥".
    relation: str
    target: float
    #: Of all rounds, lowest and highest.
    low: float
    high: float

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.value <= self.target if self.relation == "≤" else self.value >= self.target


def checks(rounds: Rounds, stages: Stages) -> list[Check]:
    """What the design promises; each ratio is taken within a round, then the median over the rounds."""
    cpu = {name: [one.cpu for one in measured] for name, measured in rounds.items()}
    p50 = {name: [one.p50 for one in measured] for name, measured in rounds.items()}
    personalised, passed = cpu["personalised"], cpu["pass-through"]
    added = [ours - direct for ours, direct in zip(p50["personalised"], p50["engine, wrapped body"], strict=True)]
    return [
        _check("CPU, personalised / bare view", _ratios(personalised, cpu["bare view"]), "×", "≤", 1.0),
        _check("CPU, pass-through / bare forward", _ratios(passed, cpu["bare forward"]), "×", "≤", 0.8),
        _check("added latency, personalised, p50", added, "ms", "≤", 1.5),
        _check("re-rank stage / one HMGET", _ratios(stages["stage"], stages["HMGET"]), "×", "≤", 1.5),
        _check("re-rank stage, mix / one HMGET", _ratios(stages["stage, mix"], stages["HMGET"]), "×", "≤", 3),
        _check("naive loop / re-rank stage", _ratios(stages["naive loop"], stages["stage"]), "×", "≥", 50),
    ]


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def _check(name: str, values: Sequence[float], unit: str, relation: str, target: float) -> Check:
    return Check(name, statistics.median(values), unit, relation, target, min(values), max(values))


def _medians(rounds: Rounds, base: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row for each way: medians over the rounds, and what it adds to the engine's own time."""
    rows = []
    for name, measured in rounds.items():
        row: dict[str, Any] = {"way": name}
        for key in ("p50", "p99", "cpu"):
            row[key] = statistics.median(getattr(one, key) for one in measured)
        if name in base:
            direct = rounds[base[name]]
            for key in ("p50", "p99"):
                pairs = zip(measured, direct, strict=True)
                row[f"added_{key}"] = statistics.median(getattr(a, key) - getattr(b, key) for a, b in pairs)
        rows.append(row)
    return rows


def as_json(rounds: Rounds, stages: Stages, base: Mapping[str, str], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything for ``--json``; times are milliseconds."""
    return {
        **about,
        "ways": _medians(rounds, base),
        "stage": {name: statistics.median(values) for name, values in stages.items()},
        "targets": [
            {
                "name": check.name,
                "value": round(check.value, 3),
                "low": round(check.low, 3),
                "high": round(check.high, 3),
                "unit": check.unit,
                "target": f"{check.relation} {check.target:g}",
                "met": check.met,
            }
            for check in checks(rounds, stages)
        ],
    }


def tables(rounds: Rounds, stages: Stages, base: Mapping[str, str]) -> list[Table]:
    """The same for people."""
    return [_ways_table(rounds, base), _stages_table(stages), _targets_table(checks(rounds, stages))]


def _ways_table(rounds: Rounds, base: Mapping[str, str]) -> Table:
    table = Table(title="Searches over one connection, ms", title_justify="left")
    table.add_column("way", no_wrap=True)
    for head in ("p50", "p99", "added p50", "added p99", "CPU"):
        table.add_column(head, justify="right")
    for row in _medians(rounds, base):
        numbers = (row["p50"], row["p99"], row.get("added_p50"), row.get("added_p99"), row["cpu"] or None)
        table.add_row(row["way"], *("" if number is None else f"{number:.3f}" for number in numbers))
    return table


def _stages_table(stages: Stages) -> Table:
    table = Table(title="Re-ranking 100 hits, ms", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("median", justify="right")
    for name, values in stages.items():
        table.add_row(name, f"{statistics.median(values):.3f}")
    return table


def _targets_table(found: Sequence[Check]) -> Table:
    table = Table(title="Targets, medians of the rounds", title_justify="left")
    table.add_column("what", no_wrap=True)
    for head in ("measured", "rounds", "target", ""):
        table.add_column(head, justify="right")
    for check in found:
        table.add_row(
            check.name,
            f"{check.value:.2f} {check.unit}",
            f"{check.low:.2f} to {check.high:.2f}",
            f"{check.relation} {check.target:g} {check.unit}",
            "met" if check.met else "missed",
        )
    return table
