"""All signals, by the name that strategies ask for."""

from __future__ import annotations

from .base import Signal
from .cosine import CosineSignal

__all__ = ["SIGNALS"]

SIGNALS: dict[str, type[Signal]] = {
    "cosine": CosineSignal,
}
