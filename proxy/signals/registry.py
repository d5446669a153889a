"""All signals, by the name that strategies ask for."""

from __future__ import annotations

from .base import Signal
from .cosine import CosineSignal
from .covisit import CovisitSignal
from .rank import RankSignal
from .score import ScoreSignal
from .seen import SeenSignal

__all__ = ["SIGNALS"]

SIGNALS: dict[str, type[Signal]] = {
    "cosine": CosineSignal,
    "covisit": CovisitSignal,
    "rank": RankSignal,
    "score": ScoreSignal,
    "seen": SeenSignal,
}
