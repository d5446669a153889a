"""Where popularity comes from, by the option of ``index load`` that chose it; at most one may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sessionrank.errors import ConfigurationError

from .base import Popularity
from .column import from_column
from .counts import decayed_counts, from_counts
from .orders import OrderColumns, purchases
from .seeded import from_seed
from .sessions import views

__all__ = ["DEFAULT_COLUMN", "SOURCES", "PopularityOptions", "choose"]

#: A catalogue's own column of this name counts where no source is chosen.
DEFAULT_COLUMN = "popularity"


@dataclass(frozen=True)
class PopularityOptions:
    """The options of ``index load`` that say where popularity comes from."""

    popularity_column: str | None = None
    orders: Path | None = None
    sessions: Path | None = None
    random_popularity: int | None = None
    half_life: float | None = None
    order_columns: OrderColumns = field(default_factory=OrderColumns)
    orders_encoding: str = "utf-8-sig"
    #: Order lines that could not be read, by reason; filled while reading.
    skipped: Counter[str] = field(default_factory=Counter)


def _column(options: PopularityOptions) -> Popularity:
    return from_column(options.popularity_column or DEFAULT_COLUMN)


def _orders(options: PopularityOptions) -> Popularity:
    assert options.orders is not None  # noqa: S101 - chosen by it
    lines = purchases(
        options.orders,
        options.order_columns,
        need_time=options.half_life is not None,
        encoding=options.orders_encoding,
        skipped=options.skipped,
    )
    return from_counts(decayed_counts(lines, half_life=options.half_life))


def _sessions(options: PopularityOptions) -> Popularity:
    assert options.sessions is not None  # noqa: S101 - chosen by it
    return from_counts(decayed_counts(views(options.sessions, encoding=options.orders_encoding)))


def _random(options: PopularityOptions) -> Popularity:
    assert options.random_popularity is not None  # noqa: S101 - chosen by it
    return from_seed(options.random_popularity)


SOURCES: dict[str, Callable[[PopularityOptions], Popularity]] = {
    "orders": _orders,
    "popularity_column": _column,
    "random_popularity": _random,
    "sessions": _sessions,
}


def choose(options: PopularityOptions) -> Popularity:
    """The popularity that the options ask for; files are read here, whole.

    Raises:
        ConfigurationError: two sources at once, or a half-life without orders.
        DataError: an order or session file cannot be used.
    """
    chosen = [name for name in SOURCES if getattr(options, name) is not None]
    if len(chosen) > 1:
        flags = " and ".join("--" + name.replace("_", "-") for name in chosen)
        raise ConfigurationError(f"{flags}: popularity can have one source only")
    if options.half_life is not None and chosen != ["orders"]:
        raise ConfigurationError("--half-life needs --orders: only orders have a time")
    return SOURCES[chosen[0] if chosen else "popularity_column"](options)
