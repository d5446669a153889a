"""``sessionrank index status``: which releases there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
from ..release_store import SIGNALS, ReleaseStore, WrongKey
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
            releases, said = _foreign(store, foreign_index)
        head: dict[str, Any] = {"index": foreign_index, "store": said}
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
    if releases:
        out.print(_table(releases))
    else:
        made = "make one with `sessionrank index load`, or name its --alias"
        out.print(f"No release of {foreign_index or alias}; {made}", markup=False)
    for line in _lines(releases, head["store"]):
        out.print(line, markup=False)


def _lines(releases: list[dict[str, Any]], store: str) -> Iterator[str]:
    """What stands beneath the table."""
    yield from filter(None, map(_order, releases))
    for release in releases:
        yield from (f"Release {release['release']}: {printable(error)}" for error in release["store_errors"])
    if store != "ok":
        yield f"The store: {printable(store)}"


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
    told |= {f"{name}{which}": told[f"vectors{which}"] for name in ("lengths", "covisits") for which in ("", "_whole")}
    told |= {"ranking": None, "ranking_error": None}
    wrong: list[str] = []
    told["store_errors"] = wrong
    if store is None:
        return told
    record = None
    with _noted(wrong):
        record = store.record(release)
    if record is not None:
        told |= _counts(store, record, wrong)
    elif wanted:
        told |= dict.fromkeys(SIGNALS) if wrong else {}
        told |= {f"{signal}_whole": False for signal in SIGNALS}
    try:
        with _noted(wrong):
            told["ranking"] = as_record(store.ranking(release))
    except DataError as error:
        told["ranking_error"] = str(error)
    return told


def _counts(store: ReleaseStore, record: dict[str, Any], wrong: list[str]) -> dict[str, Any]:
    """What the store has of each signal; None where its key holds something else."""
    told: dict[str, Any] = {"dimensions": record.get("dimensions")}
    for signal, (_, field) in SIGNALS.items():
        told[signal] = None
        with _noted(wrong):
            told[signal] = store.stored(record, signal)
        told[f"{signal}_whole"] = record["complete"] and told[signal] == record[field]
    if record.get("covisits_meta") is None and told["covisits"] is not None:
        # The reliability of the items alone, which stands where covisits would.
        told["covisits"] = 0
    return told


@contextmanager
def _noted(wrong: list[str]) -> Iterator[None]:
    """A key that is not what it should be is noted; all else can be told nevertheless."""
    try:
        yield
    except WrongKey as error:
        wrong.append(str(error))


def _foreign(store: ReleaseStore, index: str) -> tuple[list[dict[str, Any]], str]:
    """One record a release, and what is wrong with keys that belong to none of them."""
    wrong: list[str] = []
    pointer = None
    with _noted(wrong):
        pointer = store.pointer(index)
    everybodys = store.records(on_wrong=lambda error: wrong.append(str(error)))
    records = [r for r in everybodys if r.get("foreign") and r.get("index") == index]
    releases = [
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
    return releases, "; ".join(wrong) or "ok"


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
        counts = (_count(release, signal) for signal in ("vectors", "covisits"))
        created = str(release["created"] or "")[:19].replace("T", " ")
        style = "bold" if release["served"] else None
        table.add_row(release["release"], release["state"], documents, *counts, created, style=style)
    return table


def _count(release: dict[str, Any], signal: str) -> str:
    count = "?" if release[signal] is None else f"{release[signal]:,}"
    return count + (" (not all)" if release[f"{signal}_whole"] is False else "")


def _order(release: dict[str, Any]) -> str | None:
    """A line on how a release orders its hits; None where there is nothing to order them by, or nobody knows."""
    if release["ranking_error"] is not None:
        said = f"cautious defaults, the store has {printable(release['ranking_error'])}"
    elif release["ranking"] is not None:
        said = f"{order(release['ranking'])}, {gain(release['ranking']) or 'not measured'}"
    elif (release["vectors"] or release["covisits"]) and not release["store_errors"]:
        said = "cautious defaults, not measured"
    else:
        return None
    return f"Order of {release['release']}: {said}"
