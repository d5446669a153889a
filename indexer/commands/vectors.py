"""``sessionrank index vectors``: vectors for somebody else's index."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sessionrank.console import err, out, print_json, progress
from sessionrank.releases import new_release
from sessionrank.settings import read_settings
from sessionrank.vectors import VectorsFile

from ..engines.base import Engine, EngineRefusal
from ..foreign import publish_vectors
from ..indices import check_alias, check_foreign, holds_any
from ..settings import IndexerSettings
from .options import engine_of, json_option, store_of

__all__ = ["vectors"]

#: Ids that are looked for in the index.
_SAMPLE = 200

_EPILOG = """\b
Examples:
  sessionrank index vectors vectors.npz --index products
  sessionrank index rollback --index products
"""


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="V.npz", type=click.Path(path_type=Path))
@click.option(
    "--index", "foreign_index", required=True, metavar="NAME", help="The index, by the name of its hits' _index."
)
@json_option
def vectors(file: Path, foreign_index: str, as_json: bool) -> None:
    """Publish the vectors in V.npz for an index that sessionrank did not load; the index itself is not touched.

    NAME must be there, as an index or an alias. The vectors are written first; then a pointer in the store moves in one
    step. The release before is kept for `sessionrank index rollback --index NAME`.
    """
    started = time.monotonic()
    settings = read_settings(IndexerSettings)
    check_alias(foreign_index, foreign=True)
    content = VectorsFile.load(file)
    with engine_of(settings) as engine:
        check_foreign(engine, foreign_index)
        note = _note_on_ids(engine, foreign_index, content)
    if note is not None:
        err.print(f"Note: {note}", markup=False)
    with store_of(settings) as store, progress() as bars:
        task = bars.add_task("Vectors", total=content.ids.size)
        record = publish_vectors(
            store,
            foreign_index,
            content,
            release=new_release(),
            advance=lambda n: bars.advance(task, n),
        )
    shown = {name: record[name] for name in ("release", "index", "previous", "count", "dimensions")}
    shown["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        print_json(shown)
    else:
        out.print(
            f"{record['count']:,} vectors of {record['dimensions']} dimensions serve {foreign_index} "
            f"as release {record['release']}, after {shown['seconds']:.1f} s"
        )


def _note_on_ids(engine: Engine, index: str, content: VectorsFile) -> str | None:
    """What to tell when none of a sample of the ids is an ``_id``: a mistake, unless ids stand in another field."""
    sample = [str(each) for each in content.ids[:: -(-content.ids.size // _SAMPLE)]]
    try:
        if holds_any(engine, index, sample):
            return None
    except EngineRefusal:
        return None  # An index that may not be searched now (closed, say) is no reason to publish nothing.
    return (
        f"none of {len(sample)} ids tried is the _id of a document in {index}; "
        f"set SESSIONRANK_ITEM_ID for the proxy when product ids stand in another field"
    )
