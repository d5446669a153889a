"""Catalogue formats by the suffix of the file; ``.gz`` behind it unpacks."""

from __future__ import annotations

from pathlib import Path

from sessionrank.errors import ConfigurationError, DataError
from sessionrank.textfile import suffix_of

from .base import Catalogue
from .csv import CsvCatalogue
from .jsonl import JsonLinesCatalogue
from .tsv import TsvCatalogue

__all__ = ["FORMATS", "open_catalogue"]

FORMATS: dict[str, type[Catalogue]] = {
    ".csv": CsvCatalogue,
    ".jsonl": JsonLinesCatalogue,
    ".tsv": TsvCatalogue,
}


def open_catalogue(path: Path, *, encoding: str = "utf-8-sig") -> Catalogue:
    """The catalogue in the format that the file's name says.

    Raises:
        DataError: no format has this suffix.
        ConfigurationError: Python knows no such encoding.
    """
    try:
        "".encode(encoding)
    except LookupError as error:
        raise ConfigurationError(f"--encoding {encoding}: no such encoding") from error
    suffix = suffix_of(path)
    if suffix not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise DataError(f"{path}: a catalogue's name must end in one of {known}, each also with .gz behind it")
    return FORMATS[suffix](path, encoding=encoding)
