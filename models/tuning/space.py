"""Search spaces: what each parameter of an algorithm may be, and the settings that a sweep tries, one after the other.

To make an algorithm tunable, add its space to :data:`SPACES`; parameters that are not named there keep their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sessionrank.errors import ConfigurationError

__all__ = ["SPACES", "Choices", "LogUniform", "Range", "Space", "Steps", "proposals", "space_of"]


@dataclass(frozen=True)
class Steps:
    """``low``, ``low + step``, … up to ``high`` at most; whole numbers where all three are."""

    low: float
    high: float
    step: float

    @property
    def values(self) -> tuple[float, ...]:
        count = int(np.floor((self.high - self.low) / self.step + 1e-9)) + 1
        made = [self.low + self.step * place for place in range(count)]
        # 0.2 three times is 0.6000000000000001: a file of settings should say 0.6.
        return tuple(value if isinstance(value, int) else round(value, 9) for value in made)

    def draw(self, random: np.random.Generator) -> float:
        return self.values[int(random.integers(len(self.values)))]


@dataclass(frozen=True)
class Choices:
    """One of some values, none of them likelier."""

    values: tuple[Any, ...]

    def draw(self, random: np.random.Generator) -> Any:
        return self.values[int(random.integers(len(self.values)))]


@dataclass(frozen=True)
class Range:
    """Any number from ``low`` to ``high``."""

    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float:
        return float(f"{random.uniform(self.low, self.high):.4g}")


@dataclass(frozen=True)
class LogUniform:
    """Any number from ``low`` to ``high``, where each factor of ten is as likely as the next."""

    low: float
    high: float

    def draw(self, random: np.random.Generator) -> float:
        return float(f"{np.exp(random.uniform(np.log(self.low), np.log(self.high))):.4g}")


Space = Mapping[str, Steps | Choices | Range | LogUniform]

_WORD2VEC: Space = {
    "size": Steps(10, 105, 6),
    "window": Steps(1, 21, 3),
    "ns_exponent": Steps(-1.0, 1.0, 0.2),
    "alpha": LogUniform(0.005, 0.3),
    "negative": Steps(1, 21, 3),
    "sg": Choices((0, 1)),
}

_DECAY = Steps(0.0, 0.95, 0.05)
_LAST = Choices((5, 10, 20, 30, 50, 100))

#: Algorithm → what of it is searched. ``epochs`` stands in none: it is what early stopping saves on.
SPACES: dict[str, Space] = {
    "als": {
        "size": Steps(16, 128, 16),
        "regularization": LogUniform(0.01, 100.0),
        "confidence": LogUniform(1.0, 100.0),
        "decay": _DECAY,
    },
    "association-rules": {"both": Choices((0, 1)), "decay": _DECAY, "longest": Choices((50, 100, 200, 500, 10_000))},
    "bpr": {
        "size": Steps(16, 128, 16),
        "alpha": LogUniform(0.005, 0.3),
        "regularization": LogUniform(0.0001, 0.1),
        "popularity": Steps(0.0, 2.0, 0.25),
        "decay": _DECAY,
    },
    "covisit": {
        "steps": Steps(1, 30, 1),
        "back": Steps(0.0, 1.0, 0.05),
        "neighbours": Choices((50, 100, 200, 500, 1000)),
        "decay": _DECAY,
        "last": _LAST,
    },
    "factors": {
        "size": Steps(16, 128, 16),
        "negative": Choices((128, 256, 512, 1024)),
        "ns_exponent": Steps(0.0, 1.0, 0.1),
        "alpha": LogUniform(0.03, 1.0),
        "window": Steps(1, 19, 3),
        "dropout": Steps(0.0, 0.7, 0.1),
        "decay": _DECAY,
    },
    "fasttext": _WORD2VEC,
    "item-knn": {
        "neighbours": Choices((50, 100, 200, 500, 1000)),
        "size_exponent": Steps(0.0, 2.0, 0.1),
        "damping": Steps(0.0, 1.0, 0.05),
        "decay": _DECAY,
        "last": _LAST,
    },
    "sequential-rules": {
        "steps": Steps(1, 30, 1),
        "back": Steps(0.0, 1.0, 0.05),
        "decay": _DECAY,
        "last": _LAST,
    },
    "vsknn": {
        "neighbours": Choices((25, 50, 100, 200, 500, 1000)),
        "decay": _DECAY,
        "last": _LAST,
    },
    "word2vec": _WORD2VEC,
}


def space_of(algorithm: str, fixed: Mapping[str, Any]) -> Space:
    """The space of ``algorithm`` without the parameters that are ``fixed``.

    Raises:
        ConfigurationError: the algorithm has no space, or nothing of it is left.
    """
    if algorithm not in SPACES:
        raise ConfigurationError(
            f"{algorithm} has no search space; those that can be tuned are {', '.join(sorted(SPACES))}"
        )
    left = {name: values for name, values in SPACES[algorithm].items() if name not in fixed}
    if not left:
        raise ConfigurationError(f"every parameter of {algorithm} that could be tuned is fixed; leave one open")
    return left


def proposals(space: Space, defaults: Mapping[str, Any], *, count: int, seed: int) -> list[dict[str, Any]]:
    """Up to ``count`` different settings: the ``defaults`` first, then drawn at random.

    Equal spaces and seeds give equal settings in equal order, and a longer list starts with the shorter one. Fewer
    than ``count`` come back where the space is too small to find more.
    """
    random = np.random.default_rng(seed)
    first = {name: defaults[name] for name in space}
    found = {tuple(first.values()): first}
    # In a small space most draws repeat: after so many in vain there is hardly anything left.
    in_vain = 0
    while len(found) < count and in_vain < 1000:
        drawn = {name: values.draw(random) for name, values in space.items()}
        in_vain = in_vain + 1 if tuple(drawn.values()) in found else 0
        found.setdefault(tuple(drawn.values()), drawn)
    return list(found.values())[:count]
