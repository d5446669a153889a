"""What the indexer reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from sessionrank.settings import ConnectionSettings, setting

__all__ = ["IndexerSettings"]


def _positive(value: float) -> None:
    if not 0 < value <= 3600:
        raise ValueError("must be more than 0 and at most 3600 seconds")


@dataclass(frozen=True, kw_only=True)
class IndexerSettings(ConnectionSettings):
    """Where the engine and the store are, and how long one call to the engine may take."""

    index_timeout_s: float = setting(
        60.0,
        "Seconds that the indexer waits for the engine's answer to one call.",
        check=_positive,
    )
