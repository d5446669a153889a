"""Options that several commands of ``sessionrank index`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from sessionrank.console import err, printable
from sessionrank.upstream import upstream_access

from ..engines.base import Engine
from ..engines.registry import connect
from ..release_store import ReleaseStore
from ..settings import IndexerSettings
from ..signal_files import MIN_SUPPORT

__all__ = [
    "DEFAULT_ALIAS",
    "alias_option",
    "covisit_option",
    "engine_of",
    "index_option",
    "json_option",
    "min_support_option",
    "note",
    "store_of",
]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

DEFAULT_ALIAS = "catalog"

alias_option = click.option(
    "--alias", default=DEFAULT_ALIAS, show_default=True, metavar="NAME", help="The index name that clients search."
)
index_option = click.option(
    "--index",
    "foreign_index",
    metavar="NAME",
    help="An index that sessionrank did not load, whose vectors `sessionrank index vectors` published.",
)
covisit_option = click.option(
    "--covisit", type=click.Path(path_type=Path), metavar="C.npz", help="Covisits from `model train covisit`."
)
min_support_option = click.option(
    "--min-support",
    type=click.IntRange(0),
    default=MIN_SUPPORT,
    show_default=True,
    metavar="N",
    help="Leave out vectors of items that training saw less often; 0 takes all.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")


def note(text: str) -> None:
    """A remark for the user, on standard error."""
    err.print(f"Note: {printable(text)}", markup=False)


@contextmanager
def engine_of(settings: IndexerSettings) -> Iterator[Engine]:
    """The engine of the settings, closed in the end."""
    engine = connect(settings.upstream, access=upstream_access(settings), timeout=settings.index_timeout_s)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def store_of(settings: IndexerSettings) -> Iterator[ReleaseStore]:
    """The store of the settings, closed in the end."""
    store = ReleaseStore.connect(settings.redis_url)
    try:
        yield store
    finally:
        store.close()
