"""The options that say where products' texts stand, for every command that learns from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..coldstart.texts import read_texts

__all__ = ["text_options", "texts_of"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--columns", default="name", show_default=True, help="The columns of the text, with commas between."),
    click.option("--sku-column", default="sku", show_default=True, help="The column of product ids."),
    click.option("--catalogue-encoding", default="utf-8-sig", show_default=True, help="Of the catalogue."),
)


def text_options(command: CommandT) -> CommandT:
    """Give a command the options of :func:`texts_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def texts_of(catalogue: Path, *, columns: str, sku_column: str, catalogue_encoding: str) -> dict[str, str]:
    """Text by sku; errors as in :func:`..coldstart.texts.read_texts`."""
    named = [column.strip() for column in columns.split(",") if column.strip()]
    return read_texts(catalogue, columns=named, sku_column=sku_column, encoding=catalogue_encoding)
