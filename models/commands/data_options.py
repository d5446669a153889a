"""The options that say how DATA is read, for every command that reads sessions, and the reading itself."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import click

from sessionrank.console import err, printable
from sessionrank.errors import DataError

from ..readers.base import Reader, SessionData
from ..readers.guess import guess_reader
from ..readers.registry import READERS, make_reader

__all__ = ["data_options", "read_data", "take_reader"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

#: By the name of the parameter, in the order of the help text. ``None`` keeps the reader's own default.
_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "reader": click.option(
        "--reader", help=f"Format: {', '.join(sorted(READERS))}.  [default: told from the file's name and first line]"
    ),
    "group_by": click.option("--group-by", help="online-retail: customer or invoice.  [default: customer]"),
    "encoding": click.option("--encoding", help="Of text.  [default: utf-8; online-retail: iso-8859-1]"),
    "min_length": click.option("--min-length", type=int, help="Leave out sessions with fewer items.  [default: 3]"),
    "max_length": click.option(
        "--max-length", type=int, help="… with more; 0 for no limit.  [default: 199; online-retail: 0]"
    ),
}


def data_options(*, without: Collection[str] = ()) -> Callable[[CommandT], CommandT]:
    """Give a command the options of reading; they arrive as keyword arguments, for :func:`take_reader`.

    Args:
        without: parameters that the command uses for something else.
    """

    def decorate(command: CommandT) -> CommandT:
        for name in reversed(_OPTIONS):
            if name not in without:
                command = _OPTIONS[name](command)
        return command

    return decorate


def take_reader(data: Path, options: dict[str, Any]) -> Reader:
    """The reader that ``options`` describe for the file ``data``; its options are taken out, others stay.

    Raises:
        ConfigurationError: there is no such reader, it has no such option, or a value cannot work.
    """
    given = {name: options.pop(name, None) for name in _OPTIONS}
    return make_reader(given.pop("reader") or guess_reader(data), **given)


def read_data(data: Path, reader: Reader) -> tuple[SessionData, dict[str, Any]]:
    """Read ``data``, say on standard error what was left out, and tell the origin for the files made from it.

    Returns:
        (what was read, origin: name, sha256, reader with its options, sessions, items, events)

    Raises:
        DataError: the file is missing, is not what the format says, or leaves no session.
    """
    read = reader.read(data)
    for reason, count in read.dropped.items():
        err.print(f"Left out: {count} {printable(reason)}", markup=False)
    origin: dict[str, Any] = {
        "name": data.name,
        "sha256": _sha256(data),
        "reader": {"class": type(reader).__name__, **dataclasses.asdict(reader)},
        "sessions": len(read.sessions),
        "items": read.items,
        "events": read.sessions.events,
    }
    return read, origin


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()
