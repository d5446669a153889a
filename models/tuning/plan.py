"""What a sweep is: what is searched, on what, by which seed, and for how long."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..algorithms.base import Algorithm
from ..protocols.base import Protocol
from .space import Space, proposals
from .trial import Proposal

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    algorithm: Algorithm
    #: Parameters that are the same in all trials.
    fixed: Mapping[str, Any]
    space: Space
    protocol: Protocol
    objective: str
    #: How many at most.
    trials: int
    #: How long at most, where a limit was given.
    seconds: int | None
    grace: int
    factor: float
    seed: int
    folder: Path
    resume: bool
    cpus: int
    ray_address: str | None

    @property
    def proposals(self) -> list[Proposal]:
        settings = proposals(self.space, dataclasses.asdict(self.algorithm), count=self.trials, seed=self.seed)
        name = self.algorithm.name
        return [Proposal(number, name, parameters, self.fixed) for number, parameters in enumerate(settings)]

    def describe(self, origin: Mapping[str, Any], cases: int) -> dict[str, Any]:
        """What makes two sweeps one; budgets and machines are no part of it."""
        return {
            "algorithm": self.algorithm.name,
            "data": {name: origin[name] for name in ("sha256", "reader", "sessions", "items", "events")},
            "seed": self.seed,
            "epochs": self.algorithm.epochs_planned,
            "fixed": dict(self.fixed),
            "space": {name: [type(one).__name__, dataclasses.asdict(one)] for name, one in self.space.items()},
            "protocol": self.protocol.describe(),
            "objective": self.objective,
            "cases": cases,
            "grace": self.grace,
            "factor": self.factor,
        }
