"""``sessionrank index rollback``: the release before serves again."""

from __future__ import annotations

from typing import Any

import click

from sessionrank.console import out, print_json
from sessionrank.settings import read_settings

from ..foreign import rollback_vectors
from ..indices import check_alias
from ..publish import rollback as run_rollback
from ..settings import IndexerSettings
from .options import alias_option, engine_of, index_option, json_option, store_of

__all__ = ["rollback"]

_EPILOG = """\b
Examples:
  sessionrank index rollback
  sessionrank index rollback --alias shop --to 20260131120000k3x9ab
  sessionrank index rollback --index products
"""


@click.command(epilog=_EPILOG)
@alias_option
@index_option
@click.option("--to", metavar="RELEASE", help="This release instead of the one before the served one.")
@json_option
def rollback(alias: str, foreign_index: str | None, to: str | None, as_json: bool) -> None:
    """Go back to the release that was published before, in one step.

    Refused when that release's vectors are no longer all in the store.
    """
    settings = read_settings(IndexerSettings)
    record: dict[str, Any]
    if foreign_index is not None:
        check_alias(foreign_index, foreign=True)
        with store_of(settings) as store:
            record = rollback_vectors(store, foreign_index, to=to)
    else:
        check_alias(alias)
        with engine_of(settings) as engine:
            record = run_rollback(engine, settings.redis_url, alias, to=to)
    if as_json:
        print_json(record)
    else:
        out.print(
            f"{record.get('alias') or record['index']} is served by {record['to']} again, not by {record['from']}"
        )
