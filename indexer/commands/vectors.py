"""``sessionrank index vectors``: vectors and covisits for somebody else's index."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from sessionrank.console import out, print_json, progress
from sessionrank.errors import ConfigurationError
from sessionrank.releases import new_release
from sessionrank.settings import read_settings

from ..engines.base import Engine, EngineRefusal
from ..foreign import publish_vectors
from ..indices import check_alias, check_foreign, holds_any
from ..settings import IndexerSettings
from ..signal_files import SignalFiles, read_signals
from .options import covisit_option, engine_of, json_option, min_support_option, note, store_of

__all__ = ["vectors"]

#: Ids that are looked for in the index.
_SAMPLE = 200

_EPILOG = """\b
Examples:
  sessionrank index vectors vectors.npz --index products
  sessionrank index vectors vectors.npz --covisit covisit.npz --index products
  sessionrank index rollback --index products
"""


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="[V.npz]", required=False, type=click.Path(path_type=Path))
@covisit_option
@min_support_option
@click.option(
    "--index", "foreign_index", required=True, metavar="NAME", help="The index, by the name of its hits' _index."
)
@json_option
def vectors(file: Path | None, covisit: Path | None, min_support: int, foreign_index: str, as_json: bool) -> None:
    """Publish the vectors in V.npz, covisits, or both, for an index that sessionrank did not load.

    The index itself is not touched. NAME must be there, as an index or an alias. All is written first; then a pointer
    in the store moves in one step. The release before is kept for `sessionrank index rollback --index NAME`.
    """
    started = time.monotonic()
    settings = read_settings(IndexerSettings)
    check_alias(foreign_index, foreign=True)
    if file is None and covisit is None:
        raise ConfigurationError("give a vectors file, --covisit, or both; see `sessionrank index vectors --help`")
    files = read_signals(file, covisit, min_support=min_support, note=note)
    with engine_of(settings) as engine:
        check_foreign(engine, foreign_index)
        remark = _note_on_ids(engine, foreign_index, files)
    if remark is not None:
        note(remark)
    with store_of(settings) as store, progress() as bars:
        task = bars.add_task("Vectors, covisits", total=files.items)
        record = publish_vectors(
            store,
            foreign_index,
            files,
            release=new_release(),
            advance=lambda n: bars.advance(task, n),
        )
    shown = {name: record[name] for name in ("release", "index", "previous", "count", "dimensions", "covisits")}
    shown["covisits"] = 0 if files.covisits is None else shown["covisits"]
    shown["vectors_left_out"] = files.left_out
    shown["seconds"] = round(time.monotonic() - started, 2)
    print_json(shown) if as_json else out.print(_sentence(shown), markup=False)


def _sentence(shown: dict[str, Any]) -> str:
    parts = []
    if shown["count"]:
        parts.append(f"{shown['count']:,} vectors of {shown['dimensions']} dimensions")
    if shown["covisits"]:
        parts.append(f"covisits of {shown['covisits']:,} items")
    release = f"release {shown['release']}, after {shown['seconds']:.1f} s"
    left_out = shown["vectors_left_out"]
    behind = f"; {left_out:,} vectors left out, see --min-support" if left_out else ""
    return f"{' and '.join(parts)} serve {shown['index']} as {release}{behind}"


def _note_on_ids(engine: Engine, index: str, files: SignalFiles) -> str | None:
    """What to tell when none of a sample of the ids is an ``_id``: a mistake, unless ids stand in another field."""
    ids = next(file.ids for file in (files.vectors, files.covisits) if file is not None)
    sample = [str(each) for each in ids[:: -(-ids.size // _SAMPLE)]]
    try:
        if holds_any(engine, index, sample):
            return None
    except EngineRefusal:
        return None  # An index that may not be searched now (closed, say) is no reason to publish nothing.
    return (
        f"none of {len(sample)} ids tried is the _id of a document in {index}; "
        f"set SESSIONRANK_ITEM_ID for the proxy when product ids stand in another field"
    )
