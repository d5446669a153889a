"""``sessionrank model export``: a vectors file as the two files that the Embedding Projector takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from sessionrank.console import err, printable, progress
from sessionrank.vectors import VectorsFile
from sessionrank.writing import replacing

from ..catalogue import read_catalogue
from ..projector import meta_lines, vector_lines
from ..targets import check_folder, check_targets

__all__ = ["export"]


@click.command()
@click.argument("vectors", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write into.")
@click.option("--catalogue", type=click.Path(path_type=Path), help="CSV, TSV or JSONL with sku and any columns.")
def export(vectors: Path, out: Path, catalogue: Path | None) -> None:
    """Write VECTORS as vectors.tsv and meta.tsv, to be loaded at https://projector.tensorflow.org.

    Each line of meta.tsv tells of the vector in the same line of vectors.tsv: its id, and with a catalogue a header,
    the name first, all columns, and how often training saw the item.

    \b
    Examples:
      sessionrank model export vectors.npz --out projector
      sessionrank model export vectors.npz --out projector --catalogue catalogue.csv
    """
    check_folder("--out", out)
    numbers, texts = out / "vectors.tsv", out / "meta.tsv"
    check_targets(("--out", numbers, ".tsv"), ("--out", texts, ".tsv"), inputs=(vectors, catalogue))
    file = VectorsFile.load(vectors)
    shown = read_catalogue(catalogue, skus=set(file.ids.tolist()), needs=()) if catalogue else None
    # Both are whole before either is replaced.
    with replacing(numbers) as numbers_part, replacing(texts) as texts_part:
        _write(numbers_part, vector_lines(file), "Vectors", file.ids.size)
        _write(texts_part, meta_lines(file, shown), "Texts", file.ids.size)
    err.print(f"{file.ids.size:,} items: {printable(str(numbers))}, {printable(str(texts))}", markup=False)


def _write(path: Path, lines: Iterator[str], what: str, total: int) -> None:
    with progress() as bar, path.open("w", encoding="utf-8", newline="\n") as target:
        target.writelines(bar.track(lines, total=total, description=what))
