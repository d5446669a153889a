"""``sessionrank index status``: which releases there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from rich.table import Table

from sessionrank.console import out, print_json
from sessionrank.errors import StoreError
from sessionrank.settings import read_settings

from .. import indices
from ..indices import OwnIndex
from ..settings import IndexerSettings
from ..vectors_store import VectorStore
from .options import alias_option, engine_of, index_option, json_option, store_of

__all__ = ["status"]

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
    """Show the releases of an alias, the oldest first: documents, vectors, and which one is served."""
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
    if head.get("store") not in (None, "ok"):
        out.print(f"The store: {head['store']}", markup=False)


def _own(settings: IndexerSettings, own: Iterable[OwnIndex]) -> tuple[list[dict[str, Any]], str]:
    """One record a release, and whether the store could be asked for the vectors."""
    store, said = None, "ok"
    try:
        if settings.redis_url.startswith("memory:"):
            said = "memory:// is not shared"
        else:
            store = VectorStore.connect(settings.redis_url)
    except StoreError as error:
        said = str(error)
    try:
        return [_own_record(index, store) for index in own], said
    finally:
        if store is not None:
            store.close()


def _own_record(index: OwnIndex, store: VectorStore | None) -> dict[str, Any]:
    wanted = index.meta.get("dimensions") is not None
    state = "served" if index.served else "published before" if "served" in index.meta else "not published"
    return {
        "release": index.release,
        "index": index.name,
        "state": state,
        "served": index.served,
        "documents": index.documents,
        **_vectors(store, index.release, wanted=wanted),
        "created": index.created,
    }


def _vectors(store: VectorStore | None, release: str, *, wanted: bool) -> dict[str, Any]:
    """How many vectors a release has, their size, and whether they are all there (None: cannot be told)."""
    if not wanted:
        return {"vectors": 0, "dimensions": None, "vectors_whole": True}
    if store is None:
        return {"vectors": None, "dimensions": None, "vectors_whole": None}
    record = store.record(release)
    if record is None:
        return {"vectors": 0, "dimensions": None, "vectors_whole": False}
    return {
        "vectors": store.stored(record),
        "dimensions": record.get("dimensions"),
        "vectors_whole": store.whole(release),
    }


def _foreign(store: VectorStore, index: str) -> list[dict[str, Any]]:
    pointer = store.pointer(index)
    records = [r for r in store.records() if r.get("foreign") and r.get("index") == index]
    return [
        {
            "release": record["release"],
            "index": index,
            "state": _foreign_state(record, pointer),
            "served": record["release"] == pointer,
            "documents": None,
            **_vectors(store, record["release"], wanted=True),
            "created": record.get("created"),
        }
        for record in sorted(records, key=lambda record: (str(record.get("created")), record["release"]))
    ]


def _foreign_state(record: dict[str, Any], pointer: str | None) -> str:
    if record["release"] == pointer:
        return "served"
    return "published before" if record.get("served") else "not published"


def _table(releases: list[dict[str, Any]]) -> Table:
    table = Table("release", "state", "documents", "vectors", "created")
    for column in table.columns:
        # Where the terminal is narrow, cells wrap; nothing is cut off, and releases stay whole for copying.
        column.overflow, column.min_width = "fold", len(str(column.header))
    table.columns[0].no_wrap, table.columns[0].min_width = True, max(len(each["release"]) for each in releases)
    for release in releases:
        vectors = "?" if release["vectors"] is None else f"{release['vectors']:,}"
        if release["vectors_whole"] is False:
            vectors += " (not all)"
        documents = "" if release["documents"] is None else f"{release['documents']:,}"
        created = str(release["created"] or "")[:19].replace("T", " ")
        style = "bold" if release["served"] else None
        table.add_row(release["release"], release["state"], documents, vectors, created, style=style)
    return table
