"""The file of a run: all that a stranger needs to repeat it, and all that came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .draws import Material
from .figures import RESAMPLES, difference
from .machine import machine
from .run import Measured

__all__ = ["FORMAT_VERSION", "run_document"]

FORMAT_VERSION = 1


def run_document(
    material: Material, measured: Sequence[Measured], ks: Sequence[int], origins: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole run as one JSON object.

    Args:
        origins: where the data comes from: ``data`` and, where there is one, ``holdout``.
    """
    train = material.train
    return {
        "format": "sessionrank evaluation",
        "format_version": FORMAT_VERSION,
        **origins,
        "protocol": material.protocol.describe(),
        "seeds": list(material.seeds),
        "parts": list(material.drawn),
        "ks": list(ks),
        "intervals": {"level": 0.95, "resampled": "sessions", "resamples": RESAMPLES, "coverage": "jackknife"},
        "train": {"sessions": len(train), "items": len(train.items), "events": train.events},
        "cases": _cases(material),
        "machine": machine(),
        "algorithms": [_said(one, measured[0], material, ks) for one in measured],
    }


def _said(one: Measured, first: Measured, material: Material, ks: Sequence[int]) -> dict[str, Any]:
    said: dict[str, Any] = one.said
    if one is not first:
        for part, figures in said["parts"].items():
            figures["against_first"] = difference(one.values, first.values, material.weights(part), ks)
    return said


def _cases(material: Material) -> dict[str, Any]:
    """What is asked: how many cases, and how many of their answers are repeats."""
    cases = material.cases
    pairs = list(zip(cases.prefixes, cases.answers, strict=True))
    known = set(material.train.items)
    return {
        "possible": material.possible,
        "all": len(cases),
        "answers": sum(map(len, cases.answers)),
        "unknown_answers": sum(known.isdisjoint(wanted) for wanted in cases.answers),
        "answers_equal_query": sum(prefix[-1] in wanted for prefix, wanted in pairs if prefix),
        "answers_in_prefix": sum(len(set(prefix) & set(wanted)) for prefix, wanted in pairs),
        "left_out": dict(cases.left_out),
    }
