"""Options that several commands of ``sessionrank index`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from sessionrank.upstream import upstream_access

from ..engines.base import Engine
from ..engines.registry import connect
from ..settings import IndexerSettings
from ..vectors_store import VectorStore

__all__ = ["DEFAULT_ALIAS", "alias_option", "engine_of", "index_option", "json_option", "store_of"]

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
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")


@contextmanager
def engine_of(settings: IndexerSettings) -> Iterator[Engine]:
    """The engine of the settings, closed in the end."""
    engine = connect(settings.upstream, access=upstream_access(settings), timeout=settings.index_timeout_s)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def store_of(settings: IndexerSettings) -> Iterator[VectorStore]:
    """The store of the settings, closed in the end."""
    store = VectorStore.connect(settings.redis_url)
    try:
        yield store
    finally:
        store.close()
