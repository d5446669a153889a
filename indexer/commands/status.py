"""``sessionrank index status``: which releases there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from sessionrank.console import out, print_json, printable
from sessionrank.errors import DataError, StoreError
from sessionrank.settings import read_settings

from .. import indices
from ..figures import as_record, gain, order
from ..indices import OwnIndex
from ..release_store import SIGNALS, ReleaseStore
from ..settings import IndexerSettings
from .options import alias_option, engine_of, index_option, json_option, store_of

__all__ = ["status"]

#: Characters that each column of the table needs for its longest word; all fit into 80.
_NARROWEST = (20, len("published"), 9, 9, 8, len("2026-01-01"))

_EPILOG = """\b
Examples:
  sessionrank index status
  sessionrank index status --alias shop --json
  sessionrank index status --index products
"""


@click.command(epilog=_EPILOG)
@alias_option
@index_option
@json_option
def status(alias: str, foreign_index: str | None, as_json: bool) -> None:
    """Show the releases of an alias, the oldest first: documents, vectors, covisits, and which one is served.

    Beneath stands how each orders its hits, and what that was worth when it was measured.
    """
    settings = read_settings(IndexerSettings)
    if foreign_index is not None:
        indices.check_alias(foreign_index, foreign=True)
        with store_of(settings) as store:
            releases = _foreign(store, foreign_index)
        head: dict[str, Any] = {"index": foreign_index}
    else:
        indices.check_alias(alias)
        with engine_of(settings) as engine:
            indices.served_by(engine, alias)
            own = indices.own_indices(engine, alias)
            head = {"alias": alias, "engine": str(engine.info)}
        releases, head["store"] = _own(settings, own)
    if as_json:
        print_json({**head, "releases": releases})
        return
    if not releases:
        out.print(f"No release of {foreign_index or alias}; make one with `sessionrank index load`", markup=False)
        return
    out.print(_table(releases))
    for line in filter(None, map(_order, releases)):
        out.print(line, markup=False)
    if head.get("store") not in (None, "ok"):
        out.print(f"The store: {head['store']}", markup=False)


def _own(settings: IndexerSettings, own: Iterable[OwnIndex]) -> tuple[list[dict[str, Any]], str]:
    """One record a release, and whether the store could be asked for the vectors."""
    store, said = None, "ok"
    try:
        if settings.redis_url.startswith("memory:"):
            said = "memory:// is not shared"
        else:
            store = ReleaseStore.connect(settings.redis_url)
    except StoreError as error:
        said = str(error)
    try:
        return [_own_record(index, store) for index in own], said
    finally:
        if store is not None:
            store.close()


def _own_record(index: OwnIndex, store: ReleaseStore | None) -> dict[str, Any]:
    state = "served" if index.served else "published before" if "served" in index.meta else "not published"
    return {
        "release": index.release,
        "index": index.name,
        "state": state,
        "served": index.served,
        "documents": index.documents,
        **_in_store(store, index.release, wanted=index.has_signals),
        "created": index.created,
    }


def _in_store(store: ReleaseStore | None, release: str, *, wanted: bool) -> dict[str, Any]:
    """What the store has of a release, whether that is all (None: cannot be told), and how its hits are ordered."""
    unknown = None if store is None and wanted else 0
    told: dict[str, Any] = {"vectors": unknown, "dimensions": None, "vectors_whole": None if unknown is None else True}
    told |= {"covisits": unknown, "covisits_whole": told["vectors_whole"], "ranking": None, "ranking_error": None}
    if store is None:
        return told
    record = store.record(release)
    if record is not None:
        told["dimensions"] = record.get("dimensions")
        for signal, (_, field) in SIGNALS.items():
            told[signal] = store.stored(record, signal)
            told[f"{signal}_whole"] = record["complete"] and told[signal] == record[field]
        if record.get("covisits_meta") is None:
            # The support of the items alone, which stands where covisits would.
            told["covisits"] = 0
    elif wanted:
        told |= {"vectors_whole": False, "covisits_whole": False}
    try:
        told["ranking"] = as_record(store.ranking(release))
    except DataError as error:
        told["ranking_error"] = str(error)
    return told


def _foreign(store: ReleaseStore, index: str) -> list[dict[str, Any]]:
    pointer = store.pointer(index)
    records = [r for r in store.records() if r.get("foreign") and r.get("index") == index]
    return [
        {
            "release": record["release"],
            "index": index,
            "state": _foreign_state(record, pointer),
            "served": record["release"] == pointer,
            "documents": None,
            **_in_store(store, record["release"], wanted=True),
            "created": record.get("created"),
        }
        for record in sorted(records, key=lambda record: (str(record.get("created")), record["release"]))
    ]


def _foreign_state(record: dict[str, Any], pointer: str | None) -> str:
    if record["release"] == pointer:
        return "served"
    return "published before" if record.get("served") else "not published"


def _table(releases: list[dict[str, Any]]) -> Table:
    table = Table(
        "release", "state", "documents", "vectors", "covisits", "created", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for column, narrowest in zip(table.columns, _NARROWEST, strict=True):
        # Where the terminal is narrow, cells wrap between words; nothing is cut off.
        column.overflow, column.min_width = "fold", max(len(str(column.header)), narrowest)
    # Releases stay whole for copying.
    table.columns[0].no_wrap, table.columns[0].min_width = True, max(len(each["release"]) for each in releases)
    for release in releases:
        documents = "" if release["documents"] is None else f"{release['documents']:,}"
        counts = (_count(release, signal) for signal in SIGNALS)
        created = str(release["created"] or "")[:19].replace("T", " ")
        style = "bold" if release["served"] else None
        table.add_row(release["release"], release["state"], documents, *counts, created, style=style)
    return table


def _count(release: dict[str, Any], signal: str) -> str:
    count = "?" if release[signal] is None else f"{release[signal]:,}"
    return count + (" (not all)" if release[f"{signal}_whole"] is False else "")


def _order(release: dict[str, Any]) -> str | None:
    """A line on how a release orders its hits; None for one that has nothing to order them by."""
    if release["ranking_error"] is not None:
        said = f"cautious defaults, the store has {printable(release['ranking_error'])}"
    elif release["ranking"] is not None:
        said = f"{order(release['ranking'])}, {gain(release['ranking']) or 'not measured'}"
    elif release["vectors"] or release["covisits"]:
        said = "cautious defaults, not measured"
    else:
        return None
    return f"Order of {release['release']}: {said}"
