"""``sessionrank index vectors``: vectors for somebody else's index."""

from __future__ import annotations

import time
from pathlib import Path

import click

from sessionrank.console import out, print_json, progress
from sessionrank.releases import new_release
from sessionrank.settings import read_settings
from sessionrank.vectors import VectorsFile

from ..foreign import publish_vectors
from ..indices import check_alias
from ..settings import IndexerSettings
from .options import json_option, store_of

__all__ = ["vectors"]

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

    The vectors are written first; then a pointer in the store moves in one step. The release before is kept for
    `sessionrank index rollback --index NAME`.
    """
    started = time.monotonic()
    settings = read_settings(IndexerSettings)
    check_alias(foreign_index, foreign=True)
    content = VectorsFile.load(file)
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
