"""What the command line shows: tables on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

__all__ = ["err", "out", "print_json", "printable", "progress", "writable"]

#: Tables and results. Colour only where rich finds a terminal.
out = Console(highlight=False, soft_wrap=True)
#: Progress, notes and errors.
err = Console(stderr=True, highlight=False, soft_wrap=True)


def progress(**options: Any) -> Progress:
    """A progress display for long work, on standard error; it goes away when done, and stays silent off a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
        **options,
    )


def printable(text: str) -> str:
    """Text from outside made safe for a terminal: control characters (escape sequences start with one) become �."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def print_json(value: Any) -> None:
    """One JSON document on standard output, for ``--json``."""
    click.echo(writable(json.dumps(value, indent=2, ensure_ascii=False)))


def writable(document: str) -> str:
    """A JSON document that UTF-8 can hold: names of files need not be text, and their odd bytes become escapes."""
    return document.encode("utf-8", "backslashreplace").decode()
