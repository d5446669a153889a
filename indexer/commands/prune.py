"""``sessionrank index prune``: old releases and left-overs go."""

from __future__ import annotations

from typing import Any

import click

from sessionrank.console import err, out, print_json
from sessionrank.errors import StoreError
from sessionrank.settings import read_settings

from .. import indices
from ..engines.base import Engine
from ..moments import now
from ..pruning import Pruning, decide, decide_foreign
from ..release_store import ReleaseStore
from ..settings import IndexerSettings
from .options import alias_option, engine_of, index_option, json_option, store_of

__all__ = ["prune"]

_EPILOG = """\b
Examples:
  sessionrank index prune
  sessionrank index prune --keep 3 --dry-run
  sessionrank index prune --index products
"""


@click.command(epilog=_EPILOG)
@alias_option
@index_option
@click.option("--keep", type=click.IntRange(0), default=1, show_default=True, help="Earlier releases to keep.")
@click.option(
    "--min-age",
    type=click.FloatRange(0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="A load that was never published goes after so long without a sign of life.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@json_option
def prune(alias: str, foreign_index: str | None, keep: int, min_age: float, dry_run: bool, as_json: bool) -> None:
    """Remove old releases and what loads that died have left behind, from the engine and the store.

    The served release and the one before it stay (see --keep). A running load writes a sign of life every 15 seconds
    and is left alone. Only what sessionrank itself made is ever removed.
    """
    settings = read_settings(IndexerSettings)
    if foreign_index is not None:
        indices.check_alias(foreign_index, foreign=True)
        with store_of(settings) as store:
            pruning = _prune_foreign(store, foreign_index, keep=keep, min_age=min_age, dry_run=dry_run)
    else:
        indices.check_alias(alias)
        with engine_of(settings) as engine:
            pruning = _prune_own(settings, engine, alias, keep=keep, min_age=min_age, dry_run=dry_run)
    _report(pruning, dry_run=dry_run, as_json=as_json)


def _prune_own(
    settings: IndexerSettings, engine: Engine, alias: str, *, keep: int, min_age: float, dry_run: bool
) -> Pruning:
    store = _store_if_any(settings)
    try:
        # The records first: whatever has one had its index before it, so a load that begins now is not torn apart.
        records = [] if store is None else store.records()
        pruning = decide(
            indices.own_indices(engine, alias),
            records,
            alias=alias,
            cluster=indices.cluster_id(engine),
            keep=keep,
            min_age=min_age,
            at=now(),
        )
        if not dry_run:
            # The index before its keys: the other way a release without vectors could be rolled back to.
            for index in pruning.indices:
                indices.delete(engine, index)
            if store is not None:
                for release in _of_store(store, pruning):
                    store.delete(release)
        return pruning
    finally:
        if store is not None:
            store.close()


def _of_store(store: ReleaseStore, pruning: Pruning) -> set[str]:
    """Releases that go from the store; those without a record may have been measured since, or given a model."""
    unrecorded = {index.release for index in pruning.indices if store.record(index.release) is None}
    return unrecorded.union(pruning.releases)


def _store_if_any(settings: IndexerSettings) -> ReleaseStore | None:
    """The store; None, with a note, when there is none: a catalogue may well be loaded without vectors."""
    if settings.redis_url.startswith("memory:"):
        return None
    try:
        return ReleaseStore.connect(settings.redis_url)
    except StoreError as error:
        err.print(f"Note: only indices are looked at: {error}", markup=False)
        return None


def _prune_foreign(store: ReleaseStore, index: str, *, keep: int, min_age: float, dry_run: bool) -> Pruning:
    pointer = store.pointer(index)
    pruning = decide_foreign(store.records(), index=index, pointer=pointer, keep=keep, min_age=min_age, at=now())
    for release in () if dry_run else pruning.releases:
        store.delete(release)
    return pruning


def _report(pruning: Pruning, *, dry_run: bool, as_json: bool) -> None:
    record: dict[str, Any] = {
        "indices": [index.name for index in pruning.indices],
        "vectors": list(pruning.releases),
        "running": list(pruning.running),
        "removed": not dry_run,
    }
    if as_json:
        print_json(record)
        return
    verb = "Would remove" if dry_run else "Removed"
    for kind in ("indices", "vectors"):
        out.print(f"{verb} {len(record[kind])} {kind}" + "".join(f"\n  {name}" for name in record[kind]))
    for release in pruning.running:
        out.print(f"Left alone: {release}, whose load seems to run (see --min-age)")
